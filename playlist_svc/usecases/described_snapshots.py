"""Versions with what their numbers and ids stand for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from playlist_svc.domain.diff import Added, Change, Moved, Removed
from playlist_svc.domain.order import Entry
from playlist_svc.domain.playlist import Snapshot
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import PlaylistStore

_LOOKED_UP = 500


@dataclass(frozen=True, slots=True)
class DescribedSnapshots:
    """Versions with the names of who made them, and the ids of the versions that they revert."""

    snapshots: list[Snapshot]
    people: Mapping[str, str]
    reverted: Mapping[int, str]


class DescribeSnapshots:
    """Looks up who made versions, and what they revert."""

    def __init__(self, store: PlaylistStore, people: People) -> None:
        self._store = store
        self._people = people

    async def __call__(self, playlist_id: str, snapshots: list[Snapshot]) -> DescribedSnapshots:
        """Versions with what their numbers and ids stand for."""
        people = await self._people.names({snapshot.author_id for snapshot in snapshots})
        return DescribedSnapshots(snapshots, people, await self._reverted(playlist_id, snapshots))

    async def _reverted(self, playlist_id: str, snapshots: Collection[Snapshot]) -> dict[int, str]:
        """Ids of the versions that these revert, by revision, without those no longer kept."""
        known = {snapshot.revision: snapshot.snapshot_id for snapshot in snapshots}
        wanted = {snapshot.reverts for snapshot in snapshots if snapshot.reverts is not None}
        missing = wanted - known.keys()
        while missing:
            top = max(missing)
            limit = min(top - min(missing) + 1, _LOOKED_UP)
            found = await self._store.snapshots(playlist_id, top + 1, limit)
            known |= {snapshot.revision: snapshot.snapshot_id for snapshot in found}
            lowest = min((snapshot.revision for snapshot in found), default=0)
            missing = {revision for revision in missing if revision < lowest}
        return {revision: known[revision] for revision in wanted if revision in known}


def entries_of(changes: Collection[Change]) -> list[Entry]:
    """The entries that changes are about."""
    return [change.entry for change in changes if isinstance(change, Added | Removed | Moved)]
