"""The admin of people: users, groups, tokens, the audit trail; and of licences.

Everything goes through services.
"""

from accounts.admin.audit import AuditAdmin
from accounts.admin.licences import LicenceAdmin
from accounts.admin.people import GroupAdmin, UserAdmin
from accounts.admin.tokens import TokenAdmin

__all__ = ["AuditAdmin", "GroupAdmin", "LicenceAdmin", "TokenAdmin", "UserAdmin"]
