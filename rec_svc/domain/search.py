"""A small seeded search for parameters: random points of a space, tried one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Point = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``, drawn evenly, or evenly in the logarithm."""

    low: float
    high: float
    logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """A point that was tried, and what it reached on the validation part."""

    point: Point
    reached: float


def points(
    space: Mapping[str, Range], start: Point, count: int, seed: int
) -> list[dict[str, float]]:
    """``start``, then ``count`` - 1 points of ``space``; the same for the same seed.

    Every second one is drawn near ``start``, so that a good one is refined.
    """
    rng = np.random.default_rng(seed)
    drawn = (
        {name: _drawn(rng, name, span, start, near=number % 2 == 1) for name, span in space.items()}
        for number in range(1, count)
    )
    return [dict(start), *drawn]


def search(
    asked: Sequence[Point],
    attempt: Callable[[Point], float],
    done: Sequence[Trial] = (),
    tell: Callable[[Trial], None] = lambda _: None,
) -> Trial:
    """The best of ``asked``; of equals the first. Those of ``done`` are not tried again.

    ``tell`` hears each new trial, so that a search that was killed goes on where it was. Raises
    ValueError where nothing is asked.
    """
    known = {_key(trial.point): trial for trial in done}
    trials: list[Trial] = []
    for point in asked:
        trial = known.get(_key(point))
        if trial is None:
            trial = Trial(point, attempt(point))
            tell(trial)
        trials.append(trial)
    return max(trials, key=lambda trial: trial.reached)


def _drawn(rng: np.random.Generator, name: str, span: Range, start: Point, *, near: bool) -> float:
    low, high = (np.log(span.low), np.log(span.high)) if span.logarithmic else (span.low, span.high)
    if near and name in start:
        middle = np.log(start[name]) if span.logarithmic else start[name]
        value = np.clip(middle + rng.normal() * (high - low) / 6, low, high)
    else:
        value = rng.uniform(low, high)
    return float(np.exp(value) if span.logarithmic else value)


def _key(point: Point) -> tuple[tuple[str, float], ...]:
    return tuple(sorted((name, round(value, 9)) for name, value in point.items()))
