"""A page 250,000 recordings deep: by cursor, against OFFSET; without tracks, alike for both."""

from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts.models import User
from bench import rows
from bench.row import Row
from bench.timing import alternate, middle_ratio, seconds
from recordings import selectors
from recordings.api import pages
from recordings.api.shapes import FIELDS
from recordings.models import Recording

COUNT, DEPTH, PAGE, ROUNDS, GOAL = 300_000, 250_000, 50, 7, 20


def run() -> list[Row]:
    owner, admin = rows.user(), rows.user(admin=True)
    rows.recordings(owner, COUNT)
    return [_row("owner of all", owner), _row("administrator", admin)]


def _row(who: str, user: User) -> Row:
    last = _offset(user, DEPTH - 1, 1)[0]
    link = pages.next_link(Request(APIRequestFactory().get("/")), last)
    cursor = parse_qs(urlsplit(link).query)["cursor"][0]

    def ours() -> list[Any]:
        return pages.rows(selectors.visible_parts(user), {"cursor": cursor}, PAGE)

    def peer() -> list[Any]:
        return _offset(user, DEPTH, PAGE)

    assert [row["id"] for row in ours()] == [row["id"] for row in peer()]
    own, other = alternate(
        lambda: 1000 * seconds(ours), lambda: 1000 * seconds(peer), rounds=ROUNDS
    )
    ratio = middle_ratio(other, own)
    return Row(
        f"page {DEPTH:,} deep: {who}",
        f"{median(own):.1f} ms",
        f"{median(other):.1f} ms",
        f"{ratio:.0f}x",
        f">= {GOAL}x",
        f"{PAGE} of {COUNT:,}, rights included; peer: OFFSET in the same order",
        ratio >= GOAL,
    )


def _offset(user: User, start: int, count: int) -> list[Any]:
    mine = Recording.objects.all() if user.is_superuser else Recording.objects.filter(owner=user)
    return list(mine.order_by("-created_at", "-id").values(*FIELDS)[start : start + count])
