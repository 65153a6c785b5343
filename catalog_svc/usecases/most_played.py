"""The most played tracks of all, from a list that is made at most once an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context

from catalog_svc.domain.plays import MOST_PLAYED, MostPlayed
from catalog_svc.ports.plays import MostPlayedCache, PlayedTracks
from meshkit.clock import now_ms

_LOOK_AGAIN_S = 0.05
_LOOKS = 20


class MostPlayedList:
    """Reads the list that all instances share; one caller at a time makes it anew.

    Whoever finds none while another makes it looks again for a second, and then makes it too.
    """

    def __init__(
        self,
        played: PlayedTracks,
        cache: MostPlayedCache,
        *,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._played = played
        self._cache = cache
        self._now_ms = now_ms
        self._making: asyncio.Task[MostPlayed] | None = None

    async def get(self) -> MostPlayed:
        """The list, an hour old at most."""
        held = await self._cache.get()
        return await self._made() if held is None else held

    async def _made(self) -> MostPlayed:
        """The list, made once for all who wait for it in this process."""
        if self._making is None:
            # In a context of its own: it has neither the deadline nor the rights of who came first.
            self._making = asyncio.create_task(self._make(), context=Context())
            self._making.add_done_callback(self._done)
        return await asyncio.shield(self._making)

    def _done(self, task: asyncio.Task[MostPlayed]) -> None:
        self._making = None
        # Those who waited have the exception; if all of them left, nobody needs it.
        if not task.cancelled():
            task.exception()

    async def _make(self) -> MostPlayed:
        for _ in range(_LOOKS):
            if await self._cache.may_load():
                break
            await asyncio.sleep(_LOOK_AGAIN_S)
            held = await self._cache.get()
            if held is not None:
                return held
        made_at_ms = self._now_ms()
        made = MostPlayed(made_at_ms, tuple(await self._played.most_played(MOST_PLAYED)))
        await self._cache.put(made)
        return made
