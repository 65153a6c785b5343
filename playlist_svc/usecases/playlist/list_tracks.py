"""Read the tracks of any version of a playlist, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from playlist_svc.domain.order import Entry
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.refusals import unknown_snapshot_error
from playlist_svc.ports.playlists import PlaylistStore, RevisionGone
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.views import Names, Pinned, Views, require_pinned, version_not_kept_error


@dataclass(frozen=True, slots=True)
class OpenedVersion:
    """A version of a playlist that the user may see."""

    head: Head
    version: Pinned


@dataclass(frozen=True, slots=True)
class TrackPage:
    """Some entries of a version, from ``start`` on, of ``track_count`` in all."""

    version: Pinned
    entries: list[Entry]
    start: int
    track_count: int
    names: Names


class ListTracks:
    """Reads lists of tracks for whoever may see them; NotFound for others."""

    def __init__(
        self, access: Access, store: PlaylistStore, views: Views, refresh: Refresh
    ) -> None:
        self._access = access
        self._store = store
        self._views = views
        self._refresh = refresh

    async def open(self, playlist_id: str, user_id: str, snapshot_id: str) -> OpenedVersion:
        """A version to list; empty ``snapshot_id``: the newest."""
        head = await self._access.visible(playlist_id, user_id)
        if not snapshot_id:
            head = await self._refresh(head)
        if snapshot_id in ("", head.snapshot_id):
            return OpenedVersion(head, Pinned(head.revision, head.snapshot_id))
        snapshot = await self._store.snapshot(playlist_id, snapshot_id)
        if snapshot is None:
            raise unknown_snapshot_error(snapshot_id)
        return OpenedVersion(head, Pinned(snapshot.revision, snapshot_id))

    async def reopen(self, playlist_id: str, user_id: str, version: Pinned) -> OpenedVersion:
        """The version that the pages before were of. PageTokenInvalid when it is not kept."""
        head = await self._access.visible(playlist_id, user_id)
        await require_pinned(self._store, head, version)
        return OpenedVersion(head, version)

    async def page(self, opened: OpenedVersion, start: int, limit: int) -> TrackPage:
        """Entries of a version. One that is not kept: InvalidArgument on what named it."""
        version = opened.version
        try:
            content = await self._store.content(opened.head, version.revision)
        except RevisionGone:
            if not start:
                raise unknown_snapshot_error(version.snapshot_id) from None
            raise version_not_kept_error() from None
        entries = content.order.slice(start, start + limit)
        names = await self._views.names(entries)
        return TrackPage(version, entries, start, len(content.order), names)
