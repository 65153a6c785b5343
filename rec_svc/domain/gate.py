"""Whether a model may serve: the rule, and its reason in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COVERAGE_FLOOR = 0.02
"""At least this share of all tracks must be among somebody's ten."""

LEAST_TESTED = 30
"""With fewer listeners than this little can be told."""

_PLACES = 10
_LEAST_DIFFERENT = 1 / 3


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of the paired differences of a measure over listeners, and its standard error."""

    mean: float
    standard_error: float

    @property
    def better(self) -> bool:
        """Whether it is above 0 by more than one standard error."""
        return self.mean > self.standard_error

    @property
    def worse(self) -> bool:
        """Whether it is below 0 by more than one standard error."""
        return self.mean < -self.standard_error


@dataclass(frozen=True, slots=True)
class Verdict:
    """``passed`` and ``reason``, a sentence for people; the differences that it rests on."""

    passed: bool
    reason: str
    to_popularity: Difference
    to_serving: Difference | None


def paired(candidate: NDArray[np.float64], other: NDArray[np.float64]) -> Difference:
    """How ``candidate`` differs from ``other``, listener by listener; same lengths."""
    differences = candidate - other
    size = len(differences)
    mean = float(differences.mean()) if size else 0.0
    error = float(differences.std(ddof=1) / np.sqrt(size)) if size > 1 else 0.0
    return Difference(mean, error)


def judge(
    *,
    to_popularity: Difference,
    to_serving: Difference | None,
    same_configuration: bool,
    coverage: float,
    listeners: int,
    coverage_floor: float = COVERAGE_FLOOR,
) -> Verdict:
    """The verdict on NDCG@10 and coverage@10, measured of so many ``listeners``.

    A model must beat popularity beyond one standard error of the paired difference. Beside a model
    that serves (``to_serving`` is not None) one of the ``same_configuration`` must not be worse by
    more than one, one of another must be better by more than one. Coverage must reach the floor.
    """
    reason = (
        _against_popularity(to_popularity, listeners)
        or _against_serving(to_serving, same_configuration=same_configuration)
        or _against_floor(coverage, coverage_floor)
    )
    if reason:
        return Verdict(False, reason, to_popularity, to_serving)
    return Verdict(True, _passed(to_popularity, to_serving), to_popularity, to_serving)


def coverage_floor(listeners: int, tracks: int, floor: float = COVERAGE_FLOOR) -> float:
    """The share of ``tracks`` that must be shown to somebody.

    Of few listeners' tens a third must be different tracks: all of them together may be less than
    the ``floor`` of a large library.
    """
    return min(floor, _LEAST_DIFFERENT * _PLACES * listeners / max(tracks, 1))


def _against_popularity(difference: Difference, listeners: int) -> str:
    if difference.better:
        return ""
    told = f"It does not beat popularity: NDCG@10 {_told(difference)}, of {_people(listeners)}."
    if listeners >= LEAST_TESTED:
        return told
    return f"{told} Of so few, what goes with what can rarely be told; it is tried again daily."


def _people(listeners: int) -> str:
    return "one listener" if listeners == 1 else f"{listeners:,} listeners"


def _against_serving(difference: Difference | None, *, same_configuration: bool) -> str:
    if difference is None:
        return ""
    if same_configuration and difference.worse:
        return f"It is worse than the model that serves: NDCG@10 {_told(difference)}."
    if not same_configuration and not difference.better:
        return f"A new configuration must beat the model that serves: NDCG@10 {_told(difference)}."
    return ""


def _against_floor(coverage: float, floor: float) -> str:
    if coverage >= floor:
        return ""
    return f"It recommends too few tracks: {coverage:.1%} of all, where {floor:.1%} is the least."


def _passed(to_popularity: Difference, to_serving: Difference | None) -> str:
    beside = f", than the model that serves {_told(to_serving)}" if to_serving else ""
    return f"NDCG@10 against popularity {_told(to_popularity)}{beside}."


def _told(difference: Difference) -> str:
    return f"{difference.mean:+.4f} ± {difference.standard_error:.4f}"
