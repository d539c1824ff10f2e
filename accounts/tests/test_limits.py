"""Limits: exact under parallel callers, and honest about the wait."""

import threading
import time

import pytest
from django.db import connection

from accounts import limits
from accounts.models import LimitBucket
from accounts.tidying import tidy
from common.errors import TooMany


def in_parallel(count, work):
    """Run `work(number)` in that many threads that start together; what each returned."""
    gate = threading.Barrier(count)
    found = [None] * count

    def one(number):
        try:
            gate.wait(10)
            found[number] = work(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("used_before", [False, True], ids=["new bucket", "known bucket"])
def test_fifty_at_once_let_through_exactly_the_allowed_number(used_before):
    if used_before:
        limits.take("door", rate=1, per_seconds=3600, burst=8)
        LimitBucket.objects.update(tokens=7)

    def go(_number):
        try:
            limits.take("door", rate=1, per_seconds=3600, burst=7)
        except TooMany as refused:
            return refused.wait_seconds
        return None

    waits = in_parallel(50, go)
    refused = [wait for wait in waits if wait is not None]
    assert len(waits) - len(refused) == 7
    assert all(0 < wait <= 3600 for wait in refused)


@pytest.mark.django_db
def test_after_the_stated_wait_one_more_passes_and_only_one():
    limits.take("door", rate=5, per_seconds=1, burst=1)
    with pytest.raises(TooMany) as refusal:
        limits.take("door", rate=5, per_seconds=1, burst=1)
    assert 0 < refusal.value.wait_seconds <= 0.2
    time.sleep(refusal.value.wait_seconds + 0.01)
    limits.take("door", rate=5, per_seconds=1, burst=1)
    with pytest.raises(TooMany):
        limits.take("door", rate=5, per_seconds=1, burst=1)


@pytest.mark.django_db
def test_what_is_given_back_can_be_taken_again_but_never_above_the_burst():
    limits.take("door", rate=1, burst=1)
    limits.give_back("door", 1)
    limits.give_back("door", 1)
    limits.take("door", rate=1, burst=1)
    with pytest.raises(TooMany):
        limits.take("door", rate=1, burst=1)


@pytest.mark.django_db
def test_buckets_are_apart_long_keys_too_and_idle_ones_are_forgotten():
    for key in ("a" * 300 + "1", "a" * 300 + "2"):
        limits.take(key, rate=1, burst=1)
    assert LimitBucket.objects.count() == 2
    assert limits.forget_idle() == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_limitbucket SET updated_at = now() - interval '25 hours'"
            " WHERE key = (SELECT min(key) FROM accounts_limitbucket)"
        )
    assert tidy()["limits"] == 1
    assert LimitBucket.objects.count() == 1


@pytest.mark.django_db
def test_a_bucket_that_could_never_fill_is_a_mistake():
    with pytest.raises(ValueError, match="within a day"):
        limits.take("door", rate=1, per_seconds=86400, burst=2)
    assert not LimitBucket.objects.exists()


@pytest.mark.django_db
def test_counters_wait_for_no_disk():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'accounts_limitbucket'")
        assert cursor.fetchone()[0] in ("u", b"u")
