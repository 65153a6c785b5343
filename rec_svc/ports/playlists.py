"""Which tracks are in which playlist, in a copy that follows playlist_svc within seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from meshkit.consuming import Replica
from rec_svc.domain.playlists import Playlist, PlaylistChange


class Playlists(Protocol):
    """Every playlist that there is, whatever its visibility: who asks checks who may see it."""

    async def playlist(self, playlist_id: str) -> Playlist | None:
        """The playlist; None where there is none."""
        ...

    async def of_owner(self, owner_id: str) -> Sequence[Playlist]:
        """The playlists that a user owns, by id."""
        ...


class PlaylistsReplica(Replica[PlaylistChange], Protocol):
    """The playlists as whoever consumes the feed of memberships writes them.

    A track that comes into a playlist which people make must be one event of the owner's, whatever
    is told again.
    """
