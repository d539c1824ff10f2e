"""Measuring two things side by side: the machine's noise hits both."""

import time
from collections.abc import Callable, Sequence
from statistics import median


def alternate(
    ours: Callable[[], float], peer: Callable[[], float], *, rounds: int
) -> tuple[list[float], list[float]]:
    """Both in turn, first one and then the other first; what each measured, round by round."""
    first, second = [], []
    for number in range(rounds):
        if number % 2:
            second.append(peer())
            first.append(ours())
        else:
            first.append(ours())
            second.append(peer())
    return first, second


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def middle_ratio(ours: Sequence[float], peer: Sequence[float]) -> float:
    """The median of the ratios of the rounds: a noisy minute counts once."""
    return median(one / other for one, other in zip(ours, peer, strict=True))


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(len(ordered) * percent / 100))]
