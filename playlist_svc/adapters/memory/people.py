"""The names that identity told, in memory, for tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from meshkit.erasure import UserChange
from meshkit.replicas import MemoryReplica
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.people import LastKnownName, fold_changes


class MemoryLastKnownNames:
    """``LastKnownNames`` of one process."""

    def __init__(self) -> None:
        self._kept: dict[str, LastKnownName] = {}

    async def find(self, user_ids: Collection[str]) -> Mapping[str, LastKnownName]:
        return {id_: self._kept[id_] for id_ in user_ids if id_ in self._kept}

    async def keep(self, names: Mapping[str, str], gone: Collection[str], known_at_ms: int) -> None:
        self.put(names, gone, known_at_ms)

    def put(self, names: Mapping[str, str], gone: Collection[str], known_at_ms: int) -> None:
        """What ``keep`` does, without waiting."""
        for id_, username in names.items():
            held = self._kept.get(id_)
            if held is None or held.known_at_ms < known_at_ms:
                self._kept[id_] = LastKnownName(username, known_at_ms)
        for id_ in gone:
            held = self._kept.get(id_)
            if held is not None and held.known_at_ms <= known_at_ms:
                del self._kept[id_]


class MemoryUserReplica(MemoryReplica[UserChange]):
    """The names of one process as whoever consumes identity's feed writes them."""

    def __init__(self, told: MemoryLastKnownNames, clock: Clock) -> None:
        super().__init__()
        self._told = told
        self._clock = clock

    def _store(self, changes: Sequence[UserChange], generation: int) -> None:
        names, gone = fold_changes(changes)
        self._told.put(names, gone, self._clock())
