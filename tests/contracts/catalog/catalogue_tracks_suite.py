"""The contract of lists of tracks: every order, with and without every bound, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from catalog_svc.domain.catalogue import Track, TrackState
from catalog_svc.domain.edits import TrackEdit
from catalog_svc.domain.listings import HIDDEN, NEWEST, TrackQuery, TrackSort, track_place
from meshkit.ulids import new_id
from tests.contracts.catalog.catalogue_lists_suite import paged
from tests.contracts.catalog.stores import CatalogueStores, found, tagged

TRACKS = (
    ("Ångström", "Zoë", "Zett", 1999, 200_000, ("Jazz",)),
    ("beta", "Air", "Moon", 0, 100_000, ("Jazz", "fado")),
    ("Alto", "Air", "Moon", 2010, 150_000, ("fado",)),
    ("Älv", "Air", "", 2004, 300_000, ()),
    ("Wreck", "Zoë", "Zett", 2005, 250_000, ("Jazz",)),
    ("Veiled", "Air", "Moon", 2009, 240_000, ("Jazz",)),
)
"""Title, artist, album, year, length and genres. "Wreck" FAILED, "Veiled" is hidden."""

ORDERS = {
    TrackSort.RECENT: ["Veiled", "Wreck", "Älv", "Alto", "beta", "Ångström"],
    TrackSort.TITLE: ["Alto", "Älv", "Ångström", "beta", "Veiled", "Wreck"],
    TrackSort.ARTIST: ["Alto", "Älv", "beta", "Veiled", "Ångström", "Wreck"],
    TrackSort.DURATION: ["Älv", "Wreck", "Veiled", "Ångström", "Alto", "beta"],
    TrackSort.YEAR: ["Alto", "Veiled", "Wreck", "Älv", "Ångström", "beta"],
}
"""All titles in every order."""

FAILED = frozenset({TrackState.FAILED})
EVERY = frozenset(TrackState)
BOUNDS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "none": ({}, {"Alto", "Älv", "Ångström", "beta"}),
    "every state": ({"states": EVERY}, {"Alto", "Älv", "Ångström", "beta", "Wreck"}),
    "failed": ({"states": FAILED}, {"Wreck"}),
    "genre": ({"genre": "Jazz"}, {"Ångström", "beta"}),
    "genre in another case": ({"genre": "jazz"}, set()),
    "artist": ({"artist_id": "Älv"}, {"Alto", "Älv", "beta"}),
    "album": ({"album_id": "Alto"}, {"Alto", "beta"}),
    "from a year": ({"year_from": 2004}, {"Alto", "Älv"}),
    "to a year": ({"year_to": 2004}, {"Älv", "Ångström"}),
    "one year": ({"year_from": 2010, "year_to": 2010}, {"Alto"}),
    "a year of none": ({"year_from": 2011}, set()),
    "several": ({"genre": "fado", "artist_id": "Älv", "year_to": 2010}, {"Alto"}),
    "hidden": ({"states": EVERY, "hidden": True}, {"Veiled"}),
    "of others": ({"album_id": "Alto", "artist_id": "Ångström"}, set()),
}
"""What is asked, with a title for the artist or the album of its track; the titles it admits."""


async def sung(stores: CatalogueStores) -> dict[str, Track]:
    """The tracks by title, made one after the other."""
    for title, artist, album, year, duration_ms, genres in TRACKS:
        tags = tagged(
            title,
            artist=artist,
            album=album,
            album_artist=artist if album else "",
            year=year,
            duration_ms=duration_ms,
            genres=genres,
        )
        await stores.scanned(found(f"{title}.flac", tags))
    tracks = {one.title: one for one in await stores.catalogue.tracks(after=None, limit=9)}
    await stores.refused(tracks["Wreck"].id)
    await stores.edits.edit_track(tracks["Veiled"].id, TrackEdit(hidden=True), None)
    return tracks


async def pages(stores: CatalogueStores, query: TrackQuery) -> Sequence[Track]:
    """The whole list, read one by one; it must be the list that is read at once."""

    async def page(after: Any, limit: int) -> Sequence[Track]:
        return await stores.catalogue.tracks(query, after=after, limit=limit)

    told = await paged(page, lambda track: track_place(query.sort, track))
    assert await stores.catalogue.tracks(query, after=None, limit=100) == told
    return told


class CatalogueTracksContract:
    """Every adapter must pass; it gives ``stores``."""

    @pytest.mark.parametrize("sort", TrackSort)
    async def test_tracks_are_listed_in_every_order_within_every_bound_page_by_page(
        self, stores: CatalogueStores, sort: TrackSort
    ) -> None:
        tracks = await sung(stores)
        for bound, (asked, titles) in BOUNDS.items():
            query = TrackQuery(sort, **asked)
            if query.artist_id:
                query = replace(query, artist_id=tracks[query.artist_id].artist_id)
            if query.album_id:
                query = replace(query, album_id=tracks[query.album_id].album_id)
            told = [track.title for track in await pages(stores, query)]
            assert told == [title for title in ORDERS[sort] if title in titles], bound

    @pytest.mark.parametrize("sort", TrackSort)
    async def test_what_is_alike_is_told_once_page_by_page(
        self, stores: CatalogueStores, sort: TrackSort
    ) -> None:
        await stores.scanned(*(found(f"{number}.flac", tagged("Same")) for number in range(5)))
        told = [track.id for track in await pages(stores, TrackQuery(sort))]
        assert len(set(told)) == len(told) == 5

    async def test_an_artist_or_album_that_nothing_has_is_an_empty_list(
        self, stores: CatalogueStores
    ) -> None:
        await sung(stores)
        assert await pages(stores, TrackQuery(artist_id=new_id())) == []
        assert await pages(stores, TrackQuery(album_id=new_id())) == []

    async def test_a_track_stands_where_its_title_is_now(self, stores: CatalogueStores) -> None:
        songs = await stores.songs("Alto", "Basso", "Coda")
        by_title = TrackQuery(TrackSort.TITLE)

        async def listed() -> list[str]:
            return [track.title for track in await pages(stores, by_title)]

        await stores.edits.edit_track(songs["Alto"], TrackEdit(title="Über"), None)
        assert await listed() == ["Basso", "Coda", "Über"]
        await stores.edits.edit_track(songs["Alto"], TrackEdit(hidden=False), None)
        await stores.edits.edit_track(songs["Coda"], TrackEdit(artist="Air"), None)
        assert await listed() == ["Basso", "Coda", "Über"]
        by_artist = await pages(stores, TrackQuery(TrackSort.ARTIST))
        assert [track.title for track in by_artist] == ["Coda", "Basso", "Über"]
        await stores.edits.edit_track(songs["Alto"], TrackEdit(title=""), None)
        assert await listed() == ["Alto", "Basso", "Coda"]

    async def test_a_track_stands_where_a_later_scan_puts_it(self, stores: CatalogueStores) -> None:
        await stores.songs("Alto", "Basso")
        for source_id in await stores.source_ids():
            track = (await stores.claimed(source_id, source_id, tagged("Zett"))).track_id
            await stores.edits.edit_track(track, TrackEdit(title=""), None)
            break
        told = await pages(stores, TrackQuery(TrackSort.TITLE))
        assert told[-1].title == "Zett"

    @pytest.mark.parametrize("title", ["ﷺ" * 500, "\U0001f3b5" * 500, "\u3300" * 500])
    async def test_a_title_that_folds_into_many_characters_is_listed(
        self, stores: CatalogueStores, title: str
    ) -> None:
        await stores.songs("Alto")
        await stores.scanned(found("long.flac", tagged(title)), found("two.flac", tagged(title)))
        told = await pages(stores, TrackQuery(TrackSort.TITLE))
        assert [track.title for track in told] == ["Alto", title, title]

    async def test_what_was_taken_down_is_listed_until_it_is_back(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One", "Two", "Three")
        await stores.refused(songs["One"])
        for song in ("One", "Three"):
            await stores.edits.edit_track(songs[song], TrackEdit(hidden=True), None)
        assert {track.id for track in await pages(stores, HIDDEN)} == {songs["One"], songs["Three"]}
        await stores.edits.edit_track(songs["One"], TrackEdit(hidden=False), None)
        assert [track.title for track in await pages(stores, HIDDEN)] == ["Three"]

    async def test_the_newest_come_first_unless_something_else_is_asked(
        self, stores: CatalogueStores
    ) -> None:
        await sung(stores)
        told = await stores.catalogue.tracks(after=None, limit=9)
        assert told == await pages(stores, NEWEST)
