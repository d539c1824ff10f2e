"""What the admin's stories share: rows of everything, and addresses."""

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from analytics.models import LanguageAnswer, Summary
from analytics.services import save_prompt
from conferences.models import ConferenceSettings, Connection
from notifications.models import Delivery, Notice, Webhook
from recognition.models import (
    Engine,
    EngineRequest,
    IndexEntry,
    Phrase,
    SpeakerName,
    TrackWords,
    Transcript,
)
from recordings import services
from recordings.choices import Right, StepStatus
from recordings.models import (
    Access,
    Recording,
    RetentionRule,
    StepRun,
    StepSpeed,
)
from recordings.storage import files
from recordings.tests import factories
from sai import schedule

ERROR = {
    "code": "truncated",
    "message": "The file ends <b>in the middle</b>.",
    "retryable": False,
    "next_action": "Copy it again.",
}
SUBMIT = {"_form_submitted": "True"}


def page(model, what="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


def conversation(owner=None, *, lines=3, **fields):
    """A recording with everything that may hang on one."""
    made = factories.recording(owner, tracks=2)
    Recording.objects.filter(pk=made.pk).update(**fields, updated_at=timezone.now())
    run = services.process(made, pipeline="upload")
    step = run.steps.first()
    lease = timezone.now() + dt.timedelta(seconds=30)
    StepRun.objects.filter(pk=step.pk).update(
        status=StepStatus.RUNNING, lease_until=lease, started_at=timezone.now(),
        worker="host:abc:1/77/5", progress=40, attempt=2, failures=1, error=ERROR,
    )  # fmt: skip
    engine = Engine.objects.create(engine_id=made.pk.hex, capabilities=["transcribe"])
    EngineRequest.objects.create(step=step, attempt=2, engine=engine, kind="transcribe")
    Access.objects.create(recording=made, user=factories.user(), rights=[Right.VIEW])
    track = made.tracks.first()
    TrackWords.objects.create(track=track, engine="fake", segments=[], envelope=b"")
    script = Transcript.objects.create(recording=made, version=1, engine="fake", language="en")
    phrases = Phrase.objects.bulk_create(
        Phrase(transcript=script, position=n, start=n, end=n + 1, text=f"budget {n}", speaker="A")
        for n in range(lines)
    )
    IndexEntry.objects.create(recording=made, kind="phrase", object_id=phrases[0].pk, text="budget")
    SpeakerName.objects.create(recording=made, label="A", name="Anna")
    summary = Summary.objects.create(recording=made, transcript=script, engine="m", text="text")
    summary.items.create(position=0, text="The budget.", evidence=[phrases[0].pk], verified=True)
    return made


def furnish(count=1):
    """At least `count` rows of everything the admin lists."""
    schedule.install()
    for _ in range(count):
        name = conversation().pk.hex
        save_prompt(name, "Summarise {{ title }}")
        StepSpeed.objects.create(step=f"x.{name}", seconds_per_second=0.1)
        LanguageAnswer.objects.create(key=name, answer="yes")
        _tell(name)
        _meet(name)
        RetentionRule.objects.create(name=name, all_days=365)


def _tell(name):
    """A notice on its way, and a webhook that did not get its event."""
    who = {"recipient": factories.user(), "key": name}
    notice = Notice.objects.create(fact="recognised", object_type="recording", **who)
    delivery = Delivery.objects.create(channel="email", error=ERROR, **who)
    delivery.notices.add(notice)
    webhook = Webhook.objects.create(name=name, url="https://a.example/", events=["*"])
    webhook.deliveries.create(type="run.status", object_key="run:1", body="{}", error="status")


def _meet(name):
    """A conference of a server, one of whose tracks can't be had."""
    ConferenceSettings.objects.get_or_create(pk=1)
    connection = Connection.objects.create(name=name, url=f"https://{name}.example", error=ERROR)
    conference = connection.conferences.create(remote_id=name, topic="Budget")
    conference.participants.create(call_id=f"anna@{name}")
    session = conference.sessions.create(remote_id=name, ended=True)
    session.tracks.create(connection=connection, remote_id=name, status="failed", error=ERROR)


def stored_recording(tmp_path):
    """Its track's bytes really lie in the storage."""
    made = factories.recording()
    source = tmp_path / "sound.wav"
    source.write_bytes(b"RIFF")
    track = made.tracks.get()
    track.file = files.publish(source, content_type="audio/wav")
    track.save()
    return made, track.file
