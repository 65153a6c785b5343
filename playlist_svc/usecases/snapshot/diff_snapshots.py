"""Tell what lies between two versions of a playlist."""

from __future__ import annotations

from dataclasses import dataclass

from playlist_svc.domain.diff import Change, diff
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.refusals import unknown_snapshot_error
from playlist_svc.ports.playlists import PlaylistStore, RevisionGone
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.described_snapshots import entries_of
from playlist_svc.usecases.snapshot.kept_snapshots import KeptSnapshots
from playlist_svc.usecases.views import Names, Pinned, Views, require_pinned, version_not_kept_error


@dataclass(frozen=True, slots=True)
class Differences:
    """Some of the changes between two versions, of ``count`` in all."""

    to: Pinned
    changes: list[Change]
    count: int
    names: Names


class DiffSnapshots:
    """Compares versions for whoever may see the playlist; NotFound for others."""

    def __init__(self, access: Access, store: PlaylistStore, views: Views) -> None:
        self._access = access
        self._store = store
        self._kept = KeptSnapshots(store)
        self._views = views

    async def __call__(
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
        earlier = await self._kept.find(playlist_id, from_id)
        if isinstance(to, Pinned):
            await require_pinned(self._store, head, to)
        later = to if isinstance(to, Pinned) else await self._arrival(head, to)
        old = await self._kept.content(head, Pinned(earlier.revision, from_id))
        try:
            new = await self._store.content(head, later.revision)
        except RevisionGone:
            if isinstance(to, Pinned):
                raise version_not_kept_error() from None
            raise unknown_snapshot_error(later.snapshot_id) from None
        changes = diff(old, new)
        shown = list(changes[start : start + limit])
        return Differences(later, shown, len(changes), await self._views.names(entries_of(shown)))

    async def _arrival(self, head: Head, snapshot_id: str) -> Pinned:
        if snapshot_id in ("", head.snapshot_id):
            return Pinned(head.revision, head.snapshot_id)
        snapshot = await self._kept.find(head.playlist_id, snapshot_id)
        return Pinned(snapshot.revision, snapshot_id)
