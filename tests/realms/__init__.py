"""Realms: a token of one meeting server opens nothing of another's, whatever rows say."""
