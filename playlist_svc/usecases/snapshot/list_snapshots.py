"""List a playlist's versions."""

from __future__ import annotations

from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.described_snapshots import DescribedSnapshots, DescribeSnapshots


class ListSnapshots:
    """Lists versions for whoever may see the playlist; NotFound for others."""

    def __init__(self, access: Access, store: PlaylistStore, describe: DescribeSnapshots) -> None:
        self._access = access
        self._store = store
        self._describe = describe

    async def __call__(
        self, playlist_id: str, user_id: str, before: int | None, limit: int
    ) -> DescribedSnapshots:
        """At most ``limit`` versions below revision ``before``, the newest first."""
        await self._access.visible(playlist_id, user_id)
        return await self._describe(
            playlist_id, await self._store.snapshots(playlist_id, before, limit)
        )
