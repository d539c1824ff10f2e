"""What the stories of this app share."""

from typing import Any

from django.test import Client

from accounts import tokens
from accounts.choices import Role, TokenKind
from accounts.models import User

PASSWORD = "correct horse 9"


def person(name: str = "ann", role: str = Role.USER) -> User:
    return User.objects.create_user(name, password=PASSWORD, role=role)


class Caller:
    """Somebody with a bearer token, or nobody."""

    def __init__(self, text: str = "") -> None:
        self.headers = {"authorization": f"Bearer {text}"} if text else {}
        self.client = Client()

    @classmethod
    def of(cls, user: User, kind: str = TokenKind.API, **options: Any) -> "Caller":
        return cls(tokens.make(user, kind, **options)[1])

    def __call__(self, method: str, where: str, body: object = None, **query: Any) -> Any:
        send = getattr(self.client, method)
        if method == "get":
            return send(f"/api/v1/{where}", query, headers=self.headers)
        return send(f"/api/v1/{where}", body, content_type="application/json", headers=self.headers)
