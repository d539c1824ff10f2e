"""Correcting a transcript: words, speakers, where lines begin and end; and taking it back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from recognition import index, selectors
from recognition.editing.overlay import lay
from recognition.editing.values import Laid, Line
from recognition.models import Edit, IndexEntry, Transcript
from recordings.models import Recording
from recordings.services.values import clean_text

LONGEST_LINE = 10_000
NOTHING_CHANGED = "nothing_changed"
Kind = Edit.Kind


@dataclass(frozen=True, slots=True)
class Change:
    """What a correction did to the newest version."""

    edits: tuple[Edit, ...]
    lines: tuple[Line, ...] = ()
    """Lines that are new or say something else now, by time."""
    removed: tuple[int, ...] = ()
    """Ids of lines that are no more."""


@transaction.atomic
def change_line(
    recording: Recording,
    *,
    line: int,
    by: User | None,
    text: str | None = None,
    speaker: str | None = None,
    seen: str | None = None,
) -> Change:
    """Its words, its speaker, or both at once; raises what `edit_text` and `set_speaker` do.

    Where both are given and one of them is so already, only the other is changed.
    """
    wishes: list[Callable[[], Change]] = []
    if speaker is not None:
        wishes.append(lambda: set_speaker(recording, line=line, speaker=speaker, by=by, seen=seen))
    if text is not None:
        wishes.append(lambda: edit_text(recording, line=line, text=text, by=by, seen=seen))
    if not wishes:
        raise Invalid(_("Say what shall change: text or speaker."), code="nothing_asked")
    done: list[Change] = []
    same: Conflict | None = None
    for wish in wishes:
        try:
            done.append(wish())
        except Conflict as conflict:
            if conflict.code != NOTHING_CHANGED:
                raise
            same = conflict
    if same is not None and not done:
        raise same
    edits = tuple(edit for one in done for edit in one.edits)
    return Change(edits, done[-1].lines, done[-1].removed)


def edit_text(
    recording: Recording, *, line: int, text: str, by: User | None, seen: str | None = None
) -> Change:
    """Other words in a line; none at all takes the line out. `seen`: the text as he saw it.

    Raises NotFound for no such line, Invalid for too long a text, Conflict when somebody else
    changed the line meanwhile or when nothing would change.
    """
    wanted = one_row(text)
    if len(wanted) > LONGEST_LINE:
        raise Invalid(_("A line has at most %(n)s characters.") % {"n": LONGEST_LINE})

    def change(found: Line, _laid: Laid) -> dict[str, Any]:
        if one_row(found.text) == wanted:
            raise Conflict(_("The line says that already."), code=NOTHING_CHANGED)
        return {"kind": Kind.TEXT, "after": {"text": wanted}}

    return _edit(recording, line, change, by=by, seen=seen)


def set_speaker(
    recording: Recording, *, line: int, speaker: str, by: User | None, seen: str | None = None
) -> Change:
    """Another speaker of one line: a name that is known, or a new one."""
    name = clean_text(speaker)
    if not name:
        raise Invalid(_("A name needs at least one visible character."), code="empty_name")
    label = _label_of(recording, name)

    def change(found: Line, _laid: Laid) -> dict[str, Any]:
        if found.speaker == label:
            raise Conflict(_("He is the speaker of that line already."), code=NOTHING_CHANGED)
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
) -> Change:
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
) -> Change:
    """One line out of this and the next one of the same track."""

    def change(found: Line, laid: Laid) -> dict[str, Any]:
        place = laid.lines.index(found)
        following = (one for one in laid.lines[place + 1 :] if one.track == found.track)
        other = next(following, None)
        if other is None:
            raise Invalid(_("There is no next line to join it with."), code="no_next_line")
        return {"kind": Kind.JOIN, "before": [found.text, other.text], "end": other.end}

    return _edit(recording, line, change, by=by, seen=seen)


def undo(edit: Edit, *, by: User | None, request: HttpRequest | None = None) -> Change:
    """Takes a correction back, also one that later ones were made on: those then may not find
    their words and are listed. Doing it twice changes nothing."""
    with transaction.atomic():
        recording = Recording.objects.select_for_update().get(pk=edit.recording_id)
        transcript = selectors.transcript_of(recording)
        before = selectors.lines_of(transcript).lines if transcript else ()
        if not Edit.objects.filter(pk=edit.pk, undone_at=None).update(undone_at=Now()):
            return Change((edit,))
        after = selectors.lines_of(transcript).lines if transcript else ()
        change = _compare(edit, before, after)
        _changed(recording, change, by=by, undone=True, request=request)
    return change


def _edit(
    recording: Recording,
    line: int,
    change: Callable[[Line, Laid], dict[str, Any]],
    *,
    by: User | None,
    seen: str | None,
) -> Change:
    with transaction.atomic():
        locked = Recording.objects.select_for_update().get(pk=recording.pk)
        transcript = selectors.transcript_of(locked)
        if transcript is None:
            raise NotFound(_("There is no transcript yet."))
        laid = selectors.sketch_of(transcript, around=line)
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
        after = lay(laid.lines, [selectors.correction_of(edit)])
        if after.lost:
            raise Conflict(_("This line can't be corrected so."), code="does_not_fit")
        done = _compare(edit, laid.lines, after.lines)
        _changed(locked, done, by=by)
    return done


def _compare(edit: Edit, before: Sequence[Line], after: Sequence[Line]) -> Change:
    was = {line.id: line for line in before}
    left = {line.id for line in after}
    return Change(
        (edit,),
        tuple(line for line in after if was.get(line.id) != line),
        tuple(key for key in was if key not in left),
    )


def _write(
    recording: Recording,
    transcript: Transcript,
    line: Line,
    fields: dict[str, Any],
    *,
    by: User | None,
) -> Edit:
    return Edit.objects.create(
        recording=recording,
        version=transcript.version,
        kind=fields["kind"],
        track_id=line.track,
        start=line.start,
        end=fields.get("end", line.end),
        before=fields.get("before", [line.text]),
        after={**fields.get("after", {}), "line": line.id},
        author=by,
    )


def _changed(
    recording: Recording,
    change: Change,
    *,
    by: User | None,
    undone: bool = False,
    request: HttpRequest | None = None,
) -> None:
    """What can be found, who is told, what the journal says: never the words themselves."""
    (edit,) = change.edits
    index.update(
        recording,
        IndexEntry.Kind.PHRASE,
        put=({"object_id": one.id, "text": one.text, "start": one.start} for one in change.lines),
        remove=change.removed,
    )
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
