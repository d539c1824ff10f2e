"""What Prometheus is told, and that the shipped alerts ask for nothing that is not told."""

import datetime as dt
import re
from pathlib import Path

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from notifications.models import Delivery, Event, StreamCursor, Webhook
from recordings import services
from recordings.choices import StepStatus
from recordings.models import StepRun
from recordings.tests import factories
from sai import figures, memory

pytestmark = pytest.mark.django_db
ALERTS = Path(__file__).resolve().parents[2] / "docs" / "alerts.yml"
OPERATIONS = ALERTS.with_name("operations.md")


def told() -> dict[str, float]:
    """Every line of the answer: `name{labels}` -> value."""
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    lines = [line for line in answer.content.decode().splitlines() if line[:1] not in "#"]
    return {name: float(value) for name, _blank, value in (line.rpartition(" ") for line in lines)}


def test_what_waits_and_what_it_took() -> None:
    now = timezone.now()
    run = services.process(factories.recording())
    step = run.steps.order_by("pk").last()
    assert step
    StepRun.objects.filter(run=run).update(cost=0)
    StepRun.objects.filter(pk=step.pk).update(cost=7200, queue="gpu")
    for number, seconds in enumerate((1, 2, 3, 100)):
        StepRun.objects.create(
            run=run,
            recording=run.recording,
            position=20 + number,
            step="recognition.steps.Transcribe",
            status=StepStatus.DONE,
            ready_at=now - dt.timedelta(seconds=500),
            started_at=now - dt.timedelta(seconds=200),
            finished_at=now - dt.timedelta(seconds=200 - seconds),
        )
    found = told()
    assert found['sai_backlog_hours{queue="gpu"}'] == 2
    median = 'sai_step_run_seconds{quantile="0.5",step="Transcribe"}'
    assert found[median] == pytest.approx(2.5)
    assert found[median.replace("0.5", "0.99")] == pytest.approx(97.09)
    assert found['sai_step_wait_seconds{quantile="0.95",step="Transcribe"}'] == pytest.approx(300)


def test_why_recordings_failed() -> None:
    factories.recording(status="failed", error={"code": "no_model"})
    assert told()['sai_failed_recordings{reason="no_model"}'] == 1


def test_messages_and_webhooks_that_do_not_go_out() -> None:
    now, who = timezone.now(), factories.user()
    for number, (status, hours) in enumerate((("waiting", -1), ("waiting", 1), ("failed", -1))):
        due = now + dt.timedelta(hours=hours)
        key = str(number)
        Delivery.objects.create(
            recipient=who, channel="email", key=key, status=status, ready_at=due
        )
    webhook = Webhook.objects.create(
        name='a "crm"', url="https://a.example/", events=["*"], failures=4, paused_at=now
    )
    webhook.deliveries.create(type="x.y", object_key="x:1", body="{}")
    Event.objects.create(seq=41, type="x.y", object_type="x", object_id="1", topic="x:1")
    StreamCursor.objects.update_or_create(name="notices", defaults={"seq": 1})
    found = told()
    assert found['sai_notices_undelivered{channel="email"}'] == 1
    assert found['sai_notices_oldest_seconds{channel="email"}'] == pytest.approx(3600, abs=60)
    assert found['sai_notices_failed{channel="email"}'] == 1
    hook = '{webhook="a \\"crm\\""}'
    assert found[f"sai_webhook_failures{hook}"] == 4
    assert found[f"sai_webhook_paused{hook}"] == 1
    assert found[f"sai_webhook_waiting{hook}"] == 1
    assert found['sai_stream_behind{reader="notices"}'] >= 40


def test_memory_of_the_machine_or_of_the_container(tmp_path: Path, monkeypatch) -> None:
    found = told()
    assert 0 < found["sai_memory_available_bytes"] <= found["sai_memory_bytes"]
    (tmp_path / "info").write_text("MemTotal: 1000 kB\nMemAvailable: 600 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "info")
    monkeypatch.setattr(memory, "LIMIT", tmp_path / "max")
    monkeypatch.setattr(memory, "IN_USE", tmp_path / "current")
    assert memory.of_this_machine() == (1_024_000, 614_400)
    (tmp_path / "max").write_text("max\n")
    assert memory.of_this_machine() == (1_024_000, 614_400)
    (tmp_path / "max").write_text("500000\n")
    (tmp_path / "current").write_text("450000\n")
    assert memory.of_this_machine() == (500_000, 50_000)


def rules() -> list[dict]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_alert_is_whole() -> None:
    found = rules()
    assert len({rule["alert"] for rule in found}) == len(found) >= 10
    for rule in found:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "action"}
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_alerts_ask_only_for_what_is_told() -> None:
    helped = set(re.findall(r"# HELP (\w+)", Client().get("/metrics").content.decode()))
    for rule in rules():
        asked = set(re.findall(r"\bsai_\w+", rule["expr"]))
        assert asked <= helped, rule["alert"]


def test_operations_explain_every_metric() -> None:
    text = OPERATIONS.read_text()
    told_of = {name for name in figures.FIGURES if name in text}
    assert told_of == set(figures.FIGURES)
