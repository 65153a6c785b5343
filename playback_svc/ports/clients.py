"""The other services that playback asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from playback_svc.domain.listing import Listing
from playback_svc.domain.plans import Plan, Playable
from playback_svc.domain.player_state import Track


class Catalogue(Protocol):
    """The catalogue's word on tracks."""

    async def playable(self, track_id: str) -> Playable:
        """A track with its rungs.

        Raises NotFound, Unavailable (TRACK_NOT_READY, or the catalogue is down) or
        FailedPrecondition (AUDIO_UNDECODABLE).
        """
        ...

    async def tracks(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        """The tracks that there are, at most 500 asked for. May be some minutes old."""
        ...

    async def album(self, album_id: str) -> Listing:
        """The tracks of an album in order. Raises NotFound."""
        ...

    async def artist(self, artist_id: str) -> Listing:
        """All tracks of an artist, the most played first. Raises NotFound."""
        ...

    async def artists(self, listing: Listing) -> Sequence[bytes]:
        """The artist of each entry, as the bytes of a ULID; zeros for an unknown track."""
        ...


class Playlists(Protocol):
    """The playlists that the calling user may open."""

    async def playlist(self, playlist_id: str) -> Listing:
        """The entries of a playlist in order. Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class Friend:
    """Someone whom the calling user follows and who has not blocked that user."""

    user_id: str
    username: str


class Friends(Protocol):
    """The people whose listening the calling user may be shown, where they share it."""

    async def friends(self, limit: int) -> Sequence[Friend]:
        """At most ``limit``, the latest followed first."""
        ...


class Plans(Protocol):
    """The tier table."""

    async def plan(self, tier: str) -> Plan:
        """The plan of a tier; Unavailable while the table was never read."""
        ...
