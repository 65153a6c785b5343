"""Experiments: arms of users who are served differently, to see which way serves them better.

Experiments of one layer share its users out among each other and never overlap; those of different
layers overlap as chance has it. Who is in an experiment, and in which of its arms, is a pure
function of the user's id (``domain.buckets``): ramping up adds users and moves nobody. Users who
are held back are in no experiment of any layer, so that what all of them did together can be told.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from meshkit.faults import InvalidArgument
from rec_svc.domain.arm_statistics import Metric
from rec_svc.domain.buckets import BUCKETS, NO_BUCKETS, BucketSet, bucket_of
from rec_svc.domain.experiment_faults import (
    ExperimentConflict,
    ExperimentState,
    LayerFull,
    ParameterTaken,
    RampDown,
)

PERCENT = BUCKETS // 100
"""How many buckets are 1 %."""
FEWEST_ARMS, MOST_ARMS = 2, 8

_HOLD_BACK_SALT = "hold-back"


class State(enum.Enum):
    """Where an experiment is in its life."""

    DRAFT = "draft"
    """Nobody is in it yet."""
    RUNNING = "running"
    """Users are in its arms."""
    STOPPED = "stopped"
    """It is over for good: nobody is in it any more, and its report stays."""


class Ranking(enum.Enum):
    """In which order what is recommended comes."""

    SCORE = "score"
    """By the score of the model."""
    POPULARITY = "popularity"
    """By how many listen to it, whatever the model says of the user."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What an arm serves differently; None: as everybody is served."""

    model_id: str | None = None
    explore_share: float | None = None
    """The share of places that are given to what is little known, 0 to 0.5."""
    ranking: Ranking | None = None

    @property
    def changed(self) -> frozenset[str]:
        """The names of those that are set."""
        return frozenset(one.name for one in fields(self) if getattr(self, one.name) is not None)

    def beside(self, other: Parameters) -> Parameters:
        """These, and of what they leave open those of ``other``."""
        given = {name: getattr(other, name) for name in other.changed - self.changed}
        return replace(self, **given)


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to serve users; ``weight_percent`` of those in the experiment are served so."""

    name: str
    weight_percent: int
    parameters: Parameters = Parameters()


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment. Its first arm is the control, against which the others are measured.

    ``planned_users`` is how many it is to see in all: then the last look is taken. ``version``
    rises with every change.
    """

    experiment_id: str
    name: str
    layer: str
    arms: tuple[Arm, ...]
    planned_users: int
    created_at_ms: int
    description: str = ""
    metric: Metric = Metric.SKIP_RATE
    state: State = State.DRAFT
    buckets: BucketSet = NO_BUCKETS
    version: int = 1
    started_at_ms: int | None = None
    stopped_at_ms: int | None = None
    conclusion: str = ""
    winner: str = ""

    @property
    def control(self) -> Arm:
        """What the others are measured against."""
        return self.arms[0]

    @property
    def treatments(self) -> tuple[Arm, ...]:
        """The other arms."""
        return self.arms[1:]

    @property
    def percent(self) -> float:
        """The share of its layer's users that it has, or had at its end."""
        return self.buckets.size / PERCENT

    @property
    def changed(self) -> frozenset[str]:
        """The parameters that any of its arms sets."""
        return frozenset().union(*(arm.parameters.changed for arm in self.arms))

    def arm_of(self, user_id: str) -> Arm | None:
        """The arm that a user is in; None where the experiment does not have them."""
        if bucket_of(_layer_salt(self.layer), user_id) not in self.buckets:
            return None
        place, until = bucket_of(self.experiment_id, user_id), 0
        for arm in self.arms:
            until += arm.weight_percent * PERCENT
            if place < until:
                return arm
        raise ValueError("the weights of an experiment's arms are 100 % together")

    def require_valid(self) -> None:
        """Raises ``InvalidArgument`` on the first field of CreateExperiment that is wrong."""
        if not FEWEST_ARMS <= len(self.arms) <= MOST_ARMS:
            raise InvalidArgument.field("arms", f"must be {FEWEST_ARMS} to {MOST_ARMS}")
        total = sum(arm.weight_percent for arm in self.arms)
        if total != 100:
            last = f"arms[{len(self.arms) - 1}].weight_percent"
            raise InvalidArgument.field(last, f"all weights must sum to 100, not {total}")
        names = [arm.name for arm in self.arms]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise InvalidArgument.field(f"arms[{index}].name", "is that of another arm")
        if len({arm.parameters for arm in self.arms}) < 2:
            raise InvalidArgument.field("arms", "must differ in a parameter, or nothing is tried")

    def require_version(self, version: int) -> None:
        """Raises ``ExperimentConflict`` unless this is the ``version`` that the caller saw;
        0: any."""
        if version not in (0, self.version):
            raise ExperimentConflict(self.version)

    def _require_state(self, state: State) -> None:
        if self.state is not state:
            raise ExperimentState(self.state.name)


def _layer_salt(layer: str) -> str:
    return f"layer:{layer}"


def started(
    experiment: Experiment, percent: float, running: Iterable[Experiment], now_ms: int
) -> Experiment:
    """``experiment`` once it has ``percent`` of its layer; ``running`` are all that run.

    Raises ``ExperimentState``, ``LayerFull``, or ``ParameterTaken`` where an experiment of another
    layer serves the same differently: of a user who is in both, nobody could say which did what.
    """
    experiment._require_state(State.DRAFT)
    others = list(running)
    for other in others:
        both = experiment.changed & other.changed
        if both and other.layer != experiment.layer:
            raise ParameterTaken(min(both), other.name)
    buckets = _grown(experiment, percent, others)
    version = experiment.version + 1
    return replace(
        experiment, state=State.RUNNING, buckets=buckets, started_at_ms=now_ms, version=version
    )


def ramped(experiment: Experiment, percent: float, running: Iterable[Experiment]) -> Experiment:
    """``experiment`` once it has ``percent`` of its layer, those that it had among them.

    Raises ``ExperimentState``, ``LayerFull``, or ``RampDown`` where it has more already. What
    it has already changes nothing.
    """
    experiment._require_state(State.RUNNING)
    wanted = round(percent * PERCENT)
    if wanted < experiment.buckets.size:
        raise RampDown(experiment.percent)
    if wanted == experiment.buckets.size:
        return experiment
    buckets = _grown(experiment, percent, running)
    return replace(experiment, buckets=buckets, version=experiment.version + 1)


def _grown(experiment: Experiment, percent: float, running: Iterable[Experiment]) -> BucketSet:
    rivals = [
        one.buckets
        for one in running
        if one.layer == experiment.layer and one.experiment_id != experiment.experiment_id
    ]
    taken = BucketSet.of(set().union(*(one.all() for one in rivals)))
    grown = experiment.buckets.grown(round(percent * PERCENT), taken)
    if grown is None:
        raise LayerFull(experiment.layer, (BUCKETS - taken.size) / PERCENT)
    return grown


def stopped(
    experiment: Experiment, now_ms: int, *, conclusion: str = "", winner: str = ""
) -> Experiment:
    """``experiment`` once it is over; its buckets are free for others.

    Raises ``InvalidArgument`` on ``winner`` for no arm of it, ``ExperimentState`` where it is over.
    """
    if winner and winner not in [arm.name for arm in experiment.arms]:
        raise InvalidArgument.field("winner", "is no arm of the experiment")
    if experiment.state is State.STOPPED:
        raise ExperimentState(experiment.state.name)
    return replace(
        experiment,
        state=State.STOPPED,
        stopped_at_ms=now_ms,
        conclusion=conclusion,
        winner=winner,
        version=experiment.version + 1,
    )


@dataclass(frozen=True, slots=True)
class Assignment:
    """The arm of an experiment that a user is in."""

    experiment: Experiment
    arm: Arm


@dataclass(frozen=True, slots=True)
class Assignments:
    """What a user is in: at most one arm a layer, and nothing at all where they are held back.

    ``otherwise`` is how everybody is served, as far as no arm says.
    """

    by_layer: Mapping[str, Assignment]
    held_back: bool = False
    otherwise: Parameters = Parameters()

    @property
    def parameters(self) -> Parameters:
        """How the user is served, by all arms together."""
        together = Parameters()
        for assignment in self.by_layer.values():
            together = together.beside(assignment.arm.parameters)
        return together.beside(self.otherwise)

    @property
    def arms(self) -> dict[str, str]:
        """The name of the arm by the id of its experiment, for the log of exposures."""
        return {one.experiment.experiment_id: one.arm.name for one in self.by_layer.values()}


@dataclass(frozen=True, slots=True)
class Running:
    """The experiments that run, the share of users who are in none, in percent, and how everybody
    is served as far as no arm says."""

    experiments: Sequence[Experiment] = ()
    held_back_percent: float = 0.0
    otherwise: Parameters = Parameters()

    def assignments(self, user_id: str) -> Assignments:
        """What a user is in."""
        found = assignments(user_id, self.experiments, held_back_percent=self.held_back_percent)
        return replace(found, otherwise=self.otherwise)


def assignments(
    user_id: str, experiments: Iterable[Experiment], *, held_back_percent: float = 0.0
) -> Assignments:
    """What a user is in of ``experiments``, which run. Pure: the same everywhere and for ever."""
    if bucket_of(_HOLD_BACK_SALT, user_id) < held_back_percent * PERCENT:
        return Assignments({}, held_back=True)
    found = {
        one.layer: Assignment(one, arm)
        for one in experiments
        if (arm := one.arm_of(user_id)) is not None
    }
    return Assignments(found)
