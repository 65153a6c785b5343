"""Read one playlist, and the tracks of any of its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshkit.faults import InvalidArgument, PageTokenInvalid
from meshkit.ulids import to_text
from playlist_svc.domain.access import Role
from playlist_svc.domain.order import Entry
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import PlaylistStore, RevisionGone
from playlist_svc.ports.tracks import Track, Tracks
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.snapshot import no_such_snapshot


@dataclass(frozen=True, slots=True)
class Shown:
    """A playlist as one user sees it; ``owner`` is a name, empty where the account is gone."""

    head: Head
    owner: str
    role: Role
    followed: bool


@dataclass(frozen=True, slots=True)
class Names:
    """What is known of tracks and users, each by its id; ``ids`` are those by their raw bytes."""

    tracks: Mapping[str, Track]
    people: Mapping[str, str]
    ids: Mapping[bytes, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pinned:
    """A version that all pages of a list show."""

    revision: int
    snapshot_id: str


@dataclass(frozen=True, slots=True)
class Opened:
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


@dataclass(frozen=True, slots=True)
class PlayOrder:
    """All that is played of a version; ``entries`` as :meth:`Order.played` packs them."""

    head: Head
    snapshot_id: str
    entries: bytes


class Reading:
    """Reads playlists for whoever may see them; NotFound for others."""

    def __init__(
        self, access: Access, store: PlaylistStore, tracks: Tracks, people: People, refresh: Refresh
    ) -> None:
        self._access = access
        self._store = store
        self._tracks = tracks
        self._people = people
        self._refresh = refresh

    async def playlist(self, playlist_id: str, user_id: str) -> Shown:
        """The playlist as the user sees it."""
        head, followed = await self._access.visible_to(playlist_id, user_id)
        return await self._shown(await self._refresh(head), user_id, followed)

    async def shown(self, head: Head, user_id: str) -> Shown:
        """A playlist that the user may see, with what is the user's own about it."""
        return await self._shown(head, user_id, await self._access.follows(head, user_id))

    async def _shown(self, head: Head, user_id: str, followed: bool) -> Shown:
        names = await self._people.names([head.owner_id])
        owner = names.get(head.owner_id, "")
        return Shown(head, owner, head.role_of(user_id), followed)

    async def opened(self, playlist_id: str, user_id: str, snapshot_id: str) -> Opened:
        """A version to list; empty ``snapshot_id``: the newest."""
        head = await self._access.visible(playlist_id, user_id)
        if not snapshot_id:
            head = await self._refresh(head)
        if snapshot_id in ("", head.snapshot_id):
            return Opened(head, Pinned(head.revision, head.snapshot_id))
        snapshot = await self._store.snapshot(playlist_id, snapshot_id)
        if snapshot is None:
            raise no_such_snapshot(snapshot_id)
        return Opened(head, Pinned(snapshot.revision, snapshot_id))

    async def reopened(self, playlist_id: str, user_id: str, version: Pinned) -> Opened:
        """The version that the pages before were of. PageTokenInvalid when it is not kept."""
        head = await self._access.visible(playlist_id, user_id)
        await check_pinned(self._store, head, version)
        return Opened(head, version)

    async def play_order(self, playlist_id: str, user_id: str) -> PlayOrder:
        """The newest version as it is played; of a smart playlist what its rule chooses now."""
        opened = await self.opened(playlist_id, user_id, "")
        version = opened.version
        try:
            content = await self._store.content(opened.head, version.revision)
        except RevisionGone:
            raise no_such_snapshot(version.snapshot_id) from None
        return PlayOrder(opened.head, version.snapshot_id, content.order.played())

    async def page(self, opened: Opened, start: int, limit: int) -> TrackPage:
        """Entries of a version. One that is not kept: InvalidArgument on what named it."""
        version = opened.version
        try:
            content = await self._store.content(opened.head, version.revision)
        except RevisionGone:
            if not start:
                raise no_such_snapshot(version.snapshot_id) from None
            raise not_kept() from None
        entries = content.order.slice(start, start + limit)
        names = await self.names(entries)
        return TrackPage(version, entries, start, len(content.order), names)

    async def names(self, entries: list[Entry]) -> Names:
        """What is known of the tracks of entries, and of who added them."""
        tracks = {raw: to_text(raw) for raw in {entry.track_id for entry in entries}}
        people = {raw: to_text(raw) for raw in {entry.added_by for entry in entries}}
        return Names(
            await self._tracks.named(tracks.values()) if tracks else {},
            await self._people.names(people.values()) if people else {},
            tracks | people,
        )


async def check_pinned(store: PlaylistStore, head: Head, version: Pinned) -> None:
    """PageTokenInvalid unless it is a version of this playlist: a token may say anything."""
    if version == Pinned(head.revision, head.snapshot_id):
        return
    snapshot = await store.snapshot(head.playlist_id, version.snapshot_id)
    if snapshot is None or snapshot.revision != version.revision:
        raise not_kept()


def not_kept() -> InvalidArgument:
    """The fault for a page token of a version that is not kept, or never was."""
    return PageTokenInvalid.field("page_token", "is of a version that is not kept")
