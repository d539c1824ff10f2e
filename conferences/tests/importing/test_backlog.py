"""What a server still owes is told where an administrator looks."""

from typing import Any

from django.test import Client

from accounts.choices import Role
from conferences.models import Conference, RemoteTrack, Session
from recordings.tests import factories
from recordings.tests.doors import caller


def test_health_and_list_tell_what_is_still_awaited(connect: Any) -> None:
    connection, _server = connect()
    conference = Conference.objects.create(connection=connection, remote_id="c")
    session = Session.objects.create(conference=conference, remote_id="s")
    for number, here in enumerate((0, 40)):
        RemoteTrack.objects.create(
            connection=connection,
            session=session,
            remote_id=str(number),
            size=100,
            bytes_done=here,
        )
    user = factories.user("root", role=Role.ADMIN)
    told = caller(user).get(f"/api/v1/connections/{connection.pk}/health/")
    assert told.status_code == 200, told.content
    owed = {name: value for name, value in told.json().items() if name.startswith("backlog")}
    assert 0 <= owed.pop("backlog_oldest_s") < 60
    assert owed == {"backlog_sessions": 1, "backlog_tracks": 2, "backlog_bytes": 160}
    pages = Client()
    pages.force_login(user)
    page = pages.get("/admin/conferences/connection/")
    assert page.status_code == 200
