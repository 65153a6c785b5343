"""What every replica of another service's data has: its place in the feed, and its listing.

A listing tells everything that the source has. Its number, the generation, is kept with each thing
that was told, so that a listing is believed whatever its versions, for the source may have been
restored, and so that what it did not tell can be dropped at its end.

The memory replica stands here, the PostgreSQL one in ``meshkit.replicas_postgres``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from meshkit.consuming import Replica
from meshkit.faults import Aborted


@dataclass(frozen=True, slots=True, order=True)
class ToldAt:
    """When something was told last: in which listing of the feed, and at what version.

    What is told at a greater one goes over what was told at a smaller one.
    """

    generation: int
    version: int


class Versioned(Protocol):
    """A change of the thing ``id``, which is at ``version`` after it."""

    @property
    def id(self) -> str:
        """Of all things of one kind."""
        ...

    @property
    def version(self) -> int:
        """Rises with every change of the thing, unless its source is restored."""
        ...


T = TypeVar("T")
V = TypeVar("V", bound=Versioned)


def newest_changes(told: Iterable[V]) -> list[V]:
    """Of each thing the change of the highest version, by rising id."""
    kept: dict[str, V] = {}
    for change in told:
        if change.id not in kept or kept[change.id].version < change.version:
            kept[change.id] = change
    return [kept[key] for key in sorted(kept)]


def overtaken_error() -> Aborted:
    """The fault of whoever applies what it was told before another one began to list."""
    return Aborted("Another instance began to list the feed; go on from what it stored.")


class ActingReplica(ABC, Generic[T]):
    """Acts on what a feed tells, and then has ``place`` move on, which may keep something, too.

    Whoever is interrupted in between is told again: acting must be repeatable.
    """

    def __init__(self, place: Replica[T]) -> None:
        self._place = place

    async def resume_token(self) -> str:
        """Where the feed goes on."""
        return await self._place.resume_token()

    async def begin_listing(self) -> None:
        """What there is, is told anew, and acted on again."""
        await self._place.begin_listing()

    async def apply(self, changes: Sequence[T], resume_token: str) -> None:
        """Acts on ``changes``, and then moves on."""
        await self._act(changes)
        await self._place.apply(changes, resume_token)

    async def end_listing(self) -> None:
        """What there is was told."""
        await self._place.end_listing()

    @abstractmethod
    async def _act(self, changes: Sequence[T]) -> None:
        """Does what the changes ask for. Repeatable."""


class MemoryReplica(Generic[T]):
    """A ``meshkit.consuming.Replica`` of one process, for tests and for what need not outlive it.

    By itself it keeps its place alone; a replica of something has ``_store`` and ``_drop_untold``.
    """

    def __init__(self) -> None:
        self._token = ""
        self._generation = 0

    async def resume_token(self) -> str:
        """The token that was stored last; empty when there is none."""
        return self._token

    async def begin_listing(self) -> None:
        """A new generation: everything is told from here on."""
        self._generation += 1

    async def apply(self, changes: Sequence[T], resume_token: str) -> None:
        """Stores ``changes`` and the token, unless that is empty."""
        self._store(changes, self._generation)
        self._token = resume_token or self._token

    async def end_listing(self) -> None:
        """Drops what was told before the last listing began."""
        self._drop_untold(self._generation)

    def _store(self, changes: Sequence[T], generation: int) -> None:
        """Stores what is newer by ``ToldAt``."""

    def _drop_untold(self, generation: int) -> None:
        """Drops what was told in earlier generations alone."""
