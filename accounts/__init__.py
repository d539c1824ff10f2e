"""People and what they may do.

Users, groups, tokens, limits, consents and the audit trail that nobody can rewrite.
"""
