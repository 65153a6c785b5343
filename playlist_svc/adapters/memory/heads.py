"""Heads in this process's memory, for unit tests."""

from __future__ import annotations

from collections.abc import Sequence

from playlist_svc.domain.playlist import Head


class MemoryHeads:
    """A ``HeadCache`` that can be taken away with ``away``."""

    def __init__(self) -> None:
        self.away = False
        self.kept: dict[str, Head] = {}

    async def get(self, playlist_id: str) -> Head | None:
        return None if self.away else self.kept.get(playlist_id)

    async def put(self, heads: Sequence[Head]) -> None:
        if self.away:
            return
        for head in heads:
            held = self.kept.get(head.playlist_id)
            if held is None or held.version < head.version:
                self.kept[head.playlist_id] = head
