"""``SetFavoriteArtists``."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.idempotency import RequestKey
from rec_svc.domain.recommendation_faults import unknown_error
from rec_svc.domain.tracks import Artist
from rec_svc.ports.listening import FavoriteArtists
from rec_svc.ports.tracks import Tracks


class SetFavoriteArtists:
    """Names the artists that a user likes."""

    def __init__(self, favorites: FavoriteArtists, tracks: Tracks) -> None:
        self._favorites = favorites
        self._tracks = tracks

    async def __call__(
        self, user_id: str, artist_ids: Sequence[str], key: RequestKey | None = None
    ) -> Sequence[Artist]:
        """Those that were named.

        Raises NotFound for the first one that has no tracks, RequestIdReused, Unavailable.
        """
        named = list(dict.fromkeys(artist_ids))
        there = await self._tracks.artists(named)
        for artist_id in named:
            if artist_id not in there:
                raise unknown_error("artist", artist_id)
        await self._favorites.set_favorite_artists(user_id, named, key)
        return [there[artist_id] for artist_id in named]
