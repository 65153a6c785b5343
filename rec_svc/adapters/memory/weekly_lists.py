"""The lists of Discover Weekly of one process, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from rec_svc.domain.weekly_lists import KeptList, WeeklyList
from rec_svc.domain.weeks import Week


class MemoryWeeklyLists:
    """``WeeklyLists``; ``erased`` are the users of whom nothing is kept any more."""

    def __init__(self) -> None:
        self.erased: set[str] = set()
        self._held: dict[tuple[str, Week], KeptList] = {}

    async def find(self, user_id: str, week: Week) -> KeptList | None:
        await asyncio.sleep(0)
        return self._held.get((user_id, week))

    async def keep(self, made: WeeklyList) -> KeptList:
        await asyncio.sleep(0)
        if made.user_id in self.erased:
            return KeptList(made)
        due = KeptList(made, due_ms=made.made_at_ms)
        return self._held.setdefault((made.user_id, made.week), due)

    async def due(self, week: Week, now_ms: int, limit: int) -> Sequence[KeptList]:
        due = (
            (held.due_ms, user_id)
            for (user_id, at), held in self._held.items()
            if at == week and held.due_ms is not None and held.due_ms <= now_ms
        )
        return [self._held[user_id, week] for _, user_id in sorted(due)][:limit]

    async def note_playlist(self, kept: KeptList, playlist_id: str) -> None:
        at = (kept.list.user_id, kept.list.week)
        if held := self._held.get(at):
            due_ms = None if held.due_ms == kept.due_ms else held.due_ms
            self._held[at] = KeptList(held.list, playlist_id, due_ms)

    async def put_off(self, user_id: str, week: Week, until_ms: int) -> None:
        held = self._held.get((user_id, week))
        if held is not None and held.due_ms is not None:
            self._held[user_id, week] = replace(held, due_ms=until_ms)

    async def tracks_before(self, user_id: str, week: Week, weeks: int) -> frozenset[str]:
        first = week.before(weeks)
        lists = [
            held
            for (whose, at), held in self._held.items()
            if whose == user_id and first <= at < week
        ]
        return frozenset(track_id for held in lists for track_id in held.list.track_ids)

    async def erase(self, user_id: str) -> None:
        self.erased.add(user_id)
        self._held = {at: held for at, held in self._held.items() if at[0] != user_id}

    async def prune(self, before: Week) -> int:
        old = [at for at in self._held if at[1] < before]
        for at in old:
            del self._held[at]
        return len(old)
