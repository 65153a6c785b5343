"""Versions by their ids, and what the playlist was at them."""

from __future__ import annotations

from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import Head, Snapshot
from playlist_svc.domain.refusals import unknown_snapshot_error
from playlist_svc.ports.playlists import PlaylistStore, RevisionGone
from playlist_svc.usecases.views import Pinned


class KeptSnapshots:
    """Reads versions that are kept; NotFound for others."""

    def __init__(self, store: PlaylistStore) -> None:
        self._store = store

    async def find(self, playlist_id: str, snapshot_id: str) -> Snapshot:
        """The version of this id."""
        snapshot = await self._store.snapshot(playlist_id, snapshot_id)
        if snapshot is None:
            raise unknown_snapshot_error(snapshot_id)
        return snapshot

    async def content(self, head: Head, version: Pinned) -> Content:
        """What the playlist was at a version."""
        try:
            return await self._store.content(head, version.revision)
        except RevisionGone:
            raise unknown_snapshot_error(version.snapshot_id) from None
