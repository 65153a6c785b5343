"""What is known of an experiment: its arms, the looks that were taken, and what they prove."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from rec_svc.domain.arm_statistics import ArmDifference, ArmSums, Metric, difference_of
from rec_svc.domain.experiments import Arm, Experiment
from rec_svc.domain.sample_ratio import MISMATCH_P, sample_ratio_p
from rec_svc.domain.sequential import bounds

ALPHA = 0.05
"""The probability that any arm is called better or worse where none is, over all looks."""
LOOK_SHARE = 0.05
"""The next look is taken when so much more of the planned users was seen: at most 20 looks."""
FEWEST_USERS = 20
"""No look is taken before every arm has so many users: with fewer no rate is normal."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was known when the data were looked at to decide. ``number`` is from 1."""

    number: int
    fraction: float
    taken_at_ms: int
    arms: tuple[ArmSums, ...]

    @property
    def users(self) -> int:
        """How many had been shown a list."""
        return sum(arm.users for arm in self.arms)

    def of(self, arm: str) -> ArmSums:
        """What was known of an arm."""
        return next((one for one in self.arms if one.arm == arm), ArmSums(arm))


class ArmVerdict(enum.Enum):
    """What the looks prove of an arm beside the control."""

    UNDECIDED = "undecided"
    """No bound was crossed yet: go on."""
    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no difference"
    """All planned users were seen, and no bound was crossed."""
    INVALID = "invalid"
    """The users of the arms are not in the ratio of their weights: nothing is proved."""


@dataclass(frozen=True, slots=True)
class SeenAt:
    """An arm beside the control at a look; ``z`` is None where a rate was not known yet."""

    look: Look
    bound: float
    z: float | None

    @property
    def crossed(self) -> bool:
        """Whether the difference is no chance."""
        return self.z is not None and abs(self.z) >= self.bound


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm beside the control in the metric that decides."""

    arm: str
    verdict: ArmVerdict
    looks: tuple[SeenAt, ...]
    difference: ArmDifference | None
    """As of now; what is decided follows from the looks alone."""

    @property
    def bound(self) -> float | None:
        """The bound of the last look."""
        return self.looks[-1].bound if self.looks else None


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. ``arms`` is what is known now, in the order of the experiment."""

    experiment: Experiment
    arms: tuple[ArmSums, ...]
    looks: tuple[Look, ...]
    comparisons: tuple[Comparison, ...]
    sample_ratio_p: float

    @property
    def users(self) -> int:
        """How many were shown a list."""
        return sum(arm.users for arm in self.arms)

    @property
    def valid(self) -> bool:
        """Whether the users of the arms are in the ratio of their weights."""
        return self.sample_ratio_p >= MISMATCH_P


def fraction_seen(experiment: Experiment, arms: Sequence[ArmSums]) -> float:
    """How much of the planned users was seen, at most 1."""
    return min(1.0, sum(arm.users for arm in arms) / experiment.planned_users)


def look_is_due(experiment: Experiment, arms: Sequence[ArmSums], last: Look | None) -> bool:
    """Whether enough more was seen since the last look to take another one."""
    if any(arm.users < FEWEST_USERS for arm in arms):
        return False
    before, now = last.fraction if last else 0.0, fraction_seen(experiment, arms)
    if now == 1.0:
        return before < 1.0
    # None shortly before the last one, which would have next to nothing new to see.
    return now - before >= LOOK_SHARE and now <= 1.0 - LOOK_SHARE


def report_of(experiment: Experiment, arms: Sequence[ArmSums], looks: Sequence[Look]) -> Report:
    """The report; ``arms`` are in the order of the experiment, ``looks`` in that of their
    numbers."""
    p = sample_ratio_p([one.users for one in arms], [one.weight_percent for one in experiment.arms])
    # Several arms have several chances to be wrong: each may be so by its part (Bonferroni).
    alpha = ALPHA / len(experiment.treatments)
    edges = bounds([look.fraction for look in looks], alpha)
    comparisons = [
        _comparison(
            experiment, arm, arms, list(zip(looks, edges, strict=True)), valid=p >= MISMATCH_P
        )
        for arm in experiment.treatments
    ]
    return Report(experiment, tuple(arms), tuple(looks), tuple(comparisons), p)


def _comparison(
    experiment: Experiment,
    arm: Arm,
    arms: Sequence[ArmSums],
    looks: Sequence[tuple[Look, float]],
    *,
    valid: bool,
) -> Comparison:
    control, metric = experiment.control.name, experiment.metric
    seen = tuple(_seen_at(look, bound, control, arm.name, metric) for look, bound in looks)
    now = {one.arm: one.of(metric) for one in arms}
    difference = difference_of(now[control], now[arm.name])
    verdict = _verdict(seen, metric) if valid else ArmVerdict.INVALID
    return Comparison(arm.name, verdict, seen, difference)


def _seen_at(look: Look, bound: float, control: str, arm: str, metric: Metric) -> SeenAt:
    difference = difference_of(look.of(control).of(metric), look.of(arm).of(metric))
    return SeenAt(look, bound, difference.z if difference else None)


def _verdict(seen: Sequence[SeenAt], metric: Metric) -> ArmVerdict:
    """What the first look proves that crossed its bound."""
    for one in seen:
        if one.crossed and one.z is not None:
            return ArmVerdict.BETTER if (one.z < 0) is metric.less_is_better else ArmVerdict.WORSE
    over = bool(seen) and seen[-1].look.fraction >= 1.0
    return ArmVerdict.NO_DIFFERENCE if over else ArmVerdict.UNDECIDED
