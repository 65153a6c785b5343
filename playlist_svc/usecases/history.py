"""Read a playlist's history: its versions, and what lies between two of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from playlist_svc.domain.content import Content
from playlist_svc.domain.diff import Added, Change, Moved, Removed, diff
from playlist_svc.domain.order import Entry
from playlist_svc.domain.playlist import Head, Snapshot
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import PlaylistStore, RevisionGone
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.snapshot import no_such_snapshot
from playlist_svc.usecases.views import Names, Pinned, Reading, check_pinned, not_kept

_LOOKED_UP = 500


@dataclass(frozen=True, slots=True)
class Told:
    """Versions with the names of who made them, and the ids of the versions that they revert."""

    snapshots: list[Snapshot]
    people: Mapping[str, str]
    reverted: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Differences:
    """Some of the changes between two versions, of ``count`` in all."""

    to: Pinned
    changes: list[Change]
    count: int
    names: Names


class History:
    """Reads history for whoever may see the playlist; NotFound for others."""

    def __init__(
        self, access: Access, store: PlaylistStore, people: People, reading: Reading
    ) -> None:
        self._access = access
        self._store = store
        self._people = people
        self._reading = reading

    async def versions(
        self, playlist_id: str, user_id: str, before: int | None, limit: int
    ) -> Told:
        """At most ``limit`` versions below revision ``before``, the newest first."""
        await self._access.visible(playlist_id, user_id)
        return await self.told(playlist_id, await self._store.snapshots(playlist_id, before, limit))

    async def version(
        self, playlist_id: str, user_id: str, snapshot_id: str
    ) -> tuple[Told, Content]:
        """One version and what the playlist was at it. NotFound for an unknown one."""
        head = await self._access.visible(playlist_id, user_id)
        snapshot = await self._found(playlist_id, snapshot_id)
        content = await self._content(head, Pinned(snapshot.revision, snapshot_id))
        return await self.told(playlist_id, [snapshot]), content

    async def differences(
        self,
        playlist_id: str,
        user_id: str,
        between: tuple[str, str | Pinned],
        start: int,
        limit: int,
    ) -> Differences:
        """The changes from a version to another (empty: the newest), from number ``start`` on.

        NotFound for an unknown version; PageTokenInvalid when a pinned one is no longer kept.
        """
        head = await self._access.visible(playlist_id, user_id)
        from_id, to = between
        earlier = await self._found(playlist_id, from_id)
        if isinstance(to, Pinned):
            await check_pinned(self._store, head, to)
        later = to if isinstance(to, Pinned) else await self._arrival(head, to)
        old = await self._content(head, Pinned(earlier.revision, from_id))
        try:
            new = await self._store.content(head, later.revision)
        except RevisionGone:
            if isinstance(to, Pinned):
                raise not_kept() from None
            raise no_such_snapshot(later.snapshot_id) from None
        changes = diff(old, new)
        shown = list(changes[start : start + limit])
        return Differences(later, shown, len(changes), await self._reading.names(entries_of(shown)))

    async def told(self, playlist_id: str, snapshots: list[Snapshot]) -> Told:
        """Versions with what their numbers and ids stand for."""
        people = await self._people.names({snapshot.author_id for snapshot in snapshots})
        return Told(snapshots, people, await self._reverted(playlist_id, snapshots))

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

    async def _arrival(self, head: Head, snapshot_id: str) -> Pinned:
        if snapshot_id in ("", head.snapshot_id):
            return Pinned(head.revision, head.snapshot_id)
        snapshot = await self._found(head.playlist_id, snapshot_id)
        return Pinned(snapshot.revision, snapshot_id)

    async def _found(self, playlist_id: str, snapshot_id: str) -> Snapshot:
        snapshot = await self._store.snapshot(playlist_id, snapshot_id)
        if snapshot is None:
            raise no_such_snapshot(snapshot_id)
        return snapshot

    async def _content(self, head: Head, version: Pinned) -> Content:
        try:
            return await self._store.content(head, version.revision)
        except RevisionGone:
            raise no_such_snapshot(version.snapshot_id) from None


def entries_of(changes: Collection[Change]) -> list[Entry]:
    """The entries that changes are about."""
    return [change.entry for change in changes if isinstance(change, Added | Removed | Moved)]
