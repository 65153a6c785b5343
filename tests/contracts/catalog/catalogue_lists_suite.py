"""The contract of ``CatalogueLists`` and of lists of runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from catalog_svc.domain.catalogue import Genre, ReleaseYear, TrackState
from catalog_svc.domain.edits import TrackEdit
from catalog_svc.domain.listings import (
    AlbumQuery,
    AlbumSort,
    ArtistSort,
    TrackQuery,
    album_place,
    artist_place,
)
from meshkit.clock import unix_us
from tests.contracts.catalog.stores import CatalogueStores, found, new_import, tagged

ALBUMS = (
    ("Ångström", "Zoë", 1999),
    ("beta", "Air", 0),
    ("Cirrus", "Air", 2010),
    ("Älv", "Air", 2004),
)


async def filled(stores: CatalogueStores) -> None:
    """Each album with one track, made one after the other."""
    for number, (album, artist, year) in enumerate(ALBUMS):
        tags = tagged(f"Song {number}", artist=artist, album=album, album_artist=artist, year=year)
        await stores.scanned(found(f"{number}.flac", tags))


async def filled_with_genres(stores: CatalogueStores) -> None:
    """Three albums, of one of which all that is jazz is refused or hidden."""
    for title, artist, album, year, genres in (
        ("One", "Miles", "Blue", 1959, ("Jazz",)),
        ("Two", "Zoë", "Cool", 1960, ("Jazz", "Pop")),
        ("Three", "Amália", "Cool", 1960, ("fado",)),
        ("Four", "Air", "Sour", 1958, ("Jazz",)),
        ("Five", "Air", "Sour", 1958, ("Jazz",)),
        ("Six", "Air", "Sour", 1958, ("Pop",)),
    ):
        tags = tagged(title, artist=artist, album=album, album_artist=album, year=year)
        await stores.scanned(found(f"{title}.flac", replace(tags, genres=genres)))
    tracks = {one.title: one.id for one in await stores.catalogue.tracks(after=None, limit=9)}
    await stores.edits.edit_track(tracks["Four"], TrackEdit(hidden=True), None)
    await stores.refused(tracks["Five"])


async def paged(
    page: Callable[[Any, int], Awaitable[Sequence[Any]]], place: Callable[[Any], Any]
) -> list[Any]:
    """A whole list, read one by one."""
    told: list[Any] = []
    while one := await page(place(told[-1]) if told else None, 1):
        told += one
    return told


class CatalogueListsContract:
    """Every adapter must pass; it gives ``stores``."""

    @pytest.mark.parametrize(
        ("query", "titles"),
        [
            (AlbumQuery(AlbumSort.RECENT), ["Älv", "Cirrus", "beta", "Ångström"]),
            (AlbumQuery(AlbumSort.TITLE), ["Älv", "Ångström", "beta", "Cirrus"]),
            (AlbumQuery(AlbumSort.YEAR), ["Cirrus", "Älv", "Ångström", "beta"]),
            (AlbumQuery(AlbumSort.YEAR, year_from=2004), ["Cirrus", "Älv"]),
            (AlbumQuery(AlbumSort.YEAR, year_to=2004), ["Älv", "Ångström"]),
            (AlbumQuery(AlbumSort.TITLE, year_from=2005, year_to=2005), []),
        ],
        ids=str,
    )
    async def test_albums_are_listed_in_order_page_by_page(
        self, stores: CatalogueStores, query: AlbumQuery, titles: list[str]
    ) -> None:
        await filled(stores)
        whole = await stores.browsing.albums(query, after=None, limit=10)
        assert [album.title for album in whole] == titles

        async def page(after: Any, limit: int) -> Sequence[Any]:
            return await stores.browsing.albums(query, after=after, limit=limit)

        assert await paged(page, lambda album: album_place(query.sort, album)) == whole

    async def test_albums_of_one_artist_alone_can_be_asked_for(
        self, stores: CatalogueStores
    ) -> None:
        await filled(stores)
        (first, *_) = await stores.browsing.artists(ArtistSort.NAME, after=None, limit=9)
        query = AlbumQuery(AlbumSort.YEAR, artist_id=first.id)
        found = await stores.browsing.albums(query, after=None, limit=9)
        assert [album.title for album in found] == ["Cirrus", "Älv", "beta"]
        assert {album.artist for album in found} == {"Air"}

    @pytest.mark.parametrize(
        ("sort", "names"),
        [(ArtistSort.NAME, ["Air", "Björk", "Zoë"]), (ArtistSort.RECENT, ["Björk", "Air", "Zoë"])],
    )
    async def test_artists_are_listed_in_order_page_by_page(
        self, stores: CatalogueStores, sort: ArtistSort, names: list[str]
    ) -> None:
        await filled(stores)
        await stores.scanned(found("last.flac", tagged("Last")))
        whole = await stores.browsing.artists(sort, after=None, limit=10)
        assert [artist.name for artist in whole] == names

        async def page(after: Any, limit: int) -> Sequence[Any]:
            return await stores.browsing.artists(sort, after=after, limit=limit)

        assert await paged(page, lambda artist: artist_place(sort, artist)) == whole

    @pytest.mark.parametrize("sort", AlbumSort)
    async def test_albums_of_one_genre_have_a_living_track_of_it(
        self, stores: CatalogueStores, sort: AlbumSort
    ) -> None:
        await filled_with_genres(stores)
        whole = await stores.browsing.albums(AlbumQuery(sort), after=None, limit=9)
        for genre, titles in {"Jazz": {"Blue", "Cool"}, "fado": {"Cool"}, "jazz": set()}.items():
            query = AlbumQuery(sort, genre=genre)

            async def page(after: Any, limit: int, query: AlbumQuery = query) -> Sequence[Any]:
                return await stores.browsing.albums(query, after=after, limit=limit)

            told = await paged(page, lambda album: album_place(sort, album))
            assert told == [album for album in whole if album.title in titles]
        bounded = AlbumQuery(sort, genre="Jazz", year_to=1959)
        (album,) = await stores.browsing.albums(bounded, after=None, limit=9)
        assert album.title == "Blue"

    @pytest.mark.parametrize("sort", ArtistSort)
    async def test_artists_of_one_genre_have_a_living_track_of_it(
        self, stores: CatalogueStores, sort: ArtistSort
    ) -> None:
        await filled_with_genres(stores)
        whole = await stores.browsing.artists(sort, after=None, limit=9)
        for genre, names in {"Jazz": {"Miles", "Zoë"}, "fado": {"Amália"}, "jazz": set()}.items():

            async def page(after: Any, limit: int, genre: str = genre) -> Sequence[Any]:
                return await stores.browsing.artists(sort, after=after, limit=limit, genre=genre)

            told = await paged(page, lambda artist: artist_place(sort, artist))
            assert told == [artist for artist in whole if artist.name in names]

    async def test_what_can_never_be_played_is_not_listed(self, stores: CatalogueStores) -> None:
        songs = await stores.songs("One")
        await filled(stores)
        await stores.refused(songs["One"])
        recent = AlbumQuery(AlbumSort.RECENT)
        albums = await stores.browsing.albums(recent, after=None, limit=9)
        artists = await stores.browsing.artists(ArtistSort.NAME, after=None, limit=9)
        tracks = await stores.catalogue.tracks(after=None, limit=9)
        assert "Homogenic" not in {album.title for album in albums}
        assert "Björk" not in {artist.name for artist in artists}
        assert songs["One"] not in {track.id for track in tracks}
        query = TrackQuery(states=frozenset({TrackState.FAILED}))
        failed = await stores.catalogue.tracks(query, after=None, limit=9)
        assert [track.id for track in failed] == [songs["One"]]

    async def test_runs_are_listed_the_newest_first_page_by_page(
        self, stores: CatalogueStores
    ) -> None:
        made = [await stores.imports.create(new_import(), None) for _ in range(3)]
        whole = await stores.imports.list_runs(after=None, limit=10)
        assert [run.id for run in whole] == [run.id for run in reversed(made)]

        async def page(after: Any, limit: int) -> Sequence[Any]:
            return await stores.imports.list_runs(after=after, limit=limit)

        assert await paged(page, lambda run: (unix_us(run.created_at), run.id)) == whole

    async def test_genres_are_those_of_tracks_that_can_be_found(
        self, stores: CatalogueStores
    ) -> None:
        jazz = await stores.songs("One", "Two", genres=("Jazz", "fado"))
        soul = await stores.songs("Three", genres=("Jazz", "Ätna"))
        gone = await stores.songs("Four", "Five", genres=("Noise",))
        await stores.edits.edit_track(gone["Four"], TrackEdit(hidden=True), None)
        await stores.refused(gone["Five"])
        told = await stores.browsing.genres(after="", limit=9)
        assert told == [Genre("Jazz", 3), Genre("fado", 2), Genre("Ätna", 1)]
        assert await stores.browsing.genres(after="Jazz", limit=1) == told[1:2]
        found = await stores.catalogue.tracks(TrackQuery(genre="Jazz"), after=None, limit=9)
        assert {track.id for track in found} == {*jazz.values(), *soul.values()}

    async def test_years_are_those_of_tracks_that_can_be_found_the_latest_first(
        self, stores: CatalogueStores
    ) -> None:
        await filled(stores)
        songs = await stores.songs("Five", "Six", "Seven", album="Cirrus", album_artist="Air")
        await stores.edits.edit_track(songs["Five"], TrackEdit(hidden=True), None)
        await stores.refused(songs["Six"])
        gone = await stores.songs("Gone", album="Lost", year=2020)
        await stores.refused(gone["Gone"])
        # The year of an album is that of its first track: Cirrus is of 2010, "Seven" of 1997.
        told = [
            ReleaseYear(2010, 1, 1),
            ReleaseYear(2004, 1, 1),
            ReleaseYear(1999, 1, 1),
            ReleaseYear(1997, 1, 0),
        ]
        assert await stores.browsing.years(before=10_000, limit=9) == told

        async def page(after: Any, limit: int) -> Sequence[Any]:
            return await stores.browsing.years(before=after or 10_000, limit=limit)

        assert await paged(page, lambda one: one.year) == told
