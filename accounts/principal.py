"""Who is calling with a token, and what that token covers."""

from dataclasses import dataclass
from typing import Any

from accounts.choices import Scope, TokenKind
from accounts.models import User

_COVERS: dict[str, frozenset[str]] = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.WRITE: frozenset({Scope.READ, Scope.WRITE}),
    Scope.ADMIN: frozenset({Scope.READ, Scope.WRITE, Scope.ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The bearer of one token. A session has none: then `request.auth` is None."""

    user: User | None
    """None for what is not a person: an engine."""
    kind: str
    """A TokenKind, or the word of a resolver of an upper floor."""
    scopes: frozenset[str] = frozenset()
    """Empty: all that the user may."""
    token_id: int | None = None
    connection: Any = None
    """What an upper floor's resolver knows about where the token came from."""

    @property
    def is_engine(self) -> bool:
        return self.kind == TokenKind.ENGINE

    def covers(self, scope: str) -> bool:
        """Whether the token reaches as far as `scope`; a wider scope covers the narrower ones."""
        if not self.scopes:
            return True
        return any(scope in _COVERS.get(held, ()) for held in self.scopes)
