"""A worker process that is called while it is at work."""

import threading

import pytest

from recordings import tasks


def test_a_call_that_comes_at_the_end_of_work_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other thread has looked for the last time and still holds the process."""
    drained: list[str] = []

    def drain(queue: str) -> int:
        drained.append(queue)
        if len(drained) == 1:
            late = threading.Thread(target=tasks.wake, args=["gpu"])
            late.start()
            late.join(5)
            assert not late.is_alive(), "who calls a process at work must not wait for it"
            assert drained == ["cpu"]
        return 0

    monkeypatch.setattr(tasks, "drain", drain)
    tasks.wake("cpu")
    assert drained == ["cpu", "gpu"]
