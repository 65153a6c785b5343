"""The search for parameters is the same for the same seed and goes on where it was."""

from __future__ import annotations

from rec_svc.domain.search import Point, Range, Trial, points, search

SPACE = {"ridge": Range(0.001, 1.0, logarithmic=True), "negatives": Range(0.0, 1.0)}
START = {"ridge": 0.01, "negatives": 0.5}


def test_points_begin_with_the_start_and_stay_in_the_space() -> None:
    found = points(SPACE, START, 40, seed=1)
    assert found[0] == START
    assert found == points(SPACE, START, 40, seed=1)
    assert all(span.low <= p[name] <= span.high for p in found for name, span in SPACE.items())


def test_the_best_is_found_and_what_was_tried_is_not_tried_again() -> None:
    asked = points(SPACE, START, 8, seed=1)
    tried: list[Point] = []
    told: list[Trial] = []

    def attempt(point: Point) -> float:
        tried.append(point)
        return -abs(point["ridge"] - 0.01)

    done = [Trial(asked[3], 7.0)]
    assert search(asked, attempt, done, told.append) == done[0]
    assert tried == [*asked[:3], *asked[4:]]
    assert [trial.point for trial in told] == tried
