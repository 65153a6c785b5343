"""The contract of ``PlayOrders`` and ``PlayedTracks``."""

from __future__ import annotations

from catalog_svc.domain.plays import Streams
from meshkit.ulids import new_id
from tests.contracts.catalog.plays_suite import plays_of
from tests.contracts.catalog.stores import CatalogueStores, found, tagged


class PlayOrdersContract:
    """Every adapter must pass; it gives ``stores``."""

    async def test_an_album_is_played_by_disc_and_number_as_it_is_listed(
        self, stores: CatalogueStores
    ) -> None:
        places = [(2, 1), (1, 2), (1, 1), (2, 2), (1, 2)]
        files = [
            found(f"{n}.flac", tagged(f"Song {n}", disc_number=disc, track_number=number))
            for n, (disc, number) in enumerate(places)
        ]
        await stores.scanned(*files, found("other.flac", tagged("Other", album="Post")))
        tracks = await stores.catalogue.tracks(after=None, limit=9)
        album_id = next(track.album_id for track in tracks if track.album == "Homogenic")
        listed = await stores.catalogue.album_tracks(album_id, after=None, limit=9)
        order = await stores.orders.album_order(album_id, limit=9)
        assert list(order) == [track.id for track in listed]
        assert len(order) == 5
        assert list(await stores.orders.album_order(album_id, limit=2)) == list(order)[:2]
        assert list(await stores.orders.album_order(new_id(), limit=9)) == []

    async def test_an_artist_is_played_by_streams(self, stores: CatalogueStores) -> None:
        songs = await stores.songs("One", "Two", "Three", "Four")
        await stores.scanned(found("other.flac", tagged("Other", artist="Air", album="")))
        plays = [*plays_of(songs["Three"], 2), *plays_of(songs["Two"], 5)]
        await stores.plays.apply(plays, "a")
        track = await stores.catalogue.track(songs["One"])
        assert track is not None
        rest = sorted([songs["One"], songs["Four"]], reverse=True)
        expected = [songs["Two"], songs["Three"], *rest]
        assert list(await stores.orders.artist_order(track.artist_id, limit=9)) == expected
        top = await stores.catalogue.top_tracks(track.artist_id, limit=9)
        assert [one.id for one in top] == expected
        assert list(await stores.orders.artist_order(track.artist_id, limit=1)) == expected[:1]
        assert list(await stores.orders.artist_order(new_id(), limit=9)) == []

    async def test_a_track_whose_file_was_refused_is_not_played(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One", "Two")
        track = await stores.catalogue.track(songs["Two"])
        assert track is not None
        await stores.refused(songs["One"])
        only = [songs["Two"]]
        assert list(await stores.orders.album_order(track.album_id, limit=9)) == only
        assert list(await stores.orders.artist_order(track.artist_id, limit=9)) == only
        assert await stores.played.most_played(9) == [Streams(songs["Two"], 0)]

    async def test_whose_tracks_they_are_is_told_in_the_order_of_the_question(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One", "Two")
        await stores.scanned(found("other.flac", tagged("Other", artist="Air", album="")))
        tracks = {one.title: one for one in await stores.catalogue.tracks(after=None, limit=9)}
        mine, air = tracks["One"].artist_id, tracks["Other"].artist_id
        asked = [songs["Two"], new_id(), tracks["Other"].id, songs["One"], songs["Two"]]
        assert list(await stores.orders.artist_ids(asked)) == [mine, "", air, mine, mine]
        assert list(await stores.orders.artist_ids([])) == []

    async def test_a_merged_track_is_its_survivors_artists(self, stores: CatalogueStores) -> None:
        await stores.scanned(found("a.mp3", tagged("One")), found("b.mp3", tagged("Two")))
        both = [track.id for track in await stores.catalogue.tracks(after=None, limit=9)]
        for source_id in await stores.source_ids():
            await stores.claimed(source_id, "audio", tagged("One"))
        artist_id = (await stores.only_track()).artist_id
        assert list(await stores.orders.artist_ids(both)) == [artist_id, artist_id]

    async def test_the_most_played_come_first_and_of_equals_the_newest(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One", "Two", "Three")
        await stores.plays.apply(plays_of(songs["Two"], 2), "a")
        rest = sorted([songs["One"], songs["Three"]], reverse=True)
        expected = [Streams(songs["Two"], 2), *(Streams(one, 0) for one in rest)]
        assert await stores.played.most_played(9) == expected
        assert await stores.played.most_played(2) == expected[:2]
