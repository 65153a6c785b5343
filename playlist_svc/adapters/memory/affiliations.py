"""What affiliations users to playlists inside one process, for unit tests."""

from __future__ import annotations

from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.ports.social import Affiliation


class MemoryAffiliations:
    """``Affiliations`` of the store whose heads all are in ``heads``."""

    def __init__(self, store: PlaylistStore, heads: MemoryHeads) -> None:
        self._store = store
        self._heads = heads

    async def between(self, one_id: str, other_id: str) -> list[Affiliation]:
        affiliations = []
        for playlist_id, head in sorted(self._heads.kept.items()):
            if head.owner_id in (one_id, other_id):
                tied = other_id if head.owner_id == one_id else one_id
                standing = await self._store.relation(playlist_id, head.owner_id, tied)
                if tied in head.roles or standing.follows:
                    affiliations.append(Affiliation(playlist_id, tied))
        return affiliations
