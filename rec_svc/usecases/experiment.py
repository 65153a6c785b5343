"""``ExperimentService``: making, starting, ramping and stopping experiments, and what they
showed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from meshkit.idempotency import RequestKey
from rec_svc.domain.experiment_faults import unknown_experiment_error
from rec_svc.domain.experiment_reports import Report, report_of
from rec_svc.domain.experiments import Experiment, State, ramped, started, stopped
from rec_svc.ports.experiments import Experiments, Looks
from rec_svc.ports.exposures import ArmCounts

Clock = Callable[[], int]
"""Unix milliseconds."""

Refresh = Callable[[], Awaitable[None]]
"""Reads the experiments that run anew, for this instance: the others do so within a minute."""


class CreateExperiment:
    """Makes a draft."""

    def __init__(self, experiments: Experiments) -> None:
        self._experiments = experiments

    async def __call__(self, draft: Experiment, key: RequestKey | None = None) -> Experiment:
        """The draft, or what its request made before.

        Raises InvalidArgument, ExperimentExists, FailedPrecondition or RequestIdReused.
        """
        draft.require_valid()
        return await self._experiments.create(draft, key)


class GetExperiment:
    """Reads an experiment."""

    def __init__(self, experiments: Experiments) -> None:
        self._experiments = experiments

    async def __call__(self, name: str) -> Experiment:
        """The experiment of a name. Raises NotFound."""
        return await found_experiment(self._experiments, name)


class ListExperiments:
    """Lists experiments."""

    def __init__(self, experiments: Experiments) -> None:
        self._experiments = experiments

    async def __call__(
        self, state: State | None, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Experiment]:
        """The newest first, those behind ``after``."""
        return await self._experiments.page(state, after, limit)


class StartExperiment:
    """Starts a draft."""

    def __init__(self, experiments: Experiments, refresh: Refresh, clock: Clock) -> None:
        self._experiments = experiments
        self._refresh = refresh
        self._clock = clock

    async def __call__(
        self, name: str, percent: float, *, version: int = 0, key: RequestKey | None = None
    ) -> Experiment:
        """The experiment as it runs with ``percent`` of its layer; ``version`` 0: whichever it has.

        Raises NotFound and what ``experiments.started`` does.
        """

        def decide(found: Experiment, running: Sequence[Experiment]) -> Experiment:
            found.require_version(version)
            return started(found, percent, running, self._clock())

        changed = await self._experiments.change(name, decide, key)
        await self._refresh()
        return changed


class RampExperiment:
    """Gives a running experiment more users."""

    def __init__(self, experiments: Experiments, refresh: Refresh) -> None:
        self._experiments = experiments
        self._refresh = refresh

    async def __call__(
        self, name: str, percent: float, *, version: int = 0, key: RequestKey | None = None
    ) -> Experiment:
        """The experiment with ``percent`` of its layer. Raises NotFound and what
        ``experiments.ramped`` does."""

        def decide(found: Experiment, running: Sequence[Experiment]) -> Experiment:
            found.require_version(version)
            return ramped(found, percent, running)

        changed = await self._experiments.change(name, decide, key)
        await self._refresh()
        return changed


class StopExperiment:
    """Ends an experiment."""

    def __init__(self, experiments: Experiments, refresh: Refresh, clock: Clock) -> None:
        self._experiments = experiments
        self._refresh = refresh
        self._clock = clock

    async def __call__(
        self,
        name: str,
        *,
        conclusion: str = "",
        winner: str = "",
        version: int = 0,
        key: RequestKey | None = None,
    ) -> Experiment:
        """The experiment as it ended. Raises NotFound and what ``experiments.stopped`` does."""

        def decide(found: Experiment, running: Sequence[Experiment]) -> Experiment:
            found.require_version(version)
            return stopped(found, self._clock(), conclusion=conclusion, winner=winner)

        changed = await self._experiments.change(name, decide, key)
        await self._refresh()
        return changed


class GetExperimentReport:
    """Says what is known of an experiment."""

    def __init__(
        self, experiments: Experiments, looks: Looks, counts: ArmCounts, clock: Clock
    ) -> None:
        self._experiments = experiments
        self._looks = looks
        self._counts = counts
        self._clock = clock

    async def __call__(self, name: str) -> Report:
        """The report; reading it decides nothing. Raises NotFound."""
        experiment = await found_experiment(self._experiments, name)
        arms = await self._counts.of(experiment, self._clock())
        looks = await self._looks.of(experiment.experiment_id)
        # Tens of milliseconds of computing, which other calls need not wait for.
        return await asyncio.to_thread(report_of, experiment, arms, looks)


async def found_experiment(experiments: Experiments, name: str) -> Experiment:
    """The experiment of a name. Raises NotFound."""
    found = await experiments.find(name)
    if found is None:
        raise unknown_experiment_error(name)
    return found
