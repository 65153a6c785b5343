"""The batch that makes the homes of all who listened lately."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from rec_svc.ports.listening import Listening
from rec_svc.usecases.kept_homes import KeptHomes

ACTIVE_MS: Final = 14 * 24 * 3_600_000
"""Who listened within so long has a home without asking."""
PAGE: Final = 100
"""So many users are looked at with one model."""


class MakeHomes:
    """Makes homes by the ids of users, one after the other: in memory are those of one user, and
    the model. Killed, it begins at the first user again, whose home is kept by then.

    ``refresh`` is awaited for each page, so that models and experiments are those of today.
    """

    def __init__(
        self,
        listening: Listening,
        kept: KeptHomes,
        *,
        refresh: Callable[[], Awaitable[None]],
        clock: Callable[[], int],
    ) -> None:
        self._listening = listening
        self._kept = kept
        self._refresh = refresh
        self._clock = clock

    async def __call__(self) -> int:
        """Repeatable; returns how many were made. Raises Unavailable."""
        made, reached = 0, ""
        while page := await self._listening.listeners(reached, PAGE):
            await self._refresh()
            for user_id, last_ms in page:
                if last_ms >= self._clock() - ACTIVE_MS:
                    made += await self._kept.make_ahead(user_id)
            reached = page[-1][0]
        return made
