"""Correcting a transcript: words, speakers, where lines begin and end; and taking it back."""

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from common.errors import Conflict, Invalid, NotFound
from common.texts import one_row
from notifications import events
from recognition import selectors, versions
from recognition.editing.values import Laid, Line
from recognition.models import Edit, Transcript
from recordings.models import Recording
from recordings.services.values import clean_text

LONGEST_LINE = 10_000
Kind = Edit.Kind


def edit_text(
    recording: Recording, *, line: int, text: str, by: User | None, seen: str | None = None
) -> Edit:
    """Other words in a line; none at all takes the line out. `seen`: the text as he saw it.

    Raises NotFound for no such line, Invalid for too long a text, Conflict when somebody else
    changed the line meanwhile or when nothing would change.
    """
    wanted = one_row(text).strip()
    if len(wanted) > LONGEST_LINE:
        raise Invalid(_("A line has at most %(n)s characters.") % {"n": LONGEST_LINE})

    def change(found: Line, _laid: Laid) -> dict[str, Any]:
        if found.text == wanted:
            raise Conflict(_("The line says that already."), code="nothing_changed")
        return {"kind": Kind.TEXT, "after": {"text": wanted}}

    return _edit(recording, line, change, by=by, seen=seen)


def set_speaker(
    recording: Recording, *, line: int, speaker: str, by: User | None, seen: str | None = None
) -> Edit:
    """Another speaker of one line: a name that is known, or a new one."""
    name = clean_text(speaker)
    if not name:
        raise Invalid(_("A name needs at least one visible character."), code="empty_name")
    label = _label_of(recording, name)

    def change(found: Line, _laid: Laid) -> dict[str, Any]:
        if found.speaker == label:
            raise Conflict(_("He is the speaker of that line already."), code="nothing_changed")
        return {"kind": Kind.SPEAKER, "after": {"speaker": label}}

    return _edit(recording, line, change, by=by, seen=seen)


def split_line(
    recording: Recording,
    *,
    line: int,
    at: int,
    by: User | None,
    speaker: str = "",
    seen: str | None = None,
) -> Edit:
    """Two lines out of one, before its word number `at` (from 0); the second may be another's."""
    name = clean_text(speaker)
    label = _label_of(recording, name) if name else ""

    def change(found: Line, _laid: Laid) -> dict[str, Any]:
        if not 0 < at < len(found.text.split()):
            raise Invalid(_("A line is split between two of its words."), code="no_such_word")
        return {"kind": Kind.SPLIT, "after": {"at": at, "id": _new_id(), "speaker": label}}

    return _edit(recording, line, change, by=by, seen=seen)


def join_lines(
    recording: Recording, *, line: int, by: User | None, seen: str | None = None
) -> Edit:
    """One line out of this and the next one of the same track."""

    def change(found: Line, laid: Laid) -> dict[str, Any]:
        place = laid.lines.index(found)
        following = (one for one in laid.lines[place + 1 :] if one.track == found.track)
        other = next(following, None)
        if other is None:
            raise Invalid(_("There is no next line to join it with."), code="no_next_line")
        return {"kind": Kind.JOIN, "before": [found.text, other.text], "end": other.end}

    return _edit(recording, line, change, by=by, seen=seen)


def undo(edit: Edit, *, by: User | None, request: HttpRequest | None = None) -> None:
    """Takes a correction back, also one that later ones were made on: those then may not find
    their words and are listed. Doing it twice changes nothing."""
    with transaction.atomic():
        recording = Recording.objects.select_for_update().get(pk=edit.recording_id)
        if not Edit.objects.filter(pk=edit.pk, undone_at=None).update(undone_at=Now()):
            return
        _changed(recording, edit, by=by, undone=True, request=request)


def _edit(
    recording: Recording,
    line: int,
    change: Callable[[Line, Laid], dict[str, Any]],
    *,
    by: User | None,
    seen: str | None,
) -> Edit:
    with transaction.atomic():
        locked = Recording.objects.select_for_update().get(pk=recording.pk)
        transcript = selectors.transcript_of(locked)
        if transcript is None:
            raise NotFound(_("There is no transcript yet."))
        laid = selectors.lines_of(transcript)
        found = next((one for one in laid.lines if one.id == line), None)
        if found is None:
            raise NotFound(_("There is no such line in the newest version."), code="no_such_line")
        if seen is not None and seen != found.text:
            raise Conflict(
                _("Somebody else has changed this line meanwhile."),
                code="changed_meanwhile",
                next_action=_("Load it anew and look."),
                details={"text": found.text},
            )
        edit = _write(locked, transcript, found, change(found, laid), by=by)
        _changed(locked, edit, by=by)
    return edit


def _write(
    recording: Recording,
    transcript: Transcript,
    line: Line,
    fields: dict[str, Any],
    *,
    by: User | None,
) -> Edit:
    return Edit.objects.create(
        **{
            "recording": recording,
            "version": transcript.version,
            "track_id": line.track,
            "start": line.start,
            "end": line.end,
            "before": [line.text],
            "author": by,
            **fields,
        }
    )


def _changed(
    recording: Recording,
    edit: Edit,
    *,
    by: User | None,
    undone: bool = False,
    request: HttpRequest | None = None,
) -> None:
    """What can be found, who is told, what the journal says: never the words themselves."""
    transcript = selectors.transcript_of(recording)
    if transcript is not None:
        versions.index_lines(transcript)
    events.append(
        events.TRANSCRIPT_CHANGED,
        object_type="recording",
        object_id=recording.pk,
        topic=f"recording:{recording.pk}",
        data={"edit": edit.pk, "undone": undone},
    )
    audit.record(
        by,
        Action.CHANGE,
        "recording",
        recording.pk,
        request=request,
        data={"edit": edit.pk, "kind": edit.kind, "undone": undone},
    )


def _label_of(recording: Recording, name: str) -> str:
    """The label that is shown as `name`; a new name is its own label."""
    shown = {shown: label for label, shown in selectors.names_of(recording).items()}
    return shown.get(name, name)


def _new_id() -> int:
    """A number like a phrase's, which no phrase will have."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('recognition_phrase', 'id'))")
        return int(cursor.fetchone()[0])
