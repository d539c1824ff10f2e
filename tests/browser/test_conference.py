"""A conference on its recording's page: consent, rights by role, and leaving oneself out."""

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from accounts.models import User
from conferences.models import Conference, Connection, Identity, Participant, RemoteTrack, Session
from recordings.models import Recording
from tests.browser import scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def meeting(anna: User) -> Recording:
    """Anna's meeting came from a server where consent is asked for."""
    recording = scene.meeting(anna)
    connection = Connection.objects.create(
        name="Head office", url="https://meet.example.org", client_id="x", consent_required=True
    )
    Identity.objects.create(connection=connection, call_id="anna@meet.example.org", user=anna)
    conference = Conference.objects.create(
        connection=connection,
        remote_id="1",
        topic="Budget of the next quarter",
        owner_call_id="anna@meet.example.org",
    )
    session = Session.objects.create(
        conference=conference, remote_id="s", status="ready", recording=recording
    )
    roles = ["owner", "moderator", "participant"]
    for number, track in enumerate(recording.tracks.order_by("position")):
        login = f"{'anna' if not number else f'person{number}'}@meet.example.org"
        Participant.objects.create(
            conference=conference, call_id=login, display_name=track.name, role=roles[number]
        )
        RemoteTrack.objects.create(
            session=session,
            connection=connection,
            remote_id=str(number),
            call_id=login,
            track=track,
            status="stored",
        )
    return recording


def test_people_decide_on_the_page(
    meeting: Recording, anna: User, open_page: Callable[..., Page]
) -> None:
    page = open_page(anna)
    page.goto(f"/recordings/{meeting.pk}/")
    panel = page.locator("#panel-conference")
    panel.get_by_role("button", name="Given").click()
    page.wait_for_load_state()
    assert Conference.objects.get().consent == "given"
    assert "anna," in panel.inner_text()
    panel.get_by_text("Rights by role").click()
    panel.get_by_role("group", name="Participant").get_by_label("Edit").check()
    _keep(page, "roles")
    panel.get_by_role("button", name="Save").click()
    page.wait_for_load_state()
    [row] = meeting.role_rights.all()
    assert (row.role, row.rights) == ("participant", ["view", "comment", "edit"])
    panel.get_by_text("3 participants").click()
    _keep(page, "people")
    panel.get_by_role("link", name="Leave out").nth(2).click()
    page.wait_for_load_state()
    _keep(page, "leave-out")
    page.get_by_role("button", name="Leave out").click()
    page.wait_for_load_state()
    left = meeting.tracks.get(left_out=True)
    assert Participant.objects.get(left_out=True).display_name == left.name
    assert left.name in page.locator("body").inner_text()
    _keep(page, "after")


def _keep(page: Page, name: str) -> None:
    """For whoever wants to look."""
    if folder := os.environ.get("SAI_LOOK"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
