"""A shared directory as a source, and the platform that only exists in its options."""

import datetime as dt
import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from conferences.choices import ConferenceRole, Platform
from conferences.models import Connection
from conferences.platforms import meeting_file
from conferences.platforms.base import (
    CredentialsRejected,
    Driver,
    NotThere,
    PlatformError,
    RemoteTrackInfo,
    TokenRefused,
)
from conferences.platforms.fake import Fake
from conferences.platforms.registry import get_driver


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "meetings"
    (made / "Monday").mkdir(parents=True)
    (made / "Monday" / "anna_bell.wav").write_bytes(b"A" * 1000)
    (made / "Monday" / "boris@corp.ogg").write_bytes(b"B" * 2000)
    return made


def opened(root: Path, settle_seconds: float = 0) -> Driver:
    options = {"settle_seconds": settle_seconds}
    return get_driver(Connection(platform=Platform.FOLDER, url=str(root), options=options))


@pytest.fixture
def driver(root: Path) -> Iterator[Driver]:
    with closing(opened(root)) as made:
        yield made


def bytes_of(driver: Driver, name: str, **more) -> bytes:
    track = RemoteTrackInfo(id=name)
    with driver.open_track("Monday", session_id="Monday", track=track, **more) as part:
        return b"".join(part.chunks)


def names(driver: Driver) -> list[str]:
    return [one.id for one in driver.tracks("Monday", session_id="Monday")]


def test_directories_are_meetings_and_files_are_people(driver: Driver) -> None:
    driver.check()
    [meeting] = driver.conferences()
    assert (meeting.id, meeting.topic, meeting.is_running) == ("Monday", "Monday", False)
    [session] = driver.sessions(meeting)
    assert session.stopped_at is not None
    tracks = driver.tracks("Monday", session_id=session.id)
    assert [(one.id, one.call_id, one.display_name, one.size) for one in tracks] == [
        ("anna_bell.wav", "anna_bell", "anna bell", 1000),
        ("boris@corp.ogg", "boris@corp", "boris", 2000),
    ]
    people = driver.participants("Monday", session_id=session.id)
    assert [one.call_id for one in people] == ["anna_bell", "boris@corp"]
    assert bytes_of(driver, "anna_bell.wav") == b"A" * 1000


def test_a_file_beside_them_says_more(root: Path, driver: Driver) -> None:
    said = {
        "topic": "Plans",
        "owner": "anna@corp",
        "participants": [
            {"call_id": "anna@corp", "name": "Anna Bell", "file": "anna_bell.wav"},
            "boris@corp",
            "Clara",
        ],
        "started_at": "2026-03-01T10:00:00",
        "language": "ru",
        "auto_recognition": True,
    }
    (root / "Monday" / "meeting.json").write_text(json.dumps(said))
    [meeting] = driver.conferences()
    assert (meeting.topic, meeting.owner) == ("Plans", "anna@corp")
    assert (meeting.recognition_language, meeting.auto_recognition) == ("ru", True)
    assert driver.sessions(meeting)[0].started_at == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    people = {one.call_id: one for one in driver.participants("Monday")}
    assert set(people) == {"anna@corp", "boris@corp", "Clara"}
    assert people["anna@corp"].role == ConferenceRole.OWNER
    tracks = driver.tracks("Monday", session_id="Monday")
    assert (tracks[0].call_id, tracks[0].display_name) == ("anna@corp", "Anna Bell")
    (root / "Monday" / "meeting.json").unlink()
    (root / "Monday" / "meeting.yaml").write_text("topic: By YAML\nparticipants: [boris@corp]\n")
    assert next(iter(driver.conferences())).topic == "By YAML"


@pytest.mark.parametrize(
    "content",
    [b"{", b"[1]", b'{"topics": 1}', b"\xff\xfe", b"!!python/object:os.system x", b"x" * 300_000],
)
@pytest.mark.parametrize("name", ["meeting.json", "meeting.yaml"])
def test_a_file_that_says_nonsense_stops_nothing(
    root: Path, driver: Driver, name: str, content: bytes
) -> None:
    (root / "Monday" / name).write_bytes(content)
    [meeting] = driver.conferences()
    assert meeting.topic == "Monday"
    assert len(names(driver)) == 2


def test_nothing_is_taken_while_it_grows(root: Path) -> None:
    with closing(opened(root, 0.4)) as driver:
        [meeting] = driver.conferences()
        assert meeting.is_running
        assert driver.sessions(meeting)[0].stopped_at is None
        assert names(driver) == []
        # Whoever moves an old file in leaves its old time: it is new here all the same.
        time.sleep(0.45)
        assert len(names(driver)) == 2
        os.utime(root / "Monday" / "anna_bell.wav", (1, 1))
        assert names(driver) == []


def test_only_what_changed_comes_again(root: Path, driver: Driver) -> None:
    since = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.05)
    assert list(driver.conferences(changed_since=since)) == []
    time.sleep(0.1)
    (root / "Monday" / "late.wav").write_bytes(b"L")
    assert [one.id for one in driver.conferences(changed_since=since)] == ["Monday"]


def test_nothing_outside_is_ever_read(root: Path, driver: Driver) -> None:
    secret = root.parent / "secret"
    secret.mkdir()
    (secret / "passwords.wav").write_bytes(b"secret")
    monday = root / "Monday"
    (monday / "link.wav").symlink_to(secret / "passwords.wav")
    (monday / "dead.wav").symlink_to(root / "nothing")
    (monday / "fine.wav").symlink_to("anna_bell.wav")
    (monday / "meeting.json").symlink_to(secret / "passwords.wav")
    (root / "Away").symlink_to(secret)
    os.mkfifo(monday / "pipe.wav")
    (monday / "folder.wav").mkdir()
    (monday / ".hidden.wav").write_bytes(b"h")
    (monday / "notes.txt").write_bytes(b"n")
    (monday / "still.wav.part").write_bytes(b"n")
    assert [one.id for one in driver.conferences()] == ["Monday"]
    assert names(driver) == ["anna_bell.wav", "boris@corp.ogg", "fine.wav"]
    for name in ("link.wav", "dead.wav", "../../secret/passwords.wav", "pipe.wav", "folder.wav"):
        with pytest.raises(NotThere):
            bytes_of(driver, name)
    for name in ("Away", "..", "../secret", ".", ""):
        with pytest.raises(NotThere):
            driver.tracks(name, session_id=name)


def test_a_file_goes_on_while_it_is_the_same(root: Path, driver: Driver) -> None:
    track = RemoteTrackInfo(id="anna_bell.wav")
    with driver.open_track("Monday", session_id="Monday", track=track) as part:
        etag = part.etag
    with driver.open_track(
        "Monday", session_id="Monday", track=track, start=400, etag=etag
    ) as part:
        assert (part.start, part.size) == (400, 1000)
        assert len(b"".join(part.chunks)) == 600
    (root / "Monday" / "anna_bell.wav").write_bytes(b"C" * 1000)
    with driver.open_track(
        "Monday", session_id="Monday", track=track, start=400, etag=etag
    ) as part:
        assert part.start == 0
        assert b"".join(part.chunks) == b"C" * 1000


def test_a_file_that_shrinks_breaks_off(root: Path, driver: Driver) -> None:
    path = root / "Monday" / "anna_bell.wav"
    path.write_bytes(b"x" * 1_000_000)
    track = RemoteTrackInfo(id="anna_bell.wav")
    with driver.open_track("Monday", session_id="Monday", track=track) as part:
        next(part.chunks)
        os.truncate(path, 300_000)
        with pytest.raises(PlatformError) as cut:
            b"".join(part.chunks)
    assert cut.value.retryable


def test_a_share_that_is_not_mounted_is_away(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "nowhere")) as driver:
        for ask in (
            driver.check,
            lambda: list(driver.conferences()),
            lambda: driver.tracks("Monday", session_id="Monday"),
        ):
            with pytest.raises(PlatformError) as away:
                ask()
            assert away.value.retryable
            assert away.value.code == "folder_away"


def test_nobody_signs_in_with_a_folder(driver: Driver) -> None:
    with pytest.raises(TokenRefused):
        driver.verify("x")
    for ask in (
        lambda: driver.tell("Monday", call_ids=[], message="x"),
        lambda: driver.sign_in_url(redirect_uri="x", state="y"),
        lambda: driver.exchange_code("x", redirect_uri="y"),
    ):
        with pytest.raises(PlatformError):
            ask()


CONTENT = {
    "conferences": [
        {
            "id": "1",
            "topic": "Plans",
            "owner": "anna@fake",
            "sessions": [
                {
                    "id": "1#a",
                    "started_at": "2026-03-01T10:00:00Z",
                    "stopped_at": "2026-03-01T10:01:00Z",
                    "participants": [{"call_id": "anna@fake", "role": "owner"}],
                    "tracks": [{"id": "t1", "call_id": "anna@fake"}, {"id": "t2", "gone": True}],
                }
            ],
        }
    ],
    "people": {"tok": {"call_id": "anna@fake", "is_administrator": True}},
}


def faked(**more: object) -> Driver:
    return get_driver(Connection(platform=Platform.FAKE, url="x", options={**CONTENT, **more}))


def test_the_fake_says_what_its_options_say() -> None:
    driver = faked()
    [meeting] = driver.conferences()
    [session] = driver.sessions(meeting)
    assert session.started_at == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    [anna] = driver.participants("1", session_id="1#a")
    assert anna.role == ConferenceRole.OWNER
    first, second = driver.tracks("1", session_id="1#a")
    with driver.open_track("1", session_id="1#a", track=first, start=100) as part:
        assert part.start == 100
        assert len(b"".join(part.chunks)) == (first.size or 0) - 100
    with (
        pytest.raises(NotThere),
        driver.open_track("1", session_id="1#a", track=second),
    ):
        pass
    assert first.sha256 != second.sha256
    assert driver.verify("tok").is_administrator
    with pytest.raises(TokenRefused):
        driver.verify("other")
    assert driver.exchange_code("tok", redirect_uri="x").access_token == "tok"
    driver.tell("1", call_ids=["anna@fake"], message="Ready")
    assert Fake.told[-1] == ("1", ("anna@fake",), "Ready")


def test_the_fake_fails_where_it_is_told() -> None:
    with pytest.raises(PlatformError) as away:
        list(faked(fails={"conferences": "away"}).conferences())
    assert away.value.retryable
    with pytest.raises(CredentialsRejected):
        faked(fails={"check": "rejected"}).check()
    with pytest.raises(PlatformError):
        faked(conferences=[{"nonsense": 1}])


@pytest.mark.parametrize("year", ["0001", "1969", "9999"])
def test_a_time_that_no_zone_can_be_added_to_is_refused(year: str) -> None:
    said = f'{{"started_at": "{year}-12-31T23:59:59Z"}}'.encode()
    with pytest.raises(ValueError, match=r"started_at.*a year from"):
        meeting_file.parse(Path("meeting.json"), said)
    said = said.replace(year.encode(), b"2026")
    assert meeting_file.parse(Path("meeting.json"), said).started_at
