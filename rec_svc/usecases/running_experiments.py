"""The experiments that run, read now and then: every instance serves by them within a minute."""

from __future__ import annotations

from meshkit.background import regularly
from rec_svc.domain.experiments import Running
from rec_svc.ports.experiments import Experiments

REFRESH_S = 15.0
"""How often they are read, in seconds."""


class RefreshedExperiments:
    """The ``RunningExperiments`` of a process. While the store is away those read last serve."""

    def __init__(self, experiments: Experiments, *, held_back_percent: float) -> None:
        self._experiments = experiments
        self._held_back_percent = held_back_percent
        self._current = Running((), held_back_percent)

    def current(self) -> Running:
        """Those read last; none before the first time."""
        return self._current

    async def refresh(self) -> None:
        """Reads them. Raises Unavailable."""
        self._current = Running(await self._experiments.running(), self._held_back_percent)

    async def run(self) -> None:
        """Reads them until it is cancelled."""
        await regularly(REFRESH_S, self.refresh)
