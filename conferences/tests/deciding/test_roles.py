"""Rights by role: whose word counts before whose, and that what was given by hand stays."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.choices import Action, Role
from accounts.models import AuditEntry, User
from common.errors import Invalid, NotAllowed, NotFound
from conferences import journey, roles
from conferences.models import Conference, Connection
from conferences.tests.deciding.members import held, join, who, written
from recordings import services
from recordings.choices import Right
from recordings.models import Access, Recording
from recordings.tests import sound

pytestmark = pytest.mark.django_db


VIEW, COMMENT, EDIT = Right.VIEW.value, Right.COMMENT.value, Right.EDIT.value


def test_a_recordings_own_word_counts_before_the_default(recording: Recording) -> None:
    assert held("boris") == {VIEW, COMMENT}
    roles.change(recording, {"participant": [EDIT]}, by=who("anna"))
    assert held("boris") == {VIEW, EDIT}
    row = Access.objects.get(user=who("boris"))
    assert row.origin == "role:participant"
    roles.change(recording, {"participant": []}, by=who("anna"))
    assert held("boris") == set()
    assert held("clara") == {VIEW, COMMENT, EDIT, "run"}
    roles.change(recording, {"participant": None}, by=who("anna"))
    assert held("boris") == {VIEW, COMMENT}


def test_who_comes_later_gets_the_same(recording: Recording) -> None:
    roles.change(recording, {"participant": [EDIT]}, by=who("anna"))
    join("dora", "participant")
    written()
    assert held("dora") == {VIEW, EDIT}


def test_a_conferences_word_stands_between(recording: Recording) -> None:
    conference = Conference.objects.get()
    roles.change_conference(conference, {"participant": [VIEW]}, by=who("anna"))
    assert held("boris") == {VIEW}
    rules = roles.change(recording, {"participant": [EDIT]}, by=who("anna"))
    assert rules["participant"].source == "recording"
    assert held("boris") == {VIEW, EDIT}
    rules = roles.change(recording, {"participant": None}, by=who("anna"))
    assert rules["participant"].source == "conference"
    assert held("boris") == {VIEW}


def test_what_was_given_by_hand_stays(recording: Recording) -> None:
    services.grant(recording, by=who("anna"), rights=[VIEW, "run"], to=who("boris"))
    roles.change(recording, {"participant": []}, by=who("anna"))
    assert held("boris") == {VIEW, "run"}


def test_nobody_gives_or_takes_what_he_does_not_have(recording: Recording) -> None:
    services.grant(recording, by=who("anna"), rights=[VIEW, COMMENT, "share"], to=who("boris"))
    for wishes in ({"participant": [EDIT]}, {"moderator": [VIEW]}, {"owner": None}):
        with pytest.raises(NotAllowed):
            roles.change(recording, wishes, by=who("boris"))
    assert held("clara") == {VIEW, COMMENT, EDIT, "run"}
    roles.change(recording, {"participant": [VIEW]}, by=who("boris"))


def test_nobody_gives_for_longer_than_he_has(recording: Recording) -> None:
    end = timezone.now() + dt.timedelta(days=1)
    services.grant(
        recording, by=who("anna"), rights=[VIEW, COMMENT, "share"], to=who("dora"), expires_at=end
    )
    with pytest.raises(NotAllowed):
        roles.change(recording, {"invited": [VIEW]}, by=who("dora"))
    rules = roles.change(recording, {"invited": [VIEW]}, by=who("dora"), expires_at=end)
    assert rules["invited"].expires_at == end


def test_what_ended_gives_way_to_what_was_before(recording: Recording) -> None:
    end = timezone.now() + dt.timedelta(hours=1)
    roles.change(recording, {"participant": [EDIT]}, by=who("anna"), expires_at=end)
    assert Access.objects.get(user=who("boris"), origin="role:participant").expires_at == end
    past = timezone.now() - dt.timedelta(seconds=1)
    recording.role_rights.update(expires_at=past)
    Access.objects.filter(user=who("boris")).update(expires_at=past)
    assert held("boris") == set()
    journey.advance()
    assert held("boris") == {VIEW, COMMENT}
    assert not recording.role_rights.exists()


def test_a_read_only_connection_gives_no_more_than_a_look(recording: Recording) -> None:
    Connection.objects.update(access="read_only")
    roles.change(recording, {"participant": [EDIT, COMMENT]}, by=who("anna"))
    assert held("boris") == {VIEW, COMMENT}


def test_the_journal_tells_of_it(recording: Recording) -> None:
    roles.change(recording, {"participant": [EDIT]}, by=who("anna"))
    said = AuditEntry.objects.get(action=Action.CHANGE, object_id=str(recording.pk))
    assert (said.actor_id, said.data["roles"]) == (who("anna").pk, {"participant": [VIEW, EDIT]})
    got = AuditEntry.objects.filter(action=Action.GRANT, data__user=who("boris").pk).latest("at")
    assert got.data["rule"] == "role:participant"
    assert got.data["rights"] == [VIEW, EDIT]


@pytest.mark.parametrize(
    ("wishes", "end"),
    [
        ({"king": [VIEW]}, None),
        ({"participant": ["fly"]}, None),
        ({"participant": [VIEW]}, timezone.now() - dt.timedelta(days=1)),
    ],
)
def test_wrong_wishes_change_nothing(
    recording: Recording, wishes: dict[str, list[str]], end: dt.datetime | None
) -> None:
    with pytest.raises(Invalid):
        roles.change(recording, wishes, by=who("anna"), expires_at=end)
    assert not recording.role_rights.exists()


def test_a_recording_of_no_conference_has_no_roles(root: Path, tmp_path: Path) -> None:
    user = User.objects.create(username="u", role=Role.USER)
    path = sound.wav(tmp_path / "a.wav", seconds=0.2)
    files = [services.IncomingFile(path, path.name)]
    found, _new = services.receive(user, files, process=False)
    with pytest.raises(NotFound):
        roles.change(found, {"participant": [VIEW]}, by=user)


def test_roles_over_rest(recording: Recording, api: Any) -> None:
    where = f"recordings/{recording.pk}/roles/"
    status, body = api("anna", "GET", where)
    assert (status, body["participant"]) == (200, [VIEW, COMMENT])
    assert {one["said_by"] for one in body["details"]} == {"connection"}
    status, body = api("anna", "PUT", where, {"participant": [VIEW], "invited": []})
    assert (status, body["participant"], body["invited"]) == (200, [VIEW], [])
    assert held("boris") == {VIEW}
    assert api("boris", "GET", where)[0] == 403
    assert api("boris", "PUT", where, {"participant": [EDIT]})[0] == 403
    assert api("anna", "PUT", where, {"participant": ["fly"]})[0] == 400
    assert api("anna", "PUT", where, {"participant": "view"})[0] == 400
    assert api("stranger", "GET", where)[0] == 404
    assert held("boris") == {VIEW}


def test_roles_of_a_conference_over_rest(recording: Recording, api: Any) -> None:
    where = f"conferences/{Conference.objects.get().pk}/roles/"
    assert api("anna", "PUT", where, {"participant": [VIEW]})[0] == 200
    assert held("boris") == {VIEW}
    assert api("anna", "GET", where)[1]["details"][2]["said_by"] == "conference"
    assert api("clara", "GET", where)[0] == 403
    assert api("clara", "PUT", where, {"participant": [EDIT]})[0] == 403
    assert api("stranger", "PUT", where, {"participant": [EDIT]})[0] == 404
    assert held("boris") == {VIEW}


def test_rights_by_role_on_the_page(recording: Recording) -> None:
    client = Client()
    client.force_login(who("anna"))
    page = client.get(f"/recordings/{recording.pk}/").content.decode()
    assert f'action="/recordings/{recording.pk}/roles/"' in page
    ticked = {role: rule.rights for role, rule in roles.shown(recording).items()}
    where = f"/recordings/{recording.pk}/roles/"
    client.post(where, {**ticked, "participant": [VIEW, EDIT]})
    assert held("boris") == {VIEW, EDIT}
    assert set(recording.role_rights.values_list("role", flat=True)) == {"participant"}
    client.post(where, {**ticked, "default": "participant"})
    assert held("boris") == {VIEW, COMMENT}
    client.force_login(who("boris"))
    assert client.post(where, {"participant": [VIEW, EDIT]}).status_code == 403
    assert held("boris") == {VIEW, COMMENT}
