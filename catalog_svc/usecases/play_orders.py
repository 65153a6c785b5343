"""What there is to play of an album or an artist, and whose tracks those are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog_svc.ports.plays import PlayOrders
from catalog_svc.usecases.catalog import Browse
from meshkit.faults import InvalidArgument

MOST_TRACKS = 10_000
"""Tracks in one order."""


@dataclass(frozen=True, slots=True)
class PlayOrder:
    """The ids of tracks in the order of playing, and what they are called together."""

    title: str
    track_ids: Sequence[str]


class FindPlayOrders:
    """Orders for whoever plays them. What is not there is ``NotFound``."""

    def __init__(self, browse: Browse, orders: PlayOrders) -> None:
        self._browse = browse
        self._orders = orders

    async def __call__(self, *, album_id: str, artist_id: str) -> PlayOrder:
        """The tracks of an album or of an artist, of which exactly one is given.

        Tracks whose files were refused are left out: nobody can play them.
        """
        if bool(album_id) == bool(artist_id):
            field = "artist_id" if album_id else "album_id"
            raise InvalidArgument.field(field, "give one of album_id and artist_id")
        if album_id:
            album = await self._browse.album(album_id)
            found = await self._orders.album_order(album_id, limit=MOST_TRACKS)
            return PlayOrder(album.title, found)
        artist = await self._browse.artist(artist_id)
        found = await self._orders.artist_order(artist_id, limit=MOST_TRACKS)
        return PlayOrder(artist.name, found)

    async def artists(self, track_ids: Sequence[str]) -> Sequence[str]:
        """The artist of each track, in the same order; empty for an unknown track."""
        return await self._orders.artist_ids(track_ids)
