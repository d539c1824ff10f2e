"""Faults by switch: each kind, what it does, what it may be told, and whether it strikes now."""

import fnmatch
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ANY, DOWNLOADS, TOKENS = "*", "*/download", "*/token"


@dataclass(frozen=True)
class Kind:
    """What a fault does, where it strikes unless told, and its options with their defaults."""

    meaning: str
    path: str = ANY
    options: Mapping[str, Any] = field(default_factory=dict)


KINDS: dict[str, Kind] = {
    # any request
    "html_502": Kind("a proxy's HTML page instead of an answer", options={"status": 502}),
    "error": Kind(
        "a JSON error", options={"status": 500, "reason": "internalError", "retry_after": None}
    ),
    "hang": Kind("takes the request and never answers (or for `seconds`)", options={"seconds": 0}),
    "delay": Kind("answers late", options={"seconds": 1.0}),
    "cut": Kind(
        "closes the connection after so many bytes of the body; 0: resets it before the answer",
        DOWNLOADS,
        {"after": 1000},
    ),
    "slow": Kind("so many bytes of the body in a second", DOWNLOADS, {"bytes_per_second": 10_000}),
    "clock_skew": Kind("the Date header is off by so many seconds", options={"seconds": 3600}),
    # tokens
    "expired_token": Kind("the token that comes with a request expires at that moment"),
    "rejected_token": Kind("every token is refused, a new one as well"),
    "rejected_credentials": Kind("the token endpoints refuse", TOKENS),
    "missing_scope": Kind(
        "a scope is not granted and not allowed", options={"scope": "conferences.records:read"}
    ),
    # sign-in of people
    "doubled_callback": Kind("the callback is delivered twice with one code"),
    "lost_state": Kind("the callback says state=null"),
    # what lists say
    "doubled_page": Kind("a page begins with the last row of the page before it"),
    "wrong_size": Kind("tracks are listed with a wrong size", options={"delta": 100}),
    "wrong_sha256": Kind("tracks are listed with a wrong SHA-256"),
    "no_sha256": Kind("tracks are listed without SHA-256"),
    "no_download_url": Kind("tracks are listed without download_url"),
    "foreign_download_url": Kind(
        "download_url names another host", options={"url": "http://198.51.100.7/track"}
    ),
    # track files
    "track_404": Kind("a listed track can't be had", DOWNLOADS),
    "short_file": Kind("a shorter file, said to be whole", DOWNLOADS, {"missing": 100}),
    "corrupt": Kind("the right size, other bytes", DOWNLOADS),
    "ignore_range": Kind("Range is ignored: 200 and the whole file", DOWNLOADS),
    "wrong_range": Kind("206 with another range than was asked for", DOWNLOADS),
    "changed_etag": Kind("another ETag at each request", DOWNLOADS),
    # the chat bot socket; `path` is the method of the frame
    "chat_drop": Kind(
        "the socket closes instead of answering; `delivered`: what was asked is done all the same",
        options={"delivered": False},
    ),
    "chat_silent": Kind("a frame is not answered"),
    "chat_error": Kind("a frame is answered with an error code", options={"code": 300}),
}


COUNTS = {"skip": 0, "chance": 1.0, "times": 1}
LEAST = {"times": 1, "bytes_per_second": 1, "delta": -(10**9), "seconds": -(10**9)}


def _check(given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Raises ValueError where a number should stand and something else does, or one too low."""
    for name, value in given.items():
        if isinstance(known[name], bool) and not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false.")
        if isinstance(known[name], bool) or not isinstance(known[name], int | float):
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or value < LEAST.get(name, 0):
            raise ValueError(f"{name} must be a number, and not below {LEAST.get(name, 0)}.")


@dataclass
class Fault:
    """One switch that is on."""

    kind: str
    path: str
    times: int | None
    skip: int
    chance: float
    options: dict[str, Any]
    struck: int = 0

    def __getitem__(self, name: str) -> Any:
        return self.options[name]


class Faults:
    """All switches of a server. Thread safe."""

    def __init__(self, seed: int = 1) -> None:
        self._on: list[Fault] = []
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 - which request is struck, no secret

    def add(
        self,
        kind: str,
        *,
        path: str | None = None,
        times: int | None = None,
        skip: int = 0,
        chance: float = 1.0,
        **options: Any,
    ) -> Fault:
        """Switch a fault on.

        `path` with `*` says where, `times` how often (None: until removed), `skip` lets that many
        matching requests pass first, `chance` strikes only sometimes. Raises ValueError for a kind
        or an option that does not exist.
        """
        if kind not in KINDS:
            raise ValueError(f"There is no fault “{kind}”. There are: {', '.join(KINDS)}.")
        unknown = set(options) - set(KINDS[kind].options)
        if unknown:
            known = ", ".join(KINDS[kind].options) or "none"
            raise ValueError(
                f"“{kind}” has no option {', '.join(sorted(unknown))}; it has {known}."
            )
        numbers = {"skip": skip, "chance": chance, **({} if times is None else {"times": times})}
        _check({**numbers, **options}, {**COUNTS, **KINDS[kind].options})
        where = KINDS[kind].path if path is None else str(path)
        fault = Fault(kind, where, times, skip, chance, {**KINDS[kind].options, **options})
        with self._lock:
            self._on.append(fault)
        return fault

    def remove(self, kind: str | None = None) -> None:
        """Switch one kind off, or everything."""
        with self._lock:
            self._on = [fault for fault in self._on if kind and fault.kind != kind]

    def take(self, kind: str, path: str) -> Fault | None:
        """The fault that strikes this request, and count it."""
        with self._lock:
            for fault in self._on:
                if fault.kind == kind and fnmatch.fnmatchcase(path, fault.path):
                    return fault if self._strikes(fault) else None
        return None

    def on(self, kind: str | None = None) -> list[Fault]:
        """What is switched on now."""
        with self._lock:
            return [fault for fault in self._on if kind in (None, fault.kind)]

    def _strikes(self, fault: Fault) -> bool:
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.chance < 1 and self._random.random() >= fault.chance:
            return False
        fault.struck += 1
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._on.remove(fault)
        return True
