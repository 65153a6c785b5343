"""The contract of ``Catalogue``'s reads of many things and of ``CatalogueSnapshot``."""

from __future__ import annotations

import asyncio

from meshkit.ulids import new_id
from tests.contracts.catalog.stores import CatalogueStores, found, tagged

ENTITIES = ("artist", "album", "track")


class CatalogueContract:
    """Every adapter must pass; it gives ``stores``."""

    async def test_many_are_told_by_id_and_those_that_there_are_not_are_left_out(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(*(found(f"{n}.flac", tagged(f"Song {n}")) for n in range(3)))
        await stores.scanned(found("other.flac", tagged("Other", artist="Air", album="")))
        tracks = {track.id: track for track in await stores.catalogue.tracks(after=None, limit=9)}
        albums = {track.album_id for track in tracks.values()} - {""}
        artists = {track.artist_id for track in tracks.values()}
        asked = [*tracks, *tracks, new_id()]
        assert {one.id: one for one in await stores.catalogue.tracks_of(asked)} == tracks
        assert len(await stores.catalogue.tracks_of(asked)) == 4
        (album,) = await stores.catalogue.albums_of([*albums, *albums, new_id()])
        assert album == await stores.catalogue.album(album.id)
        many = await stores.catalogue.artists_of([*artists, new_id()])
        assert sorted(one.name for one in many) == ["Air", "Björk"]
        assert await stores.catalogue.tracks_of([]) == []
        assert await stores.catalogue.tracks_of([album.id]) == []

    async def test_a_merged_track_is_told_under_the_id_that_was_asked_for(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("a.mp3", tagged("One")), found("b.mp3", tagged("Two")))
        gone = {track.id for track in await stores.catalogue.tracks(after=None, limit=9)}
        for source_id in await stores.source_ids():
            await stores.claimed(source_id, "audio", tagged("One"))
        kept = await stores.only_track()
        told = await stores.catalogue.tracks_of([*gone, kept.id])
        assert {track.id for track in told} == gone
        assert {track.title for track in told} == {kept.title}

    async def test_a_track_is_found_by_every_id_while_it_is_merged(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(*(found(f"{n}.mp3", tagged(f"Copy {n}")) for n in range(12)))
        ids = [track.id for track in await stores.catalogue.tracks(after=None, limit=99)]

        async def merge() -> None:
            for source_id in await stores.source_ids():
                # A store in memory lets nobody else run.
                await asyncio.sleep(0)
                await stores.claimed(source_id, "audio", tagged("Copy 0"))

        async def read(track_id: str) -> int:
            count = 0
            while not merging.done():
                assert await stores.playables.playable(track_id) is not None
                await asyncio.sleep(0)
                count += 1
            return count

        async with asyncio.TaskGroup() as group:
            merging = group.create_task(merge())
            reading = [group.create_task(read(track_id)) for track_id in ids]
        assert min(task.result() for task in reading) > 0
        assert await stores.only_track()

    async def test_the_listing_tells_everything_once_names_first(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(*(found(f"{n}.flac", tagged(f"Song {n}")) for n in range(5)))
        listed = [one async for some in stores.listing.everything(ENTITIES) for one in some]
        assert [change.entity for change in listed] == ["artist", "album"] + 5 * ["track"]
        assert len({change.id for change in listed}) == 7
        only = [one async for some in stores.listing.everything(["album"]) for one in some]
        assert [change.entity for change in only] == ["album"]

    async def test_the_listing_tells_what_the_feed_told_last(self, stores: CatalogueStores) -> None:
        token = await stores.feed.head()
        await stores.scanned(found("a.flac", tagged("One")))
        last = {(change.entity, change.id): change for change in await stores.changes_after(token)}
        listed = [one async for some in stores.listing.everything(ENTITIES) for one in some]
        assert {(change.entity, change.id): change for change in listed} == last
