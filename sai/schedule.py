"""What beat does and how often: rows of django-celery-beat, where it can be changed."""

import json
from datetime import timedelta

from django_celery_beat.models import IntervalSchedule, PeriodicTask

from sai.env import env

SCHEDULE: dict[str, tuple[str, timedelta]] = {
    "sweep expired leases": ("recordings.tasks.sweep", timedelta(seconds=env.sweep_seconds)),
    "look for conferences": ("recordings.tasks.call_lookers", timedelta(seconds=15)),
    "tidy up sessions and limits": ("accounts.tidy", timedelta(hours=1)),
    "forget answers of language models": (
        "analytics.tasks.forget_answers",
        timedelta(days=1),
    ),
    "make notices": ("notifications.make_notices", timedelta(seconds=3)),
    "deliver notices": ("notifications.deliver", timedelta(seconds=5)),
    "deliver webhooks": ("notifications.deliver_webhooks", timedelta(seconds=5)),
    "keep the rules of retention": ("recordings.keep_the_rules", timedelta(hours=1)),
    "forget old events": ("notifications.prune_events", timedelta(days=1)),
}


def install() -> None:
    """Writes rows that are missing; those that an administrator changed stay as they are."""
    for name, (task, every) in SCHEDULE.items():
        seconds = max(1, round(every.total_seconds()))
        interval, _ = IntervalSchedule.objects.get_or_create(
            every=seconds, period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.get_or_create(
            name=name,
            defaults={
                "task": task,
                "interval": interval,
                "expire_seconds": seconds * 2,
                "args": json.dumps([]),
            },
        )
