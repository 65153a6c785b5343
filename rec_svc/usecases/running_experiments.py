"""The experiments that run, read now and then: every instance serves by them within a minute."""

from __future__ import annotations

from dataclasses import replace

from meshkit.background import regularly
from rec_svc.domain.experiments import Parameters, Running
from rec_svc.ports.experiments import Experiments

REFRESH_S = 15.0
"""How often they are read, in seconds."""


class RefreshedExperiments:
    """The ``RunningExperiments`` of a process. While the store is away those read last serve."""

    def __init__(
        self,
        experiments: Experiments,
        *,
        held_back_percent: float,
        otherwise: Parameters | None = None,
    ) -> None:
        self._experiments = experiments
        self._current = Running((), held_back_percent, otherwise or Parameters())

    def current(self) -> Running:
        """Those read last; none before the first time."""
        return self._current

    async def refresh(self) -> None:
        """Reads them. Raises Unavailable."""
        running = await self._experiments.running()
        self._current = replace(self._current, experiments=running)

    async def run(self) -> None:
        """Reads them until it is cancelled."""
        await regularly(REFRESH_S, self.refresh)
