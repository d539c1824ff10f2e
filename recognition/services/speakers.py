"""Names of speakers: the label stays in the transcript, what people see may be another name."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action
from common.errors import Invalid, NotFound
from notifications import events
from recognition import selectors
from recognition.models import SpeakerName
from recordings.models import Recording
from recordings.services.values import clean_text


@transaction.atomic
def rename_speaker(recording: Recording, *, label: str, name: str, by: Any) -> dict[str, str]:
    """Shows `label` as `name` from now on, in all versions; an empty name shows the label again.

    -> all names. NotFound when nobody has that label, Invalid for a name without a letter.
    """
    transcript = selectors.transcript_of(recording)
    if transcript is None or label not in selectors.speakers_of(transcript):
        raise NotFound(_("Nobody in this transcript has that label."), code="unknown_speaker")
    shown = clean_text(name)
    if name.strip() and not shown:
        raise Invalid(_("A name needs at least one visible character."), code="empty_name")
    if shown and shown != label:
        SpeakerName.objects.update_or_create(
            recording=recording, label=label, defaults={"name": shown}
        )
    else:
        SpeakerName.objects.filter(recording=recording, label=label).delete()
    audit.record(by, Action.CHANGE, "recording", recording.pk, data={"what": "speaker"})
    events.append(
        events.TRANSCRIPT_CHANGED,
        object_type="recording",
        object_id=recording.pk,
        topic=f"recording:{recording.pk}",
    )
    return selectors.names_of(recording)
