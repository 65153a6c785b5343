"""The log of exposures of one process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rec_svc.adapters.memory.experiments import MemoryExperiments
from rec_svc.domain.arm_statistics import ArmSums, Metric, Sums
from rec_svc.domain.experiments import Experiment
from rec_svc.domain.exposure_outcomes import CountedOutcome, Exposure, Kind, Outcome
from rec_svc.ports.exposures import ACTED_ON_MS, CAME_BACK_FROM_MS, KEPT_MS, MOST_OF_USER


@dataclass(slots=True)
class _Held:
    exposure: Exposure
    shown_at_ms: int | None = None
    counted: set[tuple[Kind, str]] = field(default_factory=set)


@dataclass(slots=True)
class _User:
    arm: str
    first_shown_ms: int
    plays: int = 0
    skips: int = 0
    completions: int = 0
    saves: int = 0
    returned: bool = False


class MemoryExposures:
    """``Exposures``, ``Outcomes`` and ``ArmCounts`` of one process."""

    def __init__(self, experiments: MemoryExperiments) -> None:
        self._experiments = experiments
        self._lists: dict[str, _Held] = {}
        self._users: dict[tuple[str, str], _User] = {}
        self._erased: set[str] = set()

    async def record(self, *exposures: Exposure) -> None:
        for exposure in exposures:
            if exposure.user_id not in self._erased:
                self._record(exposure)

    def _record(self, exposure: Exposure) -> None:
        self._lists.setdefault(exposure.shown_id, _Held(exposure))
        of_user = [one for one in self._lists.values() if one.exposure.user_id == exposure.user_id]
        of_user.sort(key=lambda one: (one.exposure.at_ms, one.exposure.shown_id), reverse=True)
        for held in of_user[MOST_OF_USER:]:
            del self._lists[held.exposure.shown_id]

    async def show(self, user_id: str, shown_ids: Sequence[str], at_ms: int) -> int:
        return sum([await self._show(user_id, shown_id, at_ms) for shown_id in set(shown_ids)])

    async def _show(self, user_id: str, shown_id: str, at_ms: int) -> bool:
        held = self._lists.get(shown_id)
        if held is None or held.exposure.user_id != user_id or held.shown_at_ms is not None:
            return False
        if at_ms >= held.exposure.at_ms + ACTED_ON_MS:
            return False
        held.shown_at_ms = max(at_ms, held.exposure.at_ms)
        running = {one.experiment_id for one in await self._experiments.running()}
        for experiment_id, arm in held.exposure.assignments.items():
            if experiment_id in running:
                self._users.setdefault((experiment_id, user_id), _User(arm, held.shown_at_ms))
        self._came_back(user_id, held.shown_at_ms)
        return True

    def _came_back(self, user_id: str, at_ms: int) -> None:
        for (_, one), user in self._users.items():
            since_ms = at_ms - user.first_shown_ms
            if one == user_id and CAME_BACK_FROM_MS <= since_ms < ACTED_ON_MS:
                user.returned = True

    async def erase(self, user_id: str) -> None:
        self._erased.add(user_id)
        self._lists = {
            key: one for key, one in self._lists.items() if one.exposure.user_id != user_id
        }
        self._users = {key: one for key, one in self._users.items() if key[1] != user_id}

    async def prune(self, now_ms: int) -> int:
        old = [key for key, one in self._lists.items() if one.exposure.at_ms <= now_ms - KEPT_MS]
        for key in old:
            del self._lists[key]
        return len(old)

    async def count(self, outcomes: Sequence[Outcome]) -> Sequence[CountedOutcome]:
        counted = []
        for outcome in outcomes:
            if outcome.shown_id:
                await self._show(outcome.user_id, outcome.shown_id, outcome.at_ms)
            held = self._list_of(outcome)
            if held is None or (outcome.kind, outcome.subject) in held.counted:
                continue
            held.counted.add((outcome.kind, outcome.subject))
            counted.append(self._count(outcome, held.exposure))
        return counted

    def _list_of(self, outcome: Outcome) -> _Held | None:
        """The list that an outcome counts for."""
        found = [
            one
            for one in self._lists.values()
            if one.exposure.user_id == outcome.user_id
            and one.shown_at_ms is not None
            and outcome.at_ms < one.shown_at_ms + ACTED_ON_MS
            and _is_of(outcome, one)
        ]
        return max(found, key=lambda one: one.shown_at_ms or 0, default=None)

    def _count(self, outcome: Outcome, exposure: Exposure) -> CountedOutcome:
        for experiment_id in exposure.assignments:
            user = self._users.get((experiment_id, outcome.user_id))
            if user is not None:
                user.plays += outcome.kind is Kind.PLAY
                user.skips += outcome.skipped
                user.completions += outcome.completed
                user.saves += outcome.kind is Kind.SAVE
        if outcome.kind is Kind.PLAY:
            self._came_back(outcome.user_id, outcome.at_ms)
        return CountedOutcome(
            outcome, exposure.surface, exposure.model_id, exposure.assignments, exposure.held_back
        )

    async def of(self, experiment: Experiment, now_ms: int) -> Sequence[ArmSums]:
        of_experiment = [
            user for (id_, _), user in self._users.items() if id_ == experiment.experiment_id
        ]
        return [
            _sums(arm.name, [one for one in of_experiment if one.arm == arm.name], now_ms)
            for arm in experiment.arms
        ]


def _is_of(outcome: Outcome, held: _Held) -> bool:
    if outcome.kind is Kind.PLAY:
        return held.exposure.shown_id == outcome.shown_id
    shown_at_ms = held.shown_at_ms or 0
    return shown_at_ms <= outcome.at_ms and outcome.subject in held.exposure.track_ids


def _sums(arm: str, users: Sequence[_User], now_ms: int) -> ArmSums:
    week_over = [one for one in users if one.first_shown_ms <= now_ms - ACTED_ON_MS]
    plays = [one.plays for one in users]
    return ArmSums(
        arm,
        len(users),
        {
            Metric.SKIP_RATE: _summed(plays, [one.skips for one in users]),
            Metric.SAVE_RATE: _summed(plays, [one.saves for one in users]),
            Metric.COMPLETION_RATE: _summed(plays, [one.completions for one in users]),
            Metric.RETURN_RATE: _summed(
                [1] * len(week_over), [int(one.returned) for one in week_over]
            ),
        },
    )


def _summed(x: Sequence[int], y: Sequence[int]) -> Sums:
    pairs = list(zip(x, y, strict=True))
    return Sums(
        users=len(pairs),
        x=sum(x),
        y=sum(y),
        xx=sum(a * a for a in x),
        xy=sum(a * b for a, b in pairs),
        yy=sum(b * b for b in y),
    )
