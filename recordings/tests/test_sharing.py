"""Rights given to people, groups and links, and taken back."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from common.errors import NotAllowed
from recordings import selectors, services
from recordings.choices import Right
from recordings.models import Access
from recordings.tests import factories
from recordings.tests.doors import URL, body_of, caller

pytestmark = pytest.mark.django_db(transaction=True)


def test_giving_and_taking_rights(api: Client, owner: User, heard: tuple[str, bytes]) -> None:
    url = heard[0].removesuffix("audio/")
    guest, json_ = factories.user("gast", role="guest"), {"content_type": "application/json"}
    theirs = caller(guest)
    assert theirs.get(url).status_code == 404

    given = api.post(f"{url}access/", {"user": guest.pk, "rights": ["edit"]}, **json_)

    assert given.status_code == 201
    assert given.json()["rights"] == ["view", "edit"]
    assert theirs.get(url).status_code == 200
    assert theirs.delete(url).status_code == 403
    assert theirs.get(f"{url}access/").status_code == 403
    listed = api.get(f"{url}access/").json()["results"]
    assert [row["user"]["username"] for row in listed] == ["gast"]

    assert api.delete(f"{url}access/", {"user": "gast"}, **json_).status_code == 204
    assert theirs.get(url).status_code == 404
    assert api.delete(f"{url}access/?user=gast").status_code == 404
    actions = AuditEntry.objects.order_by("pk").values_list("action", "data__user")
    assert list(actions) == [("grant", guest.pk), ("revoke", guest.pk)]


def test_a_link_opens_the_recording_until_it_is_taken_back(
    api: Client, heard: tuple[str, bytes]
) -> None:
    url, json_ = heard[0].removesuffix("audio/"), {"content_type": "application/json"}
    other = factories.recording().pk
    nobody = Client()

    made_ = api.post(f"{url}access/", {"link": True}, **json_).json()
    secret = made_["secret"]

    assert Client().get(urlsplit(made_["url"]).path, follow=True).status_code == 200
    assert nobody.get(f"{url}?link={secret}").status_code == 200
    assert body_of(nobody.get(f"{url}audio/?link={secret}")) == heard[1]
    assert nobody.get(f"{URL}{other}/?link={secret}").status_code == 404
    assert nobody.get(f"{url}?link=guess").status_code == 404
    assert nobody.get(f"{url}?link=%00").status_code == 404
    assert nobody.get(f"{URL}?link={secret}").status_code == 401
    assert nobody.patch(f"{url}?link={secret}", {"title": "x"}, **json_).status_code == 401
    assert secret not in api.get(f"{url}access/").content.decode()
    access = selectors.by_link(secret)
    assert access is not None
    assert api.delete(f"{url}access/?id={access.pk}").status_code == 204
    assert nobody.get(f"{url}?link={secret}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"user": "nobody"}, {"user": 10**30}, {"user": "olga"}, {"group": "none"}, []),
        *({"user": "gast", "link": True}, {"user": "gast", "rights": ["fly"]}, {"user": "a\0b"}),
        {"user": "gast", "expires_at": "2001-01-01T00:00:00Z"},
        {"user": "gast", "expires_at": "soon"},
        {"user": "gast", "rights": "view"},
        {"link": True, "rights": ["delete"]},
        {"user": ["gast"]},
    ],
)
def test_a_wrong_grant_gives_nothing(api: Client, owner: User, body: Any) -> None:
    factories.user("gast")
    url = f"{URL}{factories.recording(owner).pk}/access/"

    for method in (api.post, api.delete):
        answer = method(url, json.dumps(body), content_type="application/json")
        assert answer.status_code in (400, 404)
    assert not Access.objects.exists()
    assert not AuditEntry.objects.exists()


def test_nobody_gives_more_than_he_has(owner: User) -> None:
    recording, friend = factories.recording(owner), factories.user()
    factories.user("third")
    services.grant(recording, by=owner, rights=["share"], to=friend)

    answer = caller(friend).post(
        f"{URL}{recording.pk}/access/",
        {"user": "third", "rights": ["delete"]},
        content_type="application/json",
    )

    assert (answer.status_code, answer.json()["details"]["missing"]) == (403, ["delete"])
    assert Access.objects.count() == 1


def test_nobody_gives_for_longer_than_he_has(owner: User) -> None:
    recording, friend, third = factories.recording(owner), factories.user("f"), factories.user("t")
    end = timezone.now() + timedelta(hours=1)
    services.grant(recording, by=owner, rights=["share"], to=friend, expires_at=end)
    later = end + timedelta(days=1)

    for to, expires_at in ((friend, None), (third, None), (None, None), (third, later)):
        with pytest.raises(NotAllowed, match="longer"):
            services.grant(recording, by=friend, rights=["view"], to=to, expires_at=expires_at)
    assert [row.expires_at for row in Access.objects.all()] == [end]

    services.grant(recording, by=friend, rights=["view"], to=third, expires_at=end)
    services.grant(recording, by=owner, rights=["share"], to=friend)
    services.grant(recording, by=friend, rights=["view"], to=third)


def test_who_may_share_does_not_put_out_who_may_do_more(owner: User) -> None:
    recording, friend, editor = factories.recording(owner), factories.user(), factories.user()
    services.grant(recording, by=owner, rights=["share"], to=friend)
    held = services.grant(recording, by=owner, rights=["edit"], to=editor).access

    with pytest.raises(NotAllowed, match="take"):
        services.grant(recording, by=friend, rights=["view"], to=editor)
    with pytest.raises(NotAllowed, match="take"):
        services.revoke(held, by=friend)

    assert selectors.allowed(editor, recording, Right.EDIT)
    services.revoke(held, by=owner)
    assert not selectors.allowed(editor, recording, Right.VIEW)
