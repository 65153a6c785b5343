"""Who may serve, at the edges of the rule."""

from __future__ import annotations

import numpy as np
import pytest

from rec_svc.domain.gate import LEAST_TESTED, Difference, Verdict, coverage_floor, judge, paired

AHEAD = Difference(0.02, 0.01)


def judged(
    to_serving: Difference | None,
    *,
    same: bool,
    popularity: Difference = AHEAD,
    coverage: float = 0.5,
    listeners: int = 1_000,
) -> Verdict:
    return judge(
        to_popularity=popularity,
        to_serving=to_serving,
        same_configuration=same,
        coverage=coverage,
        listeners=listeners,
        coverage_floor=0.02,
    )


def test_the_first_model_needs_to_beat_popularity_alone() -> None:
    assert judged(None, same=False).passed


@pytest.mark.parametrize("mean", [0.01, 0.0, -0.5])
def test_within_one_standard_error_of_popularity_it_does_not_serve(mean: float) -> None:
    verdict = judged(None, same=True, popularity=Difference(mean, 0.01))
    assert not verdict.passed
    assert "popularity" in verdict.reason


@pytest.mark.parametrize(
    ("mean", "same", "passed"),
    [
        (0.0101, False, True),
        (0.01, False, False),
        (0.0, False, False),
        (0.0, True, True),
        (-0.01, True, True),
        (-0.0101, True, False),
    ],
)
def test_beside_the_model_that_serves(mean: float, *, same: bool, passed: bool) -> None:
    assert judged(Difference(mean, 0.01), same=same).passed is passed


@pytest.mark.parametrize(("coverage", "passed"), [(0.02, True), (0.0199, False)])
def test_coverage_has_a_floor(coverage: float, *, passed: bool) -> None:
    assert judged(None, same=True, coverage=coverage).passed is passed


@pytest.mark.parametrize(
    ("listeners", "told", "few"),
    [
        (1, "of one listener. Of so few", True),
        (LEAST_TESTED - 1, "of 29 listeners. Of so few", True),
        (LEAST_TESTED, "of 30 listeners.", False),
    ],
)
def test_of_few_listeners_the_reason_says_how_many_they_are(
    listeners: int, told: str, *, few: bool
) -> None:
    verdict = judged(None, same=False, popularity=Difference(0.0, 0.01), listeners=listeners)
    assert not verdict.passed
    assert told in verdict.reason
    assert ("rarely be told" in verdict.reason) is few


@pytest.mark.parametrize(
    ("listeners", "tracks", "floor"),
    [(3_000, 100_000, 0.02), (5, 300, 0.02), (5, 5_000, 1 / 300), (0, 0, 0.0)],
)
def test_the_floor_is_no_higher_than_few_listeners_can_reach(
    listeners: int, tracks: int, floor: float
) -> None:
    assert coverage_floor(listeners, tracks) == pytest.approx(floor)


def test_differences_are_paired() -> None:
    found = paired(np.array([0.5, 0.7, 0.9]), np.array([0.4, 0.6, 0.7]))
    assert found.mean == pytest.approx(0.4 / 3)
    assert found.standard_error == pytest.approx(np.std([0.1, 0.1, 0.2], ddof=1) / np.sqrt(3))
    assert paired(np.zeros(0), np.zeros(0)) == Difference(0.0, 0.0)
