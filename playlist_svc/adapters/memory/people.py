"""The names that identity told, in memory, for tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from playlist_svc.ports.people import LastKnownName


class MemoryLastKnownNames:
    """``LastKnownNames`` of one process."""

    def __init__(self) -> None:
        self._kept: dict[str, LastKnownName] = {}

    async def find(self, user_ids: Collection[str]) -> Mapping[str, LastKnownName]:
        return {id_: self._kept[id_] for id_ in user_ids if id_ in self._kept}

    async def keep(self, names: Mapping[str, str], gone: Collection[str], known_at_ms: int) -> None:
        for id_, username in names.items():
            held = self._kept.get(id_)
            if held is None or held.known_at_ms < known_at_ms:
                self._kept[id_] = LastKnownName(username, known_at_ms)
        for id_ in gone:
            held = self._kept.get(id_)
            if held is not None and held.known_at_ms <= known_at_ms:
                del self._kept[id_]


class MemoryUserReplica:
    """``UserReplica`` over the names of one process."""

    def __init__(self, told: MemoryLastKnownNames) -> None:
        self._told = told
        self._token = ""

    async def resume_token(self) -> str:
        return self._token

    async def store(
        self, names: Mapping[str, str], gone: Collection[str], known_at_ms: int, resume_token: str
    ) -> None:
        await self._told.keep(names, gone, known_at_ms)
        self._token = resume_token or self._token
