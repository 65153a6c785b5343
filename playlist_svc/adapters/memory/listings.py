"""Reads over many playlists inside one process, for unit tests."""

from __future__ import annotations

from collections.abc import Collection

from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.domain.access import Visibility
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.playlists import PlaylistStore


class MemoryListings:
    """``Listings`` of the store whose heads all are in ``heads``."""

    def __init__(self, store: PlaylistStore, heads: MemoryHeads) -> None:
        self._store = store
        self._heads = heads

    async def public_heads(self, after: str, limit: int) -> list[Head]:
        heads = await self.all_heads(after, len(self._heads.kept))
        return [head for head in heads if head.visibility is Visibility.PUBLIC][:limit]

    async def all_heads(self, after: str, limit: int) -> list[Head]:
        found = [
            head
            for playlist_id, head in sorted(self._heads.kept.items())
            if playlist_id > after and head.deleted_at_ms is None
        ]
        return found[:limit]

    async def followed(self, user_id: str, playlist_ids: Collection[str]) -> frozenset[str]:
        return frozenset(
            [
                playlist_id
                for playlist_id in playlist_ids
                if (await self._store.relation(playlist_id, "", user_id)).follows
            ]
        )
