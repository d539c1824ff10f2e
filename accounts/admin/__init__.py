"""The admin of people: users, groups, tokens, the audit trail. Everything goes through services."""

from accounts.admin.audit import AuditAdmin
from accounts.admin.people import GroupAdmin, UserAdmin
from accounts.admin.tokens import TokenAdmin

__all__ = ["AuditAdmin", "GroupAdmin", "TokenAdmin", "UserAdmin"]
