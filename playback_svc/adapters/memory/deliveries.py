"""Deliveries in memory, for unit tests. Loses all with the process."""

from __future__ import annotations

import asyncio
from datetime import date

from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.domain.deliveries import (
    Batch,
    Delivery,
    Part,
    PartKey,
    bytes_of,
    month_of,
    parts_of,
)


class MemoryDeliveries:
    """The ``Deliveries`` of the sessions that a ``MemoryPlayerStates`` keeps."""

    def __init__(self, store: MemoryPlayerStates) -> None:
        self._store = store
        self._parts: dict[PartKey, Part] = {}
        self._bytes: dict[tuple[str, date], int] = {}
        self._counted: dict[tuple[str, str], int] = {}
        self._sent_at_ms: dict[PartKey, int] = {}

    async def count(self, batch: Batch, now_ms: int) -> int:
        await asyncio.sleep(0)
        owners = {session_id: user_id for user_id, session_id in self._store.sessions}
        unknown = 0
        for subject in batch.subjects:
            if (subject, batch.batch_id) in self._counted:
                continue
            self._counted[subject, batch.batch_id] = batch.marked_at_ms(now_ms)
            theirs = [one for one in batch.deliveries if one.subject == subject]
            if subject in owners:
                self._add(owners[subject], theirs, month_of(batch.counts_at_ms(now_ms)), now_ms)
            else:
                unknown += bytes_of(theirs)[subject]
        return unknown

    def _add(self, user_id: str, deliveries: list[Delivery], month: date, now_ms: int) -> None:
        for key, part in parts_of(deliveries).items():
            held = self._parts.get(key)
            self._parts[key] = held.joined(part) if held else part
            self._sent_at_ms[key] = now_ms
        total = self._bytes.get((user_id, month), 0)
        self._bytes[user_id, month] = total + sum(bytes_of(deliveries).values())

    async def delivered_ms(self, session_id: str, descriptor: str) -> int:
        await asyncio.sleep(0)
        return sum(
            part.delivered_ms
            for key, part in self._parts.items()
            if (key.session_id, key.descriptor) == (session_id, descriptor)
        )

    async def month_bytes(self, user_id: str, month: date) -> int:
        await asyncio.sleep(0)
        return self._bytes.get((user_id, month), 0)

    def erase_bytes(self, user_id: str) -> None:
        """Forgets how much a user was sent."""
        self._bytes = {key: count for key, count in self._bytes.items() if key[0] != user_id}

    def erase_session(self, session_id: str) -> None:
        """Forgets what a session was sent."""
        for key in [key for key in self._parts if key.session_id == session_id]:
            del self._parts[key], self._sent_at_ms[key]
        self._counted = {key: at for key, at in self._counted.items() if key[0] != session_id}

    async def forget_segments(self, until_ms: int, limit: int) -> int:
        old = [key for key, at_ms in self._sent_at_ms.items() if at_ms <= until_ms][:limit]
        for key in old:
            del self._sent_at_ms[key], self._parts[key]
        return len(old)

    async def forget_batches(self, until_ms: int, limit: int) -> int:
        old = [mark for mark, at_ms in self._counted.items() if at_ms <= until_ms][:limit]
        for mark in old:
            del self._counted[mark]
        return len(old)
