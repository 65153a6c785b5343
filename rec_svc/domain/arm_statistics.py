"""What an arm of an experiment did: rates, how sure they are, and how far two arms differ.

The user is the unit, since chance gave users to arms, not plays: the plays of one user resemble
each other, and who counted them singly would take few listeners with many plays for much evidence.
A rate is the sum of what happened over the sum of what could have; its variance is that of a ratio
of means over users, by the delta method. What is summed is exact, so that arms add up however they
are kept.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from scipy.special import ndtri

_LEVEL_95 = float(-ndtri(0.025))


class Metric(enum.Enum):
    """What is measured of an arm."""

    SKIP_RATE = "skip_rate"
    """Plays skipped before they counted (30 s or half of the track), of plays. Less is better."""
    SAVE_RATE = "save_rate"
    """Tracks saved from lists within a week of their being shown, a play. More is better."""
    COMPLETION_RATE = "completion_rate"
    """Plays that came to the end of their track, of plays. More is better."""
    RETURN_RATE = "return_rate"
    """Users who came back from a day to a week after they first saw a list, of those whose week
    is over. More is better."""

    @property
    def less_is_better(self) -> bool:
        """Whether an arm does better that has less of it."""
        return self is Metric.SKIP_RATE


@dataclass(frozen=True, slots=True)
class Interval:
    """A rate and the 95 % confidence interval around it."""

    rate: float
    standard_error: float

    @property
    def lower(self) -> float:
        """Where it begins; not below 0."""
        return max(0.0, self.rate - _LEVEL_95 * self.standard_error)

    @property
    def upper(self) -> float:
        """Where it ends."""
        return self.rate + _LEVEL_95 * self.standard_error


@dataclass(frozen=True, slots=True)
class Sums:
    """Over users: how many, and of each user's ``x`` (what could happen) and ``y`` (what did)
    the sums of both, of their squares and of their product."""

    users: int = 0
    x: int = 0
    y: int = 0
    xx: int = 0
    xy: int = 0
    yy: int = 0

    def squares_about(self, rate: float) -> float:
        """The sum over users of (y - rate x)²."""
        return self.yy - 2 * rate * self.xy + rate * rate * self.xx

    def variance_about(self, rate: float) -> float:
        """The variance of the rate of these users where the true one is ``rate``."""
        return max(0.0, self.squares_about(rate)) * self.users / (self.users - 1) / self.x**2

    @property
    def known(self) -> bool:
        """Whether there is enough for a rate and its variance: two users, and something to
        count."""
        return self.users >= 2 and self.x > 0

    def interval(self) -> Interval | None:
        """The rate and how sure it is; None where there is not enough."""
        if not self.known:
            return None
        rate = self.y / self.x
        return Interval(rate, math.sqrt(self.variance_about(rate)))


@dataclass(frozen=True, slots=True)
class ArmSums:
    """What is known of an arm: the users who were shown a list in it, and the sums of each
    metric."""

    arm: str
    users: int = 0
    sums: Mapping[Metric, Sums] = field(default_factory=dict)

    def of(self, metric: Metric) -> Sums:
        """The sums of a metric; zeros where nothing was counted."""
        return self.sums.get(metric, Sums())


@dataclass(frozen=True, slots=True)
class ArmDifference:
    """How far an arm is from the control.

    ``difference`` is the arm's rate less the control's, ``z`` how many standard errors it would be
    away if there were none in truth.
    """

    difference: float
    standard_error: float
    z: float

    def interval(self, bound: float) -> tuple[float, float]:
        """Where the difference lies; ``bound`` in standard errors."""
        reach = bound * self.standard_error
        return self.difference - reach, self.difference + reach


def difference_of(control: Sums, arm: Sums) -> ArmDifference | None:
    """How far ``arm`` is from ``control``; None where either has not enough.

    ``z`` takes the rate of both together as the true one, as a test of no difference does:
    where all users of an arm are alike, its own variance would be none.
    """
    if not control.known or not arm.known:
        return None
    rates = control.y / control.x, arm.y / arm.x
    together = (control.y + arm.y) / (control.x + arm.x)
    difference = rates[1] - rates[0]
    own = control.variance_about(rates[0]) + arm.variance_about(rates[1])
    pooled = control.variance_about(together) + arm.variance_about(together)
    z = difference / math.sqrt(pooled) if pooled > 0 else 0.0
    return ArmDifference(difference, math.sqrt(own), z)
