"""What a meeting shall be, as a test, JSON or YAML says it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conferences.fake_tcs import sound as sounds
from conferences.fake_tcs.sound import Sound
from conferences.fake_tcs.state import MODERATOR_FLAG

MOST_SESSIONS = 20


@dataclass
class Voice:
    """Who speaks in a session: from `joined` seconds after its start, for as long as it sounds."""

    login: str
    sound: Sound
    name: str = ""
    flag: int | None = None
    joined: float = 0.0


Sounds = Mapping[str, Sound | bytes | Path] | Sequence[Voice] | str | Path | int | None


def voices_of(tracks: Sounds, *, number: int = 0) -> list[Voice]:
    """From None (the sample), a count of tiny tones, a folder, or names and their sounds.

    Raises ValueError for anything that gives no sound.
    """
    if tracks is None:
        tracks = sounds.sample()
    if isinstance(tracks, int):
        return [
            Voice(f"person{one}", sounds.tone(number * 1_000 + one)) for one in range(1, tracks + 1)
        ]
    if isinstance(tracks, str | Path):
        tracks = sounds.folder(Path(tracks).resolve())
    if isinstance(tracks, Mapping):
        return [Voice(login, _sound(login, one)) for login, one in tracks.items()]
    return list(tracks)


def _sound(login: str, one: Sound | bytes | Path) -> Sound:
    if isinstance(one, bytes):
        return Sound(name=f"{login}.bin", seconds=1.0, data=one)
    return sounds.load(one) if isinstance(one, Path) else one


@dataclass(kw_only=True)
class Plan:
    """What a meeting shall be. Raises ValueError for numbers that make no sense."""

    topic: str = "Product meeting"
    owner: str = "alice"
    tracks: Sounds = None
    sessions: int = 1
    """More than one: a call that broke; the sound is cut into as many parts."""
    gap_seconds: float = 60.0
    """Between two sessions."""
    started_at: datetime | None = None
    live_seconds: float | None = None
    """It runs now and ends by itself after so long; 0 and below: until it is stopped."""
    auto_recognition: bool = True
    recording_enabled: bool = True
    language: str = "en"
    late: Mapping[str, float] | None = None
    """Login -> how many seconds after the end its track appears."""
    missing: Collection[str] = ()
    """Logins whose track is listed and can't be had."""
    video: bool = False
    """With a recording of everybody in one file."""
    invited: Collection[str] = ()
    """Logins besides those who speak."""
    translations: Collection[str] = ()
    id: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.sessions <= MOST_SESSIONS:
            raise ValueError(f"sessions is from 1 to {MOST_SESSIONS}.")
        if self.started_at and self.started_at.tzinfo is None:
            raise ValueError("started_at needs a zone.")


NUMBER = (int, float)
FORMS: Mapping[str, type | tuple[type, ...]] = {
    "tracks": (str, int, list),
    "sessions": int,
    "gap_seconds": NUMBER,
    "started_at": (str, datetime),
    "live_seconds": (*NUMBER, type(None)),
    "auto_recognition": bool,
    "recording_enabled": bool,
    "late": dict,
    "missing": list,
    "video": bool,
    "invited": list,
    "translations": list,
}
"""Of a plan as JSON or YAML says it; all else is text."""


def from_dict(found: Mapping[str, Any]) -> Plan:
    """A plan as JSON or YAML says it.

    `tracks` may be `sample`, a count, a folder's path, or a list of `{login, sound, name, flag,
    joined}` where `sound` is a name of the sample, `tiny`, or a path. Raises ValueError for what
    does not exist.
    """
    names = set(Plan.__dataclass_fields__)
    unknown = set(found) - names
    if unknown:
        raise ValueError(
            f"A meeting has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(names))}."
        )
    for name, value in found.items():
        if not isinstance(value, FORMS.get(name, str)):
            raise ValueError(f"{name} is of a wrong type.")
    values = dict(found)
    tracks = values.get("tracks")
    if tracks == "sample":
        values["tracks"] = None
    elif isinstance(tracks, list):
        values["tracks"] = [_voice(one, at) for at, one in enumerate(tracks)]
    started_at = values.get("started_at")
    if isinstance(started_at, str):
        started_at = datetime.fromisoformat(started_at)
    if started_at:
        values["started_at"] = started_at if started_at.tzinfo else started_at.replace(tzinfo=UTC)
    return Plan(**values)


def _voice(found: Any, number: int) -> Voice:
    if not isinstance(found, Mapping) or "login" not in found:
        raise ValueError("Each of tracks needs a login and a sound.")
    wanted = str(found.get("sound", "tiny"))
    if wanted == "tiny":
        heard = sounds.tone(700_000 + number)
    elif wanted in sounds.sample():
        heard = sounds.sample()[wanted]
    elif Path(wanted).is_file():
        heard = sounds.load(Path(wanted))
    else:
        raise ValueError(f"There is no sound “{wanted}”.")
    moderator = MODERATOR_FLAG if found.get("moderator") else None
    return Voice(
        login=str(found["login"]),
        sound=heard,
        name=str(found.get("name", "")),
        flag=found.get("flag", moderator),
        joined=float(found.get("joined", 0)),
    )
