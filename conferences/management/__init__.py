"""Commands of conferences: doors for an administrator's shell."""
