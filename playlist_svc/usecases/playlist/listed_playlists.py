"""Playlists in a list, as the reader sees them."""

from __future__ import annotations

from dataclasses import dataclass

from playlist_svc.ports.listings import Listings
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import Listed
from playlist_svc.usecases.views import PlaylistView


@dataclass(frozen=True, slots=True)
class ListedPlaylist:
    """A playlist in a list, as the reader sees it; ``key`` is what the list is ordered by."""

    shown: PlaylistView
    key: tuple[int, str]


class ListedPlaylists:
    """Shows what a list found."""

    def __init__(self, listings: Listings, people: People) -> None:
        self._listings = listings
        self._people = people

    async def __call__(self, found: list[Listed], user_id: str) -> list[ListedPlaylist]:
        """Each with its owner's name, and whether the user follows it."""
        if not found:
            return []
        followed = await self._listings.followed(user_id, [one.head.playlist_id for one in found])
        names = await self._people.names({one.head.owner_id for one in found})
        return [
            ListedPlaylist(
                PlaylistView(
                    one.head,
                    names.get(one.head.owner_id, ""),
                    one.head.role_of(user_id),
                    one.head.playlist_id in followed,
                ),
                (one.key_ms, one.head.playlist_id),
            )
            for one in found
        ]
