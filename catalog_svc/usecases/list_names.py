"""List albums, artists, genres and years."""

from __future__ import annotations

from catalog_svc.domain.catalogue import Album, Artist, Genre, ReleaseYear
from catalog_svc.domain.listings import AlbumQuery, ArtistSort, NumberPlace, TextPlace
from catalog_svc.ports.catalogue import Browsing
from catalog_svc.usecases.catalog import Browse


class ListNames:
    """Pages of names of which something can be played or will be."""

    def __init__(self, browsing: Browsing, browse: Browse) -> None:
        self._browsing = browsing
        self._browse = browse

    async def albums(
        self, query: AlbumQuery, *, after: TextPlace | NumberPlace | None, limit: int
    ) -> list[Album]:
        """Albums in the order of the query; NotFound for an artist that is not there."""
        found = await self._browsing.albums(query, after=after, limit=limit)
        if not found and query.artist_id:
            await self._browse.artist(query.artist_id)
        return found

    async def artists(
        self,
        sort: ArtistSort,
        *,
        after: TextPlace | NumberPlace | None,
        limit: int,
        genre: str = "",
    ) -> list[Artist]:
        """Artists in the order, of one ``genre`` unless that is empty."""
        return await self._browsing.artists(sort, after=after, limit=limit, genre=genre)

    async def genres(self, *, after: str, limit: int) -> list[Genre]:
        """Genres by name after ``after``."""
        return await self._browsing.genres(after=after, limit=limit)

    async def years(self, *, before: int, limit: int) -> list[ReleaseYear]:
        """Years of release before ``before``, the latest first."""
        return await self._browsing.years(before=before, limit=limit)
