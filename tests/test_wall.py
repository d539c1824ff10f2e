"""The wall: no address, method or query shows or changes anything of another's recording.

Every address of the project is asked, by every method, by everybody who is not let in. An address
that nobody has classified fails: say in `wall_map` what it is.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

from accounts.choices import Role, TokenKind
from accounts.models import User
from analytics.models import Summary, SummaryItem
from conferences.models import Conference, Connection, Participant, Session
from recognition import index
from recognition import services as recognition
from recognition.models import IndexEntry, SpeakerName
from recognition.tests.factories import transcript as write
from recordings import services
from recordings.choices import Right
from recordings.models import Access, Recording
from recordings.tests import factories, sound
from tests.wall_map import ADMINISTRATION, OF_A_RECORDING, OPEN, OWN, ROUTES, WALL, kind_of
from tests.wall_scene import (
    Caller,
    Scene,
    bearer,
    body_of,
    number_from_afar,
    send,
    session,
    state,
)

pytestmark = pytest.mark.django_db

TITLE, WORD, NAME, OTHER = "Quetzal budget", "wolfram", "Zebulon", "Ophelia"
LABEL = "Xanthippe"  # callers know it: to give it another name would need it
TRACK, ITEM, PROMPT = "Ytterbium track", "Molybdenum is decided", "Vanadium question"
MISHEARD = "The gadolinium speaks"
"""Rows of the scene have numbers that appear nowhere by chance."""
SOMEBODY = "somebody@wall.example"
QUERIES = {
    "": [f"q={WORD}", f"q={TITLE}", "status=done"],
    "rows/": ["id={recording}&new={recording}"],
    "api/v1/search/": [f"q={WORD}", f"q={TITLE}", f"q={ITEM}", f"q=-x OR {WORD}"],
    "api/v1/recordings/": ["limit=200", "q=quetzal", "status=done,ready,processing"],
    "api/user/v1/transcriptions": [f"search={WORD}", "page_size=1000", "sort_field=display_name"],
    "api/v1/events/": ["since=0", "since=0&topics=recording:{recording}"],
    "api/v1/tokens/": ["everyone=true"],
    "api/v1/audit/": ["object_id={recording}"],
    "api/v1/audit/export/": ["format=jsonl"],
    "api/v1/recordings/<str:id>/transcript/": ["version=1", "dropped=true", "link={link}"],
    "api/v1/recordings/<str:id>/transcript/export/": [
        *(f"format={form}" for form in ("txt", "srt", "vtt", "json", "docx")),
        "format=txt&link={link}",
    ],
    "api/v1/recordings/<str:id>/transcript/difference/": ["from=1-raw&to=1", "link={link}"],
    "api/v1/recordings/<str:id>/edits/": ["limit=5", "link={link}"],
    "api/v1/recordings/<str:id>/audio/": ["track={track}", "track={track}&link={link}"],
    "api/v1/recordings/<str:id>/": ["link={link}"],
    "recordings/<uuid:recording_id>/": ["link={link}"],
}
SLUGS = ("transcript", "summary")


@pytest.fixture
def scene(root: Path, tmp_path: Path) -> Scene:
    """A finished recording with everything a recording can have."""
    number_from_afar()
    owner = factories.user("olga")
    path = sound.wav(tmp_path / "a.wav", seconds=0.3, pitch=317)
    files = [services.IncomingFile(path, "a.wav", TRACK)]
    recording, _ = services.receive(owner, files, title=TITLE)
    said = write(recording, [(LABEL, MISHEARD), (OTHER, "again")])
    SpeakerName.objects.create(recording=recording, label=LABEL, name=NAME)
    summary = Summary.objects.create(
        recording=recording, transcript=said, status="ready", text=ITEM, prompt_text=PROMPT
    )
    phrase = said.phrases.first()
    assert phrase
    wish = {"line": phrase.pk, "text": f"The {WORD} speaks", "by": owner}
    (edit,) = recognition.edit_text(recording, **wish).edits
    SummaryItem.objects.create(summary=summary, position=0, text=ITEM, evidence=[phrase.pk])
    index.replace(recording, IndexEntry.Kind.SUMMARY, [{"object_id": summary.pk, "text": ITEM}])
    link = services.grant(recording, by=owner, rights=["view"], to=None)
    past = timezone.now() - timedelta(seconds=1)
    Access.objects.filter(pk=link.access.pk).update(expires_at=past)
    track, run = recording.tracks.get(), recording.runs.get()
    ids = {
        "recording": recording.pk,
        "link": link.secret,
        "track": track.pk,
        "access": link.access.pk,
        "user": owner.pk,
        "run": run.pk,
        "phrase": phrase.pk,
        "edit": edit.pk,
        "participant": held(recording).pk,
    }
    marks = {
        **{text: text.encode() for text in (TITLE, WORD, NAME, OTHER, TRACK, ITEM, MISHEARD)},
        **{name: str(ids[name]).encode() for name in ("recording", "track", "run", "phrase")},
        "number": str(recording.number).encode(),
        "version": str(said.pk).encode(),
        "summary": str(summary.pk).encode(),
        "sound": path.read_bytes()[400:432],
        "digest": track.file.sha256.encode(),  # type: ignore[union-attr]
    }
    return Scene(owner, recording, ids, marks)


@pytest.fixture
def outside(scene: Scene) -> dict[str, Caller]:
    """Everybody who must be kept out."""
    every, past = [right.value for right in Right], timezone.now() - timedelta(seconds=1)
    stranger, guest = factories.user("stranger"), factories.user("gast", role=Role.GUEST)
    factories.recording(stranger)
    late, gone, team = (
        factories.user("late"),
        factories.user("gone"),
        Group.objects.create(name="t"),
    )
    for user, more in ((late, {"expires_at": past}), (gone, {})):
        Access.objects.create(recording=scene.recording, user=user, rights=every, **more)
    Access.objects.create(recording=scene.recording, group=team, rights=every, expires_at=past)
    late.groups.add(team)
    blind = factories.user("blind")  # holds rights, but not the one to look
    Access.objects.create(recording=scene.recording, user=blind, rights=["edit"])
    callers = {
        "nobody": Caller(Client()),
        "stranger": Caller(session(stranger), True),
        "stranger's token": Caller(bearer(stranger), True),
        "read-only token of a stranger": Caller(bearer(stranger, scopes=["read"]), True),
        "guest": Caller(session(guest), True),
        "guest's token": Caller(bearer(guest), True),
        "access that is over": Caller(session(late), True),
        "token of whose access is over": Caller(bearer(late), True),
        "without the right to look": Caller(bearer(blind), True),
        "engine": Caller(bearer(None, TokenKind.ENGINE)),
        "session of a deactivated user": Caller(session(gone)),
        "token of a deactivated user": Caller(bearer(gone)),
        "owner's token, expired": Caller(bearer(scene.owner, days=-1)),
        "owner's refresh token": Caller(bearer(scene.owner, TokenKind.REFRESH, days=1)),
        "nonsense": Caller(Client(headers={"authorization": "Bearer sai_p_" + "x" * 43})),
    }
    User.objects.filter(pk=gone.pk).update(is_active=False)
    return callers


FEW = {"nobody", "stranger", "stranger's token"}
"""Enough where nobody is asked for his rights on a recording."""


def addresses(route: str, scene: Scene) -> list[str]:
    """The route with the scene's ids in it, alone and with each query."""
    slugs = SLUGS if "<slug:slug>" in route else ("",)
    found = []
    for slug in slugs:
        plain = re.sub(r"<slug:\w+>", slug, route)
        plain = re.sub(r"<str:number>", str(scene.recording.number), plain)
        plain = re.sub(r"<int:access_id>", str(scene.ids["access"]), plain)
        plain = re.sub(r"<int:line>", str(scene.ids["phrase"]), plain)
        plain = re.sub(r"<int:edit>", str(scene.ids["edit"]), plain)
        plain = re.sub(r"<int:participant>", str(scene.ids["participant"]), plain)
        plain = re.sub(r"<int:pk>", str(scene.ids["user"]), plain)
        plain = re.sub(r"<str:secret>", scene.ids["link"], plain)
        plain = re.sub(r"<\w+:content_type_id>", "1", plain)
        plain = re.sub(r"<path:object_id>", str(_object_id(route, scene)), plain)
        plain = re.sub(r"<(uuid|str):\w+>", str(scene.recording.pk), plain)
        plain = (
            re.sub(r"\(\?P<\w+>([a-z_]*)[^)]*\)", r"\1", plain).replace("^", "").replace("$", "")
        )
        found += [f"/{plain}"]
        found += [f"/{plain}?{query.format(**scene.ids)}" for query in QUERIES.get(route, ())]
    return found


def _object_id(route: str, scene: Scene) -> Any:
    model = route.split("/")[2] if route.count("/") > 2 else ""
    return scene.ids.get(model, scene.ids.get("recording"))


def held(recording: Recording) -> Participant:
    """It came from a conference; somebody took part."""
    connection = Connection.objects.create(name="wall", url="https://wall.example")
    conference = Conference.objects.create(connection=connection, remote_id="1", topic="Weekly")
    Session.objects.create(conference=conference, remote_id="1", recording=recording)
    return Participant.objects.create(conference=conference, call_id=SOMEBODY)


def bodies(scene: Scene) -> dict[str, Any]:
    return {
        "title": "taken",
        "name": "stranger",
        "label": LABEL,
        "user": "stranger",
        "whom": "user",
        "rights": ["view"],
        "pipeline": "upload",
        "link": "true",
        "tracks": [scene.ids["track"]],
        "prompt_text": "Tell me all",
        "text": "other words",
        "speaker": "stranger",
        "at": 1,
        "id": scene.ids["access"],
        "post": "yes",
        "consent": "refused",
        "participant": ["view"],
        "call_id": SOMEBODY,
    }


class Undone(Exception):
    pass


def check(scene: Scene, who: str, caller: Caller, route: str, address: str, method: str) -> None:
    sent = {} if method in ("GET", "HEAD") else bodies(scene)
    answer = send(caller.client, method, address, sent)
    told, where = answer.status_code, f"{who}: {method} {address} -> {answer.status_code}"
    body = body_of(answer)
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items()).encode()
    assert told < 500 or told == 503, where  # 503: the stream, which needs the web process
    known = f"{address} {sent}".encode()  # his own words may be repeated to him
    for what, mark in scene.marks.items():
        if mark not in known:
            assert mark not in body + headers, f"{where} shows {what}"
    kind = kind_of(route)
    if kind == OWN and not caller.signed_in:
        assert told in (302, 400, 401, 403, 405, 503), where
    if kind in (OF_A_RECORDING, ADMINISTRATION):
        assert told in (302, 400, 401, 403, 404, 405, 415), where
        if told == 302:
            assert "/login/" in answer["Location"], where


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def methods_of(route: str, address: str) -> tuple[str, ...]:
    """Those that the view answers; the others are refused before anybody is looked at."""
    if route.startswith("admin/"):
        return ("GET", "POST")
    view = getattr(resolve(address.partition("?")[0]).func, "view_class", None)
    return tuple(m for m in METHODS if m == "HEAD" or not view or hasattr(view, m.lower()))


def walk(scene: Scene, outside: dict[str, Caller], chosen: list[str]) -> None:
    before = state()
    for route in chosen:
        few = route.startswith("admin/") or kind_of(route) == OPEN
        try:
            with transaction.atomic():
                for who, caller in outside.items():
                    for address in addresses(route, scene) if not few or who in FEW else ():
                        for method in methods_of(route, address):
                            check(scene, who, caller, route, address, method)
                assert state() == before, f"something was changed through {route}"
                raise Undone
        except Undone:
            pass


def test_every_address_is_classified() -> None:
    unknown = [route for route in ROUTES if kind_of(route) is None]
    assert not unknown, "say in WALL what these show, and to whom"
    assert not set(WALL) - set(ROUTES), "these addresses are gone"
    assert not set(QUERIES) - set(ROUTES), "these addresses are gone"


def test_every_operation_of_the_description_is_walked() -> None:
    described = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    walked = {re.sub(r"<\w+:(\w+)>", "{}", f"/{route}") for route in ROUTES}
    assert {re.sub(r"\{\w+\}", "{}", path) for path in described} <= walked


def test_the_owner_does_see_all_of_it(scene: Scene) -> None:
    """Otherwise the walls below would stand around nothing."""
    seen = set()
    for client in (session(scene.owner), bearer(scene.owner)):
        for route in ROUTES:
            if kind_of(route) not in (OWN, OF_A_RECORDING):
                continue
            for address in addresses(route, scene):
                answer = client.get(address)
                body = body_of(answer) + str(answer.headers).encode()
                seen |= {what for what, mark in scene.marks.items() if mark in body}
    assert seen == set(scene.marks)


@pytest.mark.parametrize("part", ["api/", "recordings/", "other"])
def test_nobody_outside_sees_or_changes_anything(
    scene: Scene, outside: dict[str, Caller], part: str
) -> None:
    def belongs(route: str) -> bool:
        if part == "other":
            return not route.startswith(("api/", "recordings/", "admin/"))
        return route.startswith(part)

    walk(scene, outside, [route for route in ROUTES if belongs(route)])


def test_the_administration_is_closed(scene: Scene, outside: dict[str, Caller]) -> None:
    walk(scene, outside, [route for route in ROUTES if route.startswith("admin/")])
