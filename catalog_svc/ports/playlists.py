"""What the catalogue keeps of playlists."""

from __future__ import annotations

from typing import Protocol

from catalog_svc.domain.playlists import PlaylistFeedChange
from meshkit.consuming import Replica


class PlaylistReplica(Replica[PlaylistFeedChange], Protocol):
    """The public playlists and the artists' followers, for search and for who asks.

    What changes must come with a change in the catalogue's feed in the same commit: of entity
    "playlist", with the serialized ``segue.playlist.v1.Playlist`` (removed where it is not public
    any more), or "artist". What is told again as it was must not. Within a listing each thing is
    taken over once, whatever its version; otherwise only over a lower one. An artist that the
    catalogue does not have is left out. When a listing ends, playlists that it did not tell must
    go, and artists that it did not tell have no followers.
    """
