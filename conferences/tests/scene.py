"""A conference that was held on a server, as rows: what the stories of the doors begin with."""

import datetime as dt
from pathlib import Path
from typing import Any

from accounts.models import User
from analytics.models import Summary, SummaryItem
from conferences.choices import ImportStatus
from conferences.fake_tcs.server import FakeServer
from conferences.models import Conference, Connection, RemoteTrack, Session
from conferences.services import people
from recognition.models import Transcript
from recognition.tests.factories import transcript
from recordings import services
from recordings.choices import Right
from recordings.models import Access, Recording
from recordings.tests import sound

HELD = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
SAID = (("Anna North", "the budget is four thousand"), ("Boris North", "it was three last year"))


def connect(fake: FakeServer, name: str = "north", **fields: Any) -> Connection:
    return Connection.objects.create(
        name=name,
        url=fake.url,
        client_id=fake.app.client_id,
        client_secret=fake.app.client_secret,
        **fields,
    )


def meeting(
    connection: Connection,
    folder: Path,
    *,
    owner: str = "anna",
    guest: str = "boris",
    topic: str = "Budget",
    pitch: float = 440,
    at: dt.datetime = HELD,
) -> Recording:
    """Held by `owner`, who may do everything; `guest` may look. One track, stored; no text yet."""
    host = connection.name
    chief, other = (people.person_of(connection, f"{one}@{host}.example") for one in (owner, guest))
    path = sound.wav(folder / f"{topic}.wav", seconds=0.2, pitch=pitch)
    files = [services.IncomingFile(path, path.name, "Anna North")]
    recording, _new = services.receive(
        chief, files, title=topic, kind="meeting", language="ru", process=False, started_at=at
    )
    conference = Conference.objects.create(
        connection=connection, remote_id=f"{topic}-id", topic=topic, owner_call_id=chief.username
    )
    session = Session.objects.create(
        conference=conference,
        remote_id=f"0000001b@{host}.example#vcs",
        started_at=at,
        stopped_at=at + dt.timedelta(minutes=5),
        status=ImportStatus.READY,
        recording=recording,
    )
    RemoteTrack.objects.create(
        session=session,
        connection=connection,
        remote_id="t1",
        call_id=f"{owner}@{host}.example",
        track=recording.tracks.get(),
    )
    give(recording, other, Right.VIEW)
    Access.objects.create(
        recording=recording,
        group=people.administrators_of(connection),
        rights=[right.value for right in Right],
        origin="administrators",
    )
    return recording


def give(recording: Recording, user: User, *rights: Right) -> None:
    Access.objects.create(recording=recording, user=user, rights=list(rights), origin="role:test")


def recognised(recording: Recording) -> Transcript:
    """It has text and a summary now."""
    written = transcript(recording, SAID)
    Recording.objects.filter(pk=recording.pk).update(status="processing")
    Recording.objects.filter(pk=recording.pk).update(status="done")
    summary = Summary.objects.create(
        recording=recording,
        transcript=written,
        status=Summary.Status.READY,
        text="The budget grows.",
        coverage=0.5,
    )
    first = written.phrases.order_by("position").first()
    SummaryItem.objects.create(
        summary=summary,
        position=0,
        text="The budget grows.",
        evidence=[first.pk if first else 0],
        verified=True,
    )
    return written
