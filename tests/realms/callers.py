"""Every kind of token that people of a meeting server can have, and who carries it."""

from django.test import Client

from accounts.choices import Role
from accounts.services import make_token
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.services import people
from recordings.choices import Right
from recordings.tests import factories
from tests.wall_scene import Caller, bearer, session

EVERY = [right.value for right in Right]


JSON = "application/json"


def headers(token: str, domain: str = "") -> dict[str, str]:
    found = {"authorization": f"Bearer {token}"}
    return {**found, "x-tcs-domain": domain} if domain else found


def exchanged(fake: FakeServer, login: str) -> dict[str, str]:
    answer = Client().post(
        "/api/user/v1/auth/from-tcs",
        {"domain": fake.url, "token": fake.token_for(login)},
        content_type=JSON,
    )
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def everybody(fake: FakeServer, server: Connection) -> dict[str, Caller]:
    """Every kind of token that a person or an administrator of the server can have."""
    found: dict[str, Caller] = {}
    for login in ("anna", "olga"):
        pair = exchanged(fake, login)
        user = people.person_of(server, f"{login}@{fake.state.name}")
        direct = fake.token_for(login)
        issued = make_token(
            user, actor=factories.user(f"issuer-{login}", role=Role.ADMIN), label="issued"
        )[1]
        kinds = {
            f"{login}: token of the server": Caller(
                Client(headers=headers(direct, fake.url)), True
            ),
            f"{login}: the same, in one text": Caller(
                Client(headers=headers(f"tcs:{server.host}/{direct}")), True
            ),
            f"{login}: exchanged": Caller(Client(headers=headers(pair["access_token"])), True),
            f"{login}: refresh token": Caller(Client(headers=headers(pair["refresh_token"]))),
            f"{login}: own API token": Caller(bearer(user), True),
            f"{login}: issued by an administrator": Caller(Client(headers=headers(issued)), True),
            f"{login}: cookie": Caller(session(user), True),
        }
        few = ("token of the server", "exchanged", "cookie")
        found |= {who: one for who, one in kinds.items() if login == "anna" or who.endswith(few)}
    found["server-wide token"] = Caller(Client(headers=headers(fake.server_token(), fake.url)))
    found["for the wrong server"] = Caller(
        Client(headers=headers(fake.token_for("anna"), "b.example:1"))
    )
    return found
