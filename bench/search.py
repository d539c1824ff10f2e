"""Search over 100,000 phrases: Zipf-like text of Russian-looking words, snippets included.

The peer is what one would write without an index: ILIKE over the same rows, newest first.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from statistics import median

import numpy as np
from django.db import connection

from accounts.models import User
from bench import rows
from bench.row import Row
from bench.timing import percentile, seconds
from common.sql import ask
from recognition import selectors

PHRASES, PER_RECORDING, WORDS, VOCABULARY = 100_000, 100, 25, 20_000
TRIES, COMMON_MS, TYPICAL_MS = 40, 48, 10
COUNT = "SELECT count(*) FROM recognition_indexentry WHERE text ILIKE %(like)s"


def run() -> list[Row]:
    owner, admin = rows.user(), rows.user(admin=True)
    words = _fill(owner)
    typical = [f"{words[n]} {words[n + 40]}" for n in range(200, 200 + 37 * TRIES, 37)]
    return [
        row
        for who, user in (("administrator", admin), ("owner of all", owner))
        for row in (
            _row(f"commonest word, {who}", user, [words[0]] * TRIES, COMMON_MS),
            _row(f"two typical words, {who}", user, typical, TYPICAL_MS),
        )
    ]


def _row(what: str, user: User, queries: list[str], goal: int) -> Row:
    def ours(query: str) -> Callable[[], object]:
        return lambda: selectors.search(user, query)

    def peer(query: str) -> Callable[[], object]:
        return lambda: ask(COUNT, like=f"%{query.split()[0]}%")

    assert ours(queries[0])()
    own, other = [], []
    for number, query in enumerate(queries):
        own.append(1000 * seconds(ours(query)))
        if number % 8 == 0:
            other.append(1000 * seconds(peer(query)))
    p95 = percentile(own, 95)
    return Row(
        f"search: {what}",
        f"{p95:.1f} ms",
        f"{median(other):.0f} ms",
        f"{median(other) / median(own):.0f}x",
        f"p95 <= {goal} ms",
        f"{PHRASES:,} phrases, p50 {median(own):.1f} ms; peer: ILIKE, counting",
        p95 <= goal,
    )


def _fill(owner: User) -> list[str]:
    """The vocabulary, commonest word first."""
    random = np.random.default_rng(7)
    words = list(dict.fromkeys(islice(_words(random), VOCABULARY)))
    weight = 1 / np.arange(1, len(words) + 1)
    drawn = random.choice(len(words), size=(PHRASES, WORDS), p=weight / weight.sum())
    rows.recordings(owner, PHRASES // PER_RECORDING)
    ids = [recording.pk for recording in rows.all_recordings()]
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        copy = "COPY recognition_indexentry (recording_id, kind, object_id, text, start) FROM STDIN"
        with cursor.copy(copy) as target:
            for number, line in enumerate(drawn):
                text = " ".join(words[word] for word in line)
                place = ids[number // PER_RECORDING]
                target.write_row((place, "phrase", number, text, float(number % PER_RECORDING)))
        cursor.execute("VACUUM ANALYZE recognition_indexentry")
    return words


def _words(random: np.random.Generator) -> Iterator[str]:
    """Two to four syllables; as many endings as Russian nouns have."""
    first = [c + v for c in "бвгджзклмнпрстфхцчш" for v in "аеиоуыя"]
    ends = ["", "а", "у", "ом", "е", "ы", "ов", "ам", "ами", "ах"]
    while True:
        stem = "".join(random.choice(first, size=random.integers(2, 5)))
        yield stem + "к" + ends[random.integers(len(ends))]
