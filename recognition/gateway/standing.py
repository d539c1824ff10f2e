"""How the engines stand: for the admin, the REST API, the dashboard and the metrics."""

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from common.sql import ask
from recognition.gateway.register import connected
from recognition.models import Engine, EngineOutput, Outcome
from recordings.models import Recording

HELD = [Outcome.OFFERED, Outcome.WORKING]


def engines() -> QuerySet[Engine]:
    """Every engine with `connected`, `holding`, `done` and `failed`."""
    return Engine.objects.select_related("token").annotate(
        connected=Exists(connected().filter(pk=OuterRef("pk"))),
        holding=Count("requests", filter=Q(requests__outcome__in=HELD)),
        done=Count("requests", filter=Q(requests__outcome=Outcome.DONE)),
        failed=Count("requests", filter=Q(requests__outcome__in=[Outcome.FAILED, Outcome.REFUSED])),
    )


SUMMARY = """
SELECT count(*) AS connected, COALESCE(sum(e.slots), 0) AS slots,
    count(*) FILTER (WHERE e.draining) AS draining,
    (SELECT count(*) FROM recognition_enginerequest r WHERE r.outcome IN ('offered', 'working'))
        AS holding
FROM recognition_engine e
WHERE e.session IS NOT NULL AND e.heard_at > now() - interval '1 minute'"""


def summary() -> dict[str, Any]:
    """`connected`, `draining`, their `slots`, and what they are `holding`."""
    return ask(SUMMARY)[0]


def made_of(recording: Recording) -> list[EngineOutput]:
    """Sound that engines made of it, but not of whoever is left out."""
    made = EngineOutput.objects.filter(recording=recording, taken=True)
    shown = made.exclude(track__left_out=True)
    return list(shown.select_related("file", "track").order_by("pk"))
