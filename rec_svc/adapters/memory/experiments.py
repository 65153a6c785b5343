"""Experiments of one process."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.idempotency import MemoryAnswers, RequestKey
from rec_svc.adapters.codecs import experiments as codec
from rec_svc.domain.experiment_faults import (
    ExperimentExists,
    too_many_experiments_error,
    unknown_experiment_error,
)
from rec_svc.domain.experiment_reports import Look
from rec_svc.domain.experiments import Experiment, State
from rec_svc.ports.experiments import MOST_EXPERIMENTS, Decide


class MemoryExperiments:
    """The ``Experiments`` of one process; ``held`` is by name."""

    def __init__(self, *, most: int = MOST_EXPERIMENTS) -> None:
        self._answers = MemoryAnswers()
        self._most = most
        self.held: dict[str, Experiment] = {}

    async def create(self, experiment: Experiment, key: RequestKey | None = None) -> Experiment:
        async def produce() -> bytes:
            if experiment.name in self.held:
                raise ExperimentExists(experiment.name)
            if len(self.held) >= self._most:
                raise too_many_experiments_error(self._most)
            self.held[experiment.name] = experiment
            return codec.encode(experiment)

        return codec.decode(await self._answers.answer_once(None, key, produce))

    async def change(self, name: str, decide: Decide, key: RequestKey | None = None) -> Experiment:
        async def produce() -> bytes:
            found = self.held.get(name)
            if found is None:
                raise unknown_experiment_error(name)
            self.held[name] = decide(found, await self.running())
            return codec.encode(self.held[name])

        return codec.decode(await self._answers.answer_once(None, key, produce))

    async def find(self, name: str) -> Experiment | None:
        return self.held.get(name)

    async def page(
        self, state: State | None, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Experiment]:
        found = [
            one
            for one in self.held.values()
            if state in (None, one.state) and (after is None or _place(one) < after)
        ]
        return sorted(found, key=_place, reverse=True)[:limit]

    async def running(self) -> Sequence[Experiment]:
        found = (one for one in self.held.values() if one.state is State.RUNNING)
        return sorted(found, key=lambda one: one.experiment_id)


def _place(experiment: Experiment) -> tuple[int, str]:
    return experiment.created_at_ms, experiment.experiment_id


class MemoryLooks:
    """The ``Looks`` of one process."""

    def __init__(self) -> None:
        self._held: dict[str, dict[int, Look]] = {}

    async def of(self, experiment_id: str) -> Sequence[Look]:
        held = self._held.get(experiment_id, {})
        return [held[number] for number in sorted(held)]

    async def add(self, experiment_id: str, look: Look) -> bool:
        held = self._held.setdefault(experiment_id, {})
        return held.setdefault(look.number, look) is look
