"""When a person may be written to: nights, midnights, and nights in which clocks change."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from notifications.choices import Digest
from notifications.timing import moment, quiet_end

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")


@dataclass
class Wish:
    quiet_from: dt.time | None = None
    quiet_until: dt.time | None = None
    digest: str = Digest.NONE
    digest_hour: int = 9


NIGHT = Wish(dt.time(22), dt.time(7))
NOON = Wish(dt.time(12), dt.time(13, 30))


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_without_wishes_everything_goes_at_once() -> None:
    now = utc("2026-03-05T02:00")
    assert moment(Wish(), now, MOSCOW) == (now, False)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-05T18:59", None),  # 21:59 in Moscow
        ("2026-03-05T19:00", "2026-03-06T04:00"),
        ("2026-03-05T20:59", "2026-03-06T04:00"),
        ("2026-03-05T21:00", "2026-03-06T04:00"),  # midnight there
        ("2026-03-06T03:59", "2026-03-06T04:00"),
        ("2026-03-06T04:00", None),
    ],
)
def test_quiet_hours_over_midnight(now: str, due: str | None) -> None:
    assert quiet_end(NIGHT, utc(now), MOSCOW) == (due and utc(due))
    assert moment(NIGHT, utc(now), MOSCOW) == (utc(due or now), due is not None)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-05T08:59", None),
        ("2026-03-05T09:00", "2026-03-05T10:30"),
        ("2026-03-05T10:30", None),
    ],
)
def test_quiet_hours_within_a_day(now: str, due: str | None) -> None:
    assert quiet_end(NOON, utc(now), MOSCOW) == (due and utc(due))


def test_the_night_that_is_shorter() -> None:
    """Berlin, 29 March 2026: 02:00 becomes 03:00. Seven o'clock comes an hour sooner."""
    assert quiet_end(NIGHT, utc("2026-03-28T22:00"), BERLIN) == utc("2026-03-29T05:00")
    assert quiet_end(NIGHT, utc("2026-03-29T04:59"), BERLIN) == utc("2026-03-29T05:00")
    assert quiet_end(NIGHT, utc("2026-03-29T05:00"), BERLIN) is None


def test_the_night_that_is_longer() -> None:
    """25 October 2026: 03:00 becomes 02:00. Seven o'clock comes an hour later."""
    assert quiet_end(NIGHT, utc("2026-10-24T21:30"), BERLIN) == utc("2026-10-25T06:00")
    assert quiet_end(NIGHT, utc("2026-10-25T05:30"), BERLIN) == utc("2026-10-25T06:00")


def test_an_end_that_the_clocks_skip_or_show_twice() -> None:
    """02:30 does not exist in spring: it ends at 03:30. In autumn it ends the first time."""
    wish = Wish(dt.time(23), dt.time(2, 30))
    assert quiet_end(wish, utc("2026-03-29T00:00"), BERLIN) == utc("2026-03-29T01:30")
    assert quiet_end(wish, utc("2026-10-25T00:00"), BERLIN) == utc("2026-10-25T00:30")
    assert quiet_end(wish, utc("2026-10-25T00:45"), BERLIN) is None


@pytest.mark.parametrize("day", range(1, 29))
@pytest.mark.parametrize("month", [3, 10])
def test_whatever_is_held_back_is_not_quiet_when_it_comes(month: int, day: int) -> None:
    for hour in range(24):
        now = dt.datetime(2026, month, day, hour, 17, tzinfo=dt.UTC)
        for digest in Digest:
            wish = Wish(NIGHT.quiet_from, NIGHT.quiet_until, digest, 6)
            due, _together = moment(wish, now, BERLIN)
            assert now <= due <= now + dt.timedelta(hours=26)
            assert quiet_end(wish, due, BERLIN) is None


def test_hourly_and_daily() -> None:
    hourly, daily = Wish(digest=Digest.HOURLY), Wish(digest=Digest.DAILY, digest_hour=9)
    assert moment(hourly, utc("2026-03-05T10:20"), MOSCOW) == (utc("2026-03-05T11:00"), True)
    assert moment(daily, utc("2026-03-05T05:59"), MOSCOW) == (utc("2026-03-05T06:00"), True)
    assert moment(daily, utc("2026-03-05T06:00"), MOSCOW) == (utc("2026-03-06T06:00"), True)
    assert moment(daily, utc("2026-03-28T20:00"), BERLIN) == (utc("2026-03-29T07:00"), True)


def test_a_digest_in_quiet_hours_comes_at_their_end() -> None:
    wish = Wish(dt.time(22), dt.time(10), Digest.DAILY, 9)
    assert moment(wish, utc("2026-03-05T15:00"), MOSCOW) == (utc("2026-03-06T07:00"), True)
    hourly = Wish(dt.time(22), dt.time(7), Digest.HOURLY)
    assert moment(hourly, utc("2026-03-05T18:30"), MOSCOW) == (utc("2026-03-06T04:00"), True)
