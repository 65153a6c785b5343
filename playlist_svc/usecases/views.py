"""A playlist as one user sees it, and the names in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshkit.faults import InvalidArgument, PageTokenInvalid
from meshkit.ulids import to_text
from playlist_svc.domain.access import Role
from playlist_svc.domain.order import Entry
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.ports.tracks import Track, Tracks
from playlist_svc.usecases.access import Access


@dataclass(frozen=True, slots=True)
class PlaylistView:
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


class Views:
    """Makes views of playlists that the reader was found to see."""

    def __init__(self, access: Access, tracks: Tracks, people: People) -> None:
        self._access = access
        self._tracks = tracks
        self._people = people

    async def shown(self, head: Head, user_id: str) -> PlaylistView:
        """A playlist that the user may see, with what is the user's own about it."""
        return await self.view(head, user_id, followed=await self._access.follows(head, user_id))

    async def view(self, head: Head, user_id: str, *, followed: bool) -> PlaylistView:
        """As ``shown`` of one of whom it is known whether they follow it."""
        names = await self._people.names([head.owner_id])
        owner = names.get(head.owner_id, "")
        return PlaylistView(head, owner, head.role_of(user_id), followed)

    async def names(self, entries: list[Entry]) -> Names:
        """What is known of the tracks of entries, and of who added them."""
        tracks = {raw: to_text(raw) for raw in {entry.track_id for entry in entries}}
        people = {raw: to_text(raw) for raw in {entry.added_by for entry in entries}}
        return Names(
            await self._tracks.named(tracks.values()) if tracks else {},
            await self._people.names(people.values()) if people else {},
            tracks | people,
        )


async def require_pinned(store: PlaylistStore, head: Head, version: Pinned) -> None:
    """PageTokenInvalid unless it is a version of this playlist: a token may say anything."""
    if version == Pinned(head.revision, head.snapshot_id):
        return
    snapshot = await store.snapshot(head.playlist_id, version.snapshot_id)
    if snapshot is None or snapshot.revision != version.revision:
        raise version_not_kept_error()


def version_not_kept_error() -> InvalidArgument:
    """The fault for a page token of a version that is not kept, or never was."""
    return PageTokenInvalid.field("page_token", "is of a version that is not kept")
