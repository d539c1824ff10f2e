"""Commands of recordings: doors for an administrator's shell."""
