"""Looks at experiments, taken when so many users were seen and not when somebody is curious."""

from __future__ import annotations

from rec_svc.domain.experiment_reports import Look, fraction_seen, look_is_due
from rec_svc.domain.experiments import Experiment
from rec_svc.ports.experiments import Experiments, Looks
from rec_svc.ports.exposures import ArmCounts
from rec_svc.usecases.experiment import Clock


class TakeLooks:
    """Takes the looks that are due at all that run. Of two instances one takes each."""

    def __init__(
        self, experiments: Experiments, looks: Looks, counts: ArmCounts, clock: Clock
    ) -> None:
        self._experiments = experiments
        self._looks = looks
        self._counts = counts
        self._clock = clock

    async def __call__(self) -> None:
        """Makes a round. Raises Unavailable."""
        for experiment in await self._experiments.running():
            await self._look_at(experiment)

    async def _look_at(self, experiment: Experiment) -> None:
        now_ms = self._clock()
        taken = await self._looks.of(experiment.experiment_id)
        arms = await self._counts.of(experiment, now_ms)
        if look_is_due(experiment, arms, taken[-1] if taken else None):
            fraction = fraction_seen(experiment, arms)
            look = Look(len(taken) + 1, fraction, now_ms, tuple(arms))
            await self._looks.add(experiment.experiment_id, look)
