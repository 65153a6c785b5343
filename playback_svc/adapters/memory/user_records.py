"""What is held of a user in memory, for unit tests."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.clock import now_ms
from meshkit.feeds import MemoryChangeFeed
from playback_svc.adapters.memory.deliveries import MemoryDeliveries
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.domain.denials import KEPT_MS, all_denied
from playback_svc.ports.plays import FEED_ENTITY


class MemoryUserRecords:
    """The ``UserRecords`` of a ``MemoryPlayerStates``, its deliveries and its feed of plays."""

    def __init__(
        self, store: MemoryPlayerStates, deliveries: MemoryDeliveries, feed: MemoryChangeFeed
    ) -> None:
        self._store = store
        self._deliveries = deliveries
        self._feed = feed

    async def erase(self, user_id: str) -> None:
        store = self._store
        self._feed.forget(FEED_ENTITY, *store.plays.pop(user_id, {}))
        of_users = (store.states, store.devices, store.preferences, store.devices_versions)
        for by_user in (*of_users, store.told_tiers):
            by_user.pop(user_id, None)
        store.commands = {key: one for key, one in store.commands.items() if key[0] != user_id}
        store.blobs = {key: one for key, one in store.blobs.items() if key[0] != user_id}
        store.answers = {key: one for key, one in store.answers.items() if key[0] != user_id}
        self._deliveries.erase_bytes(user_id)

    async def sessions(self, user_id: str, limit: int) -> Sequence[str]:
        ids = [session_id for owner, session_id in self._store.sessions if owner == user_id]
        return ids[:limit]

    async def erase_sessions(self, user_id: str, session_ids: Sequence[str]) -> None:
        for session_id in session_ids:
            record = self._store.sessions.pop((user_id, session_id), None)
            if record is not None:
                if record.ended_at_ms is None or record.ended_at_ms > now_ms() - KEPT_MS:
                    self._store.deny(all_denied(session_id, now_ms()))
                self._deliveries.erase_session(session_id)
