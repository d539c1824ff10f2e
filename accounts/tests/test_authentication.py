"""Tokens at the REST door: which pass, which don't, and what each scope reaches."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import tokens
from accounts.choices import Role, Scope, TokenKind
from accounts.models import Token, User
from accounts.permissions import Administrator, Allowed, Member

pytestmark = pytest.mark.django_db
done: list[str] = []


class Open(APIView):
    """Anybody signed in."""

    permission_classes = [Allowed]

    def get(self, request: Request) -> Response:
        return Response({"user": request.user.pk})

    def post(self, request: Request) -> Response:
        done.append("post")
        return Response({})


class ReadByPost(Open):
    scopes = {"POST": Scope.READ}


class Members(Open):
    permission_classes = [Member]


class Managed(Open):
    permission_classes = [Administrator]


class Engines(Open):
    engines = True


urlpatterns = [
    path("open/", Open.as_view()),
    path("ask/", ReadByPost.as_view()),
    path("members/", Members.as_view()),
    path("managed/", Managed.as_view()),
    path("engines/", Engines.as_view()),
]


@pytest.fixture(autouse=True)
def doors(settings):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]
    done.clear()


def person(name: str = "ann", role: str = Role.USER) -> User:
    return User.objects.create_user(name, password="correct horse 9", role=role)


def call(text: str, where: str = "/open/", method: str = "get"):
    return getattr(Client(), method)(where, headers={"authorization": f"Bearer {text}"})


def test_a_token_text_is_readable_and_only_its_digest_is_kept():
    token, text = tokens.make(person(), TokenKind.API, "laptop")
    assert re.fullmatch(r"sai_p_[A-Za-z0-9_-]{43}", text)
    row = Token.objects.values().get(pk=token.pk)
    assert text.startswith(row["prefix"])
    assert len(row["prefix"]) == 12
    assert text not in str(row)


def test_a_good_token_opens_and_notes_its_use_once_a_minute():
    token, text = tokens.make(person(), TokenKind.API)
    assert call(text).json() == {"user": token.user_id}
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    call(text)
    token.refresh_from_db()
    assert token.last_used_at == first
    Token.objects.update(last_used_at=first - timedelta(seconds=61))
    call(text)
    token.refresh_from_db()
    assert token.last_used_at > first


@pytest.mark.parametrize(
    "why", ["unknown", "nonsense", "expired", "revoked", "inactive", "refresh"]
)
def test_a_bad_token_is_refused(why):
    user = person()
    kind = TokenKind.REFRESH if why == "refresh" else TokenKind.API
    token, text = tokens.make(user, kind)
    if why == "unknown":
        text = text[:-4] + ("AAAA" if text[-4:] != "AAAA" else "BBBB")
    elif why == "nonsense":
        text = "x' OR 1=1 --"
    elif why == "expired":
        Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif why == "revoked":
        Token.objects.update(revoked_at=timezone.now())
    elif why == "inactive":
        User.objects.update(is_active=False)
    answer = call(text, method="post")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "token_refused"
    token.refresh_from_db()
    assert token.last_used_at is None
    assert done == []


def test_nobody_gets_401_with_a_way_to_sign_in():
    answer = Client().get("/open/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("scopes", "reads", "writes", "asks", "manages"),
    [
        ([], 200, 200, 200, 200),
        (["read"], 200, 403, 200, 403),
        (["write"], 200, 200, 200, 403),
        (["admin"], 200, 200, 200, 200),
        (["read", "write"], 200, 200, 200, 403),
        (["unheard-of"], 403, 403, 403, 403),
    ],
)
def test_scopes_of_an_administrators_token(scopes, reads, writes, asks, manages):
    _token, text = tokens.make(person(role=Role.ADMIN), TokenKind.API, scopes=scopes)
    assert call(text).status_code == reads
    assert call(text, method="post").status_code == writes
    assert len(done) == (writes == 200)
    assert call(text, "/ask/", "post").status_code == asks
    assert call(text, "/managed/").status_code == manages


@pytest.mark.parametrize(
    ("role", "members", "managed"),
    [(Role.ADMIN, 200, 200), (Role.USER, 200, 403), (Role.GUEST, 403, 403)],
)
def test_roles(role, members, managed):
    _token, text = tokens.make(person(role=role), TokenKind.ACCESS)
    assert call(text, "/members/").status_code == members
    assert call(text, "/managed/").status_code == managed
    _token, text = tokens.make(User.objects.get(), TokenKind.API, scopes=["admin"])
    assert call(text, "/managed/").status_code == managed


def test_an_engine_token_opens_nothing_that_does_not_ask_for_engines():
    for owner in (None, person(role=Role.ADMIN)):
        _token, text = tokens.make(owner, TokenKind.ENGINE, "gpu-1")
        for where in ("/open/", "/ask/", "/members/", "/managed/"):
            answer = call(text, where, "post")
            assert (answer.status_code, answer.json()["code"]) == (403, "engine_token")
        assert done == []
        assert call(text, "/engines/").status_code == 200


def test_resolvers_are_asked_in_turn(settings):
    settings.TOKEN_RESOLVERS = [
        "accounts.tests.test_authentication.never",
        "accounts.tokens.resolve",
    ]
    _token, text = tokens.make(person(), TokenKind.API)
    assert call(text).status_code == 200
    settings.TOKEN_RESOLVERS = ["accounts.tests.test_authentication.never"]
    assert call(text).status_code == 401


def never(text):
    return None
