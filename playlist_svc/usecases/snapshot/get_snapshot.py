"""Read one version of a playlist."""

from __future__ import annotations

from playlist_svc.domain.content import Content
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.described_snapshots import DescribedSnapshots, DescribeSnapshots
from playlist_svc.usecases.snapshot.kept_snapshots import KeptSnapshots
from playlist_svc.usecases.views import Pinned


class GetSnapshot:
    """Reads versions for whoever may see the playlist; NotFound for others."""

    def __init__(self, access: Access, store: PlaylistStore, describe: DescribeSnapshots) -> None:
        self._access = access
        self._kept = KeptSnapshots(store)
        self._describe = describe

    async def __call__(
        self, playlist_id: str, user_id: str, snapshot_id: str
    ) -> tuple[DescribedSnapshots, Content]:
        """One version and what the playlist was at it. NotFound for an unknown one."""
        head = await self._access.visible(playlist_id, user_id)
        snapshot = await self._kept.find(playlist_id, snapshot_id)
        content = await self._kept.content(head, Pinned(snapshot.revision, snapshot_id))
        return await self._describe(playlist_id, [snapshot]), content
