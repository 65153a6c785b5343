"""Experiments as they are kept, and those that run, as whoever serves recommendations asks for
them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeAlias

from meshkit.idempotency import RequestKey
from rec_svc.domain.experiment_reports import Look
from rec_svc.domain.experiments import Experiment, Running, State

MOST_EXPERIMENTS: Final = 1_000
"""So many experiments are kept, those that are over among them."""

Decide: TypeAlias = Callable[[Experiment, Sequence[Experiment]], Experiment]
"""What an experiment becomes, given all that run; raises a fault where it may not."""


class Experiments(Protocol):
    """The experiments that there are.

    Whatever has a request key must be done once for equal keys, as ``meshkit.idempotency`` says.
    """

    async def create(self, experiment: Experiment, key: RequestKey | None = None) -> Experiment:
        """Must keep a draft and return it, or what its request made before.

        Raises ExperimentExists, FailedPrecondition (COLLECTION_FULL) at ``MOST_EXPERIMENTS``,
        RequestIdReused, Unavailable.
        """
        ...

    async def change(self, name: str, decide: Decide, key: RequestKey | None = None) -> Experiment:
        """Must replace an experiment by what ``decide`` makes of it, with no other change of any
        experiment in between, and return it, or what its request made before.

        What ``decide`` raises must leave all as it was. Raises NotFound, RequestIdReused,
        Unavailable.
        """
        ...

    async def find(self, name: str) -> Experiment | None:
        """The experiment of a name."""
        ...

    async def page(
        self, state: State | None, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Experiment]:
        """The newest first, by (created_at_ms, experiment_id), those behind ``after``."""
        ...

    async def running(self) -> Sequence[Experiment]:
        """Those that run, by rising id."""
        ...


class Looks(Protocol):
    """The looks that were taken at experiments; they are never changed."""

    async def of(self, experiment_id: str) -> Sequence[Look]:
        """In the order of their numbers."""
        ...

    async def add(self, experiment_id: str, look: Look) -> bool:
        """Must keep it unless there is one of its number; returns whether it was kept."""
        ...


class RunningExperiments(Protocol):
    """The experiments that run, in this process."""

    def current(self) -> Running:
        """As of a minute ago at most, while the store answers; asks nobody."""
        ...
