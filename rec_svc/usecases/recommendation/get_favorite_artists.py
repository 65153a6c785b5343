"""``GetFavoriteArtists``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rec_svc.domain.tracks import Artist
from rec_svc.ports.listening import Listening
from rec_svc.ports.tracks import Tracks

MOST_SUGGESTED = 50
_POPULAR_TRACKS = 500


class FavoriteArtistsAnswer(NamedTuple):
    """The artists that a user named, and others to choose from."""

    artists: Sequence[Artist]
    suggestions: Sequence[Artist]


class GetFavoriteArtists:
    """Reads the artists that a user named."""

    def __init__(self, listening: Listening, tracks: Tracks) -> None:
        self._listening = listening
        self._tracks = tracks

    async def __call__(self, user_id: str) -> FavoriteArtistsAnswer:
        """Those that are in the catalogue still, and the most played ones beside them."""
        taste = await self._listening.taste(user_id)
        there = await self._tracks.artists(taste.favorite_artists)
        named = [there[id_] for id_ in taste.favorite_artists if id_ in there]
        left_out = taste.blocked_artists | set(taste.favorite_artists)
        popular = await self._tracks.popular(_POPULAR_TRACKS)
        suggested = {
            one.artist_id: Artist(one.artist_id, one.artist)
            for one in popular
            if one.artist_id not in left_out
        }
        return FavoriteArtistsAnswer(named, list(suggested.values())[:MOST_SUGGESTED])
