"""The licence at work: hours, simultaneous recognitions, and nothing that is lost by a refusal."""

import threading
import time
from html import unescape

import pytest
from django.db import connection
from django.test import Client

from accounts import licences
from accounts.licences import LicenceLimit
from accounts.tests import licensing
from accounts.tests.licensing import ago, put
from recordings import services, usage
from recordings.choices import Queue, RecordingStatus, RunStatus, StepStatus
from recordings.models import Recording, Run, StepRun
from recordings.pipeline import leases, remote
from recordings.services import IncomingFile
from recordings.tests import factories, sound
from sai.transcribe import journey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _vendor(settings):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "licence_public_keys": [licensing.PUBLIC]}
    licences.forget()
    yield
    licences.forget()


def long_talk(hours=1.0):
    made = factories.recording()
    Recording.objects.filter(pk=made.pk).update(duration=hours * 3600)
    made.refresh_from_db()
    return made


def test_hours_of_this_month_count_and_what_failed_does_not():
    done, failed, waits, old, report = (long_talk() for _ in range(5))
    runs = [services.process(one, pipeline="upload") for one in (done, failed, waits, old)]
    Run.objects.filter(pk=runs[0].pk).update(status=RunStatus.RUNNING)
    Run.objects.filter(pk=runs[0].pk).update(status=RunStatus.DONE)
    assert services.cancel(failed)
    Run.objects.filter(pk=runs[3].pk).update(created_at=ago(days=32))
    services.process(report, pipeline="report")
    assert usage.hours_this_month() == 2


def test_a_run_beyond_the_hours_is_refused_and_nothing_changes():
    put(limits={"hours_per_month": 3})
    services.process(long_talk(2.5), pipeline="upload")
    second = long_talk(1)
    with pytest.raises(LicenceLimit) as error:
        services.process(second, pipeline="upload")
    assert error.value.details == {
        "limit": "hours_per_month", "allowed": 3, "used": 2.5, "wanted": 1.0,
    }  # fmt: skip
    second.refresh_from_db()
    assert second.status == RecordingStatus.READY
    assert not second.runs.exists()
    services.process(long_talk(0.5), pipeline="upload")
    services.process(second, pipeline="report")  # nothing is heard: costs no hours


@pytest.mark.django_db(transaction=True)
def test_an_expired_licence_starts_nothing_new_and_finishes_what_began():
    services.process(long_talk(), pipeline="upload")
    put(expires_at=ago(days=2), grace_days=1)
    for pipeline in ("upload", "report"):
        with pytest.raises(LicenceLimit) as error:
            services.process(long_talk(), pipeline=pipeline)
        assert error.value.code == "licence_expired"
    assert leases.claim(Queue.CPU, worker="w")


def test_a_refused_upload_is_kept_and_says_why_it_waits(root, tmp_path):
    row = put(limits={"hours_per_month": 0})
    path = sound.wav(tmp_path / "a.wav", seconds=0.5)
    owner = factories.user()
    kept, new = services.receive(owner, [IncomingFile(path, "a.wav")])
    assert new
    kept.refresh_from_db()
    assert (kept.status, kept.error["code"]) == (RecordingStatus.READY, "licence_limit")
    assert kept.error["next_action"]
    assert kept.tracks.get().file.size
    assert not kept.runs.exists()
    client = Client()
    client.force_login(owner)
    for page in (f"/recordings/{kept.pk}/", "/"):
        assert kept.error["next_action"] in unescape(client.get(page).content.decode())
    row.delete()
    services.process(kept)
    assert kept.error is None


def test_the_command_says_so_instead_of_waiting(root, tmp_path):
    put(limits={"hours_per_month": 0})
    path = sound.wav(tmp_path / "a.wav", seconds=0.5)
    words = {"language": "", "engine": "", "summary": False, "as_tracks": False}
    with pytest.raises(LicenceLimit):
        journey.take_in(factories.user(), [path], **words)
    assert Recording.objects.get().status == RecordingStatus.READY


def ready(count):
    """Steps that wait to be heard."""
    talk = factories.recording(tracks=count)
    run = services.process(talk, pipeline="transcribe")
    StepRun.objects.filter(run=run, queue=Queue.CPU, position=0).update(queue=Queue.GPU)
    return run


@pytest.mark.django_db(transaction=True)
def test_never_more_are_heard_at_once_than_licensed():
    put(limits={"simultaneous_recognitions": 3})
    ready(12)
    gate, claimed = threading.Barrier(8), []

    def one(number):
        try:
            gate.wait(10)
            claimed.extend(leases.claim(Queue.GPU, worker=f"w{number}") for _ in range(3))
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    held = [step for step in claimed if step]
    assert len(held) == usage.recognitions() == 3
    leases.settle(held[0], StepStatus.DONE)
    assert leases.claim(Queue.GPU, worker="w")
    assert leases.claim(Queue.GPU, worker="w") is None
    engine = remote.Wanted(queues=[Queue.GPU], steps=[held[0].step])
    assert remote.claim(engine, worker="engine") is None
    leases.settle(held[1], StepStatus.DONE)
    assert remote.claim(engine, worker="engine")
    assert usage.recognitions() == 3
    assert leases.claim(Queue.CPU, worker="w") is None


@pytest.mark.django_db(transaction=True)
def test_without_a_limit_claiming_asks_the_licence_once_a_second(monkeypatch):
    looks = []
    look = licences.guards.look
    monkeypatch.setattr(licences.guards, "look", lambda: looks.append(1) or look())
    run = ready(20)
    looks.clear()
    started = time.monotonic()
    for _ in range(20):
        assert leases.claim(Queue.GPU, worker="w")
    assert len(looks) <= 1 + (time.monotonic() - started)
    assert run.steps.filter(status=StepStatus.RUNNING).count() == 20
