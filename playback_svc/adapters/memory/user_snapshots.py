"""Other users in memory, for unit tests."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from meshkit.faults import Unavailable
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.domain.player_state import PlayerState, Version
from playback_svc.domain.preferences import DEFAULT
from playback_svc.ports.user_snapshots import UserSnapshot


@dataclass
class MemoryUserSnapshots:
    """Those of a ``MemoryPlayerStates``; down with ``away``. ``looks`` counts reads."""

    store: MemoryPlayerStates
    away: bool = False
    looks: int = 0

    async def read(self, user_ids: Collection[str]) -> Mapping[str, UserSnapshot]:
        self.looks += 1
        if self.away:
            raise Unavailable("The store cannot answer now.")
        states, preferences = self.store.states, self.store.preferences
        found = {
            user_id: UserSnapshot(_bare(states.get(user_id)), preferences.get(user_id, DEFAULT))
            for user_id in user_ids
        }
        await asyncio.sleep(0)
        return found

    async def versions(self, user_ids: Collection[str]) -> Mapping[str, Version]:
        if self.away:
            raise Unavailable("The store cannot answer now.")
        await asyncio.sleep(0)
        states = self.store.states
        return {user_id: states[user_id].version for user_id in user_ids if user_id in states}


def _bare(state: PlayerState | None) -> PlayerState | None:
    return state and replace(state, queue=replace(state.queue, queued=b""))
