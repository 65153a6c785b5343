"""The most played tracks of all, from a list that is made at most once an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from catalog_svc.domain.plays import MOST_PLAYED, MostPlayed
from catalog_svc.ports.plays import MostPlayedCache, PlayedTracks
from meshkit.clock import now_ms
from meshkit.single_flight import SingleFlight

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
        self._flights: SingleFlight[None, MostPlayed] = SingleFlight()

    async def get(self) -> MostPlayed:
        """The list, an hour old at most."""
        held = await self._cache.get()
        return await self._flights(None, self._make) if held is None else held

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
