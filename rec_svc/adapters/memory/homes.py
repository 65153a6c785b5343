"""Homes and copies of them in memory, for tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from meshkit.faults import Unavailable
from rec_svc.domain.home import Home
from rec_svc.ports.homes import DROPPED_FOR_S, KeptHome, StoredHome


@dataclass(slots=True)
class _Row:
    changed: int = 0
    changed_at_s: float | None = None
    kept: KeptHome | None = None


class MemoryHomes:
    """``Homes`` of one process. ``erased`` are users of whom nothing is kept."""

    def __init__(self, erased: Collection[str], clock_s: Callable[[], float]) -> None:
        self._erased = erased
        self._clock_s = clock_s
        self._rows: dict[str, _Row] = {}

    def change(self, user_id: str) -> None:
        """Something that the user's home goes by changes."""
        row = self._rows.setdefault(user_id, _Row())
        row.changed, row.changed_at_s, row.kept = row.changed + 1, self._clock_s(), None

    async def find(self, user_id: str) -> StoredHome:
        row = self._rows.get(user_id, _Row())
        made_at_ms = 0 if row.kept is None else row.kept.home.made_at_ms
        return StoredHome(row.changed, made_at_ms, row.kept)

    async def changed(self, user_id: str) -> int:
        return self._rows.get(user_id, _Row()).changed

    async def keep(
        self, user_id: str, home: Home, *, changed: int, replaces_ms: int
    ) -> KeptHome | None:
        if user_id in self._erased:
            return None
        stored = await self.find(user_id)
        row = self._rows.setdefault(user_id, _Row(changed))
        if row.changed != changed:
            return None
        if stored.made_at_ms == replaces_ms:
            row.kept = KeptHome(home, changed)
        return row.kept

    async def expose(self, user_id: str, made_at_ms: int) -> None:
        row = self._rows.get(user_id)
        if row is not None and row.kept is not None and row.kept.home.made_at_ms == made_at_ms:
            row.kept = row.kept._replace(exposed=True)

    async def dropped(self, limit: int) -> Sequence[str]:
        at = {id_: row.changed_at_s for id_, row in self._rows.items()}
        waiting = [(since, id_) for id_, since in at.items() if since is not None]
        return [id_ for _, id_ in sorted(waiting)[:limit]]

    async def gone(self, user_ids: Sequence[str], *, after_s: float = DROPPED_FOR_S) -> None:
        before_s = self._clock_s() - after_s
        for user_id in user_ids:
            row = self._rows.get(user_id)
            if row is None or row.changed_at_s is None or row.changed_at_s > before_s:
                continue
            row.changed_at_s = None
            if user_id in self._erased:
                del self._rows[user_id]

    async def erase(self, user_id: str) -> None:
        self.change(user_id)

    async def prune(self, before_ms: int) -> int:
        old = [
            id_
            for id_, row in self._rows.items()
            if row.changed_at_s is None
            and (row.kept is None or row.kept.home.made_at_ms < before_ms)
        ]
        for id_ in old:
            del self._rows[id_]
        return len(old)


class MemoryHomeCopies:
    """``HomeCopies`` of one process; while it is ``away`` it is as a cache that does not answer."""

    def __init__(self) -> None:
        self.away = False
        self._copies: dict[str, KeptHome] = {}

    async def get(self, user_id: str) -> KeptHome | None:
        return None if self.away else self._copies.get(user_id)

    async def put(self, user_id: str, kept: KeptHome, left_ms: int) -> None:
        if not self.away:
            self._copies[user_id] = kept

    async def drop(self, user_ids: Sequence[str]) -> None:
        if self.away:
            raise Unavailable("The store cannot answer now.", reason="STORE_UNAVAILABLE")
        for user_id in user_ids:
            self._copies.pop(user_id, None)
