"""REST of people: signing in, oneself, tokens, users, groups, the audit trail."""
