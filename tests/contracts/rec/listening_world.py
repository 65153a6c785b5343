"""What the suites of listening and playlists have in common: the stores, and what is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from meshkit.clock import unix_ms
from meshkit.ulids import new_id
from rec_svc.domain.events import Event
from rec_svc.domain.playlists import Playlist, PlaylistChange
from rec_svc.domain.plays import Play
from rec_svc.domain.user_items import ItemChanged, ItemKind
from rec_svc.ports.events import Events
from rec_svc.ports.listening import FavoriteArtists, ItemsReplica, Listening, PlaysReplica
from rec_svc.ports.playlists import Playlists, PlaylistsReplica

NOON_MS = unix_ms(datetime(2026, 11, 30, 12, tzinfo=UTC))
MOST_TRACKS = 5
"""How many tracks of a user the stores of a test keep."""


@dataclass(frozen=True, slots=True)
class ListeningStores:
    """Empty stores that belong together; ``listening`` keeps ``MOST_TRACKS`` tracks a user.

    ``erase`` has all of them forget a user; ``saved_at_ms`` says when a user saved each track.
    """

    listening: Listening
    favorites: FavoriteArtists
    plays: PlaysReplica
    items: Mapping[ItemKind, ItemsReplica]
    playlists: Playlists
    playlists_replica: PlaylistsReplica
    events: Events
    erase: Callable[[str], Awaitable[None]]
    saved_at_ms: Callable[[str], Awaitable[Mapping[str, int]]]

    async def all_events(self) -> list[Event]:
        """Every event that is kept, by time and id."""
        days = timedelta(days=100)
        today = date(2026, 11, 30)
        batches = self.events.read(today - days, today + days)
        found = [event async for batch in batches for event in batch.events()]
        return sorted(found, key=lambda one: (one.at_ms, one.event_id))


def a_play(user_id: str, track_id: str, left_ms: int = NOON_MS, **fields: object) -> Play:
    """A play that counted, of 40 s."""
    known: dict[str, object] = {"counted": True, "heard_ms": 40_000, "begun_ms": left_ms - 40_000}
    return Play(
        play_id=new_id(),
        user_id=user_id,
        track_id=track_id,
        left_ms=left_ms,
        **(known | fields),  # type: ignore[arg-type]
    )


def a_skip(user_id: str, track_id: str, left_ms: int = NOON_MS) -> Play:
    """A skip after 3 s."""
    return a_play(
        user_id, track_id, left_ms, counted=False, skipped=True, heard_ms=3_000, begun_ms=left_ms
    )


def item(user_id: str, item_id: str, version: int = 1, at_ms: int = NOON_MS) -> ItemChanged:
    """Something came into a user's collection."""
    return ItemChanged(user_id, item_id, version, at_ms, kept=True)


def item_gone(user_id: str, item_id: str, version: int = 2, at_ms: int = NOON_MS) -> ItemChanged:
    """Something left it."""
    return ItemChanged(user_id, item_id, version, at_ms, kept=False)


def a_playlist(owner_id: str, *track_ids: str, managed_by: str = "") -> Playlist:
    return Playlist(new_id(), owner_id, False, managed_by, track_ids)


def playlist_told(one: Playlist, version: int = 1, at_ms: int = NOON_MS) -> PlaylistChange:
    """The playlist as it is now."""
    return PlaylistChange(one.playlist_id, version, at_ms, one)
