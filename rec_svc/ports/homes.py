"""Homes that were made, kept so that they are made once a day and not for each call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from rec_svc.domain.home import Home

KEPT_MS: Final = 24 * 3_600_000
"""So long a home is shown at most."""
DROPPED_FOR_S: Final = 30.0
"""So long after a change copies are dropped again and again: no call that began before it lives so
long, which could yet put one."""


class KeptHome(NamedTuple):
    """A home as it is kept.

    ``changed``: how often what it goes by had changed for its user when it was made. ``exposed``:
    whether its shelves are in the log of exposures.
    """

    home: Home
    changed: int
    exposed: bool = False


class StoredHome(NamedTuple):
    """What is stored for a user: how often something changed, and the home, if one is kept.

    ``made_at_ms`` is that of a home that cannot be read, too; 0 where there is none.
    """

    changed: int = 0
    made_at_ms: int = 0
    kept: KeptHome | None = None


class Homes(Protocol):
    """The homes of all users. All calls raise Unavailable.

    What a user blocks, follows or names as favourites changes that user's home: whoever stores that
    must have the home forgotten and the change counted in the same step.
    """

    async def find(self, user_id: str) -> StoredHome:
        """What is stored for a user; of one who is unknown: no home and no change."""
        ...

    async def changed(self, user_id: str) -> int:
        """How often something changed for a user."""
        ...

    async def keep(
        self, user_id: str, home: Home, *, changed: int, replaces_ms: int
    ) -> KeptHome | None:
        """Must keep a home that was made of what was there after so many changes, in place of the
        one that was made at ``replaces_ms`` (0: of none), and answer it.

        Where another one was kept meanwhile it must answer that one and keep it; where something
        changed meanwhile, or the user is erased, None. It keeps all of a home or nothing.
        """
        ...

    async def expose(self, user_id: str, made_at_ms: int) -> None:
        """Must remember that the shelves of the home of then are in the log of exposures."""
        ...

    async def dropped(self, limit: int) -> Sequence[str]:
        """At most ``limit`` users of whom something changed, and copies may still be around."""
        ...

    async def gone(self, user_ids: Sequence[str], *, after_s: float = DROPPED_FOR_S) -> None:
        """Must take those of ``user_ids`` off that list to whom nothing changed for so long, and
        forget all of those among them who are erased. Called once their copies were dropped."""
        ...

    async def erase(self, user_id: str) -> None:
        """Must forget the user's home, as a change does."""
        ...

    async def prune(self, before_ms: int) -> int:
        """Must drop homes that were made before then; returns how many went."""
        ...


class HomeCopies(Protocol):
    """Copies of homes, near at hand: whatever is in it may be lost."""

    async def get(self, user_id: str) -> KeptHome | None:
        """The copy; None where there is none, it is damaged, or the cache is away."""
        ...

    async def put(self, user_id: str, kept: KeptHome, left_ms: int) -> None:
        """Must keep a copy for ``left_ms``, above 0; while the cache is away it does nothing."""
        ...

    async def drop(self, user_ids: Sequence[str]) -> None:
        """Must drop the copies of users. Raises Unavailable."""
        ...
