"""The listening history in memory, for unit tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.domain.plays import PlayRecord


class MemoryPlays:
    """The ``Plays`` that a ``MemoryPlayerStates`` keeps."""

    def __init__(self, store: MemoryPlayerStates) -> None:
        self._store = store

    async def page(
        self, user_id: str, after: str | None, limit: int, *, distinct: bool
    ) -> Sequence[PlayRecord]:
        await asyncio.sleep(0)
        kept = self._store.plays.get(user_id, {}).values()
        held = [play for play in kept if play.counted]
        plays = sorted(held, key=lambda play: play.play_id, reverse=True)
        if distinct:
            latest: dict[str, PlayRecord] = {}
            for play in plays:
                latest.setdefault(play.track_id, play)
            plays = list(latest.values())
        return [play for play in plays if after is None or play.play_id < after][:limit]

    async def latest(self, user_id: str, limit: int) -> Sequence[PlayRecord]:
        await asyncio.sleep(0)
        kept = self._store.plays.get(user_id, {}).values()
        return sorted(kept, key=lambda play: play.play_id, reverse=True)[:limit]
