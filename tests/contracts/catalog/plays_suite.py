"""The contract of ``PlayCounts``: plays that the playback service tells, counted once each."""

from __future__ import annotations

from segue.catalog.v1 import catalog_pb2

from catalog_svc.domain.plays import Play
from meshkit.feeds import Change, Op
from meshkit.ulids import new_id
from tests.contracts.catalog.stores import CatalogueStores, found, tagged


def plays_of(track_id: str, count: int = 1) -> list[Play]:
    """New plays of a track."""
    return [Play(new_id(), track_id) for _ in range(count)]


class PlaysContract:
    """Every adapter must pass; it gives ``stores``."""

    async def test_plays_add_to_the_streams_of_their_tracks(self, stores: CatalogueStores) -> None:
        songs = await stores.songs("One", "Two", "Three")
        await stores.plays.apply([*plays_of(songs["One"], 2), *plays_of(songs["Two"])], "a")
        await stores.plays.apply(plays_of(songs["One"], 3), "b")
        assert await self._streams(stores) == {"One": 5, "Two": 1, "Three": 0}

    async def test_a_play_counts_once_however_often_it_is_told(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One", "Two")
        first, second, third = plays_of(songs["One"], 3)
        other = plays_of(songs["Two"])[0]
        await stores.plays.apply([first, second, first], "a")
        await stores.plays.apply([second, third, other], "b")
        await stores.plays.apply([first, second, third, other], "")
        assert await self._streams(stores) == {"One": 3, "Two": 1}

    async def test_plays_of_tracks_that_there_are_not_count_for_none(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One")
        await stores.plays.apply([*plays_of(new_id(), 2), *plays_of(songs["One"])], "a")
        assert await self._streams(stores) == {"One": 1}

    async def test_plays_of_a_merged_track_count_for_the_one_it_was_merged_into(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("a.mp3", tagged("One")), found("b.mp3", tagged("Two")))
        both = {track.id for track in await stores.catalogue.tracks(after=None, limit=9)}
        for source_id in await stores.source_ids():
            await stores.claimed(source_id, "audio", tagged("One"))
        kept = await stores.only_track()
        (gone,) = both - {kept.id}
        await stores.plays.apply([*plays_of(gone, 2), *plays_of(kept.id)], "a")
        assert (await stores.only_track()).streams_total == 3

    async def test_counting_tells_nobody(self, stores: CatalogueStores) -> None:
        songs = await stores.songs("One")
        before, token = await stores.only_track(), await stores.feed.head()
        await stores.plays.apply(plays_of(songs["One"], 40), "a")
        assert await stores.changes_after(token) == []
        assert (await stores.only_track()).version == before.version

    async def test_what_was_forgotten_is_not_what_was_just_counted(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One")
        plays = plays_of(songs["One"], 3)
        await stores.plays.apply(plays, "a")
        assert await stores.plays.prune() == 0
        await stores.plays.apply(plays, "b")
        assert await self._streams(stores) == {"One": 3}

    async def test_counts_are_told_with_a_new_version_once_they_have_outgrown_what_was_told(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One", "Two")
        one = songs["One"]
        before = await stores.catalogue.track(one)
        assert before is not None
        await stores.plays.apply(plays_of(one, 100), "a")
        (change,) = await self._told(stores, [one])
        assert (change.entity, change.id, change.op) == ("track", one, Op.UPSERT)
        assert change.version > before.version
        assert catalog_pb2.Track.FromString(change.payload).streams_total == 100
        await stores.plays.apply(plays_of(one, 10), "b")
        assert await self._told(stores, []) == []
        await stores.plays.apply(plays_of(one), "c")
        (change,) = await self._told(stores, [one])
        assert catalog_pb2.Track.FromString(change.payload).streams_total == 111
        track = await stores.catalogue.track(one)
        assert track is not None
        assert track.version == change.version

    async def test_counts_are_told_in_parts_by_id(self, stores: CatalogueStores) -> None:
        songs = sorted((await stores.songs("One", "Two", "Three")).values())
        await stores.plays.apply([play for one in songs for play in plays_of(one)], "a")
        assert await stores.plays.publish_outgrown(after="", limit=2) == songs[:2]
        assert await stores.plays.publish_outgrown(after=songs[1], limit=2) == songs[2:]
        assert await stores.plays.publish_outgrown(after="", limit=2) == []

    async def _streams(self, stores: CatalogueStores) -> dict[str, int]:
        tracks = await stores.catalogue.tracks(after=None, limit=500)
        return {track.title: track.streams_total for track in tracks}

    async def _told(self, stores: CatalogueStores, ids: list[str]) -> list[Change]:
        """What the feed says of a round, which must be about these tracks."""
        token = await stores.feed.head()
        assert await stores.plays.publish_outgrown(after="", limit=100) == ids
        return await stores.changes_after(token)
