"""The contract of ``Edits``: what is said over tags, and what follows from it."""

from __future__ import annotations

import pytest

from catalog_svc.domain.catalogue import SILENT_ALBUM, SILENT_ARTIST, Access, Track
from catalog_svc.domain.edits import TrackEdit
from catalog_svc.domain.listings import AlbumQuery, AlbumSort, ArtistSort
from meshkit.faults import InvalidArgument
from meshkit.feeds import Op
from meshkit.idempotency import RequestKey
from meshkit.ulids import new_id
from tests.contracts.catalog.stores import CatalogueStores, found, publication, tagged

TAKE_DOWN, BRING_BACK = TrackEdit(hidden=True), TrackEdit(hidden=False)


async def edited(stores: CatalogueStores, track_id: str, edit: TrackEdit) -> Track:
    track = await stores.edits.edit_track(track_id, edit, None)
    assert track is not None
    return track


async def seen(stores: CatalogueStores, track_id: str) -> Track | None:
    return await stores.catalogue.track(track_id)


class EditsContract:
    """Every adapter must pass; it gives ``stores``."""

    async def test_what_was_said_of_a_track_outlives_a_scan_of_other_tags(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("a.flac", tagged("Huntr")))
        (source,) = await stores.source_ids()
        track_id = (await stores.claimed(source, "audio", tagged("Huntr"))).track_id
        await edited(stores, track_id, TrackEdit(title="Hunter", access=Access.PREMIUM))
        await stores.scanned(found("a.flac", tagged("Other", year=1998), size=2000))
        other = tagged("Other", year=1998, artist="Zoë", album_artist="Zoë")
        assert (await stores.claimed(source, "audio", other)).track_id == track_id
        track = await stores.only_track()
        assert (track.title, track.access) == ("Hunter", Access.PREMIUM)
        assert (track.year, track.artist) == (1998, "Zoë")
        assert (await edited(stores, track_id, TrackEdit(title=""))).title == "Other"
        assert await stores.only_track() == await seen(stores, track_id)

    async def test_a_track_that_was_taken_down_stays_so_through_a_scan_and_encoding(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("a.flac", tagged("One")))
        (source,) = await stores.source_ids()
        track_id = (await stores.claimed(source, "audio", tagged("One"))).track_id
        assert (await edited(stores, track_id, TAKE_DOWN)).hidden
        token = await stores.feed.head()
        claim = await stores.claimed(source, "audio", tagged("Two"))
        assert claim.track_id == track_id
        await stores.preparation.publish(publication(source, track_id))
        assert await seen(stores, track_id) is None
        assert await stores.playables.playable(track_id) is None
        told = [one for one in await stores.changes_after(token) if one.id == track_id]
        assert told
        assert {one.op for one in told} == {Op.DELETE}
        back = await edited(stores, track_id, BRING_BACK)
        assert (back.title, back.rungs) == ("Two", ("128", "320"))
        assert await stores.playables.playable(track_id) is not None

    async def test_a_hidden_track_is_in_no_list(self, stores: CatalogueStores) -> None:
        songs = await stores.songs("One", "Two")
        kept = await seen(stores, songs["Two"])
        assert kept is not None
        await edited(stores, songs["One"], TAKE_DOWN)
        reads = stores.catalogue
        assert await reads.tracks(after=None, limit=9) == [kept]
        assert await reads.tracks_of(list(songs.values())) == [kept]
        assert await reads.album_tracks(kept.album_id, after=None, limit=9) == [kept]
        assert await reads.top_tracks(kept.artist_id, limit=9) == [kept]
        assert await stores.orders.album_order(kept.album_id, limit=9) == [kept.id]
        assert await stores.orders.artist_order(kept.artist_id, limit=9) == [kept.id]
        assert [one.track_id for one in await stores.played.most_played(9)] == [kept.id]
        listed = [one async for some in stores.listing.everything(["track"]) for one in some]
        assert [one.id for one in listed] == [kept.id]

    async def test_names_of_which_everything_is_hidden_are_silent_until_it_is_back(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One")
        token = await stores.feed.head()
        await edited(stores, songs["One"], TAKE_DOWN)
        told = {one.entity for one in await stores.changes_after(token)}
        assert told == {"track", SILENT_ALBUM, SILENT_ARTIST}
        query = AlbumQuery(AlbumSort.TITLE)
        assert await stores.browsing.albums(query, after=None, limit=9) == []
        assert await stores.browsing.artists(ArtistSort.NAME, after=None, limit=9) == []
        token = await stores.feed.head()
        await edited(stores, songs["One"], BRING_BACK)
        changes = await stores.changes_after(token)
        assert {one.entity for one in changes} == {"track", "album", "artist"}
        assert {one.op for one in changes} == {Op.UPSERT}
        assert len(await stores.browsing.albums(query, after=None, limit=9)) == 1

    async def test_versions_rise_with_each_edit_and_only_then(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One")
        token = await stores.feed.head()
        first = await edited(stores, songs["One"], TrackEdit(title="Uno"))
        same = TrackEdit(title="Uno", access=Access.FREE, hidden=False)
        assert await edited(stores, songs["One"], same) == first
        await edited(stores, songs["One"], TAKE_DOWN)
        await edited(stores, songs["One"], BRING_BACK)
        told = [one for one in await stores.changes_after(token) if one.entity == "track"]
        assert [one.op for one in told] == [Op.UPSERT, Op.DELETE, Op.UPSERT]
        assert [one.version for one in told] == [first.version + step for step in range(3)]

    async def test_a_merged_track_is_edited_under_either_id(self, stores: CatalogueStores) -> None:
        await stores.scanned(found("a.mp3", tagged("One")), found("b.mp3", tagged("Two")))
        ids = {track.id for track in await stores.catalogue.tracks(after=None, limit=9)}
        for source_id in await stores.source_ids():
            await stores.claimed(source_id, "audio", tagged("One"))
        kept = await stores.only_track()
        (gone,) = ids - {kept.id}
        assert (await edited(stores, gone, TAKE_DOWN)).id == kept.id
        assert await seen(stores, kept.id) is None

    async def test_a_retry_gets_the_first_answer_and_another_body_is_refused(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One")
        key = RequestKey("user", "UpdateTrack", "r1", b"body")
        edit = TrackEdit(title="Uno", access=Access.PREMIUM)
        first = await stores.edits.edit_track(songs["One"], edit, key)
        await edited(stores, songs["One"], TrackEdit(title="Eins"))
        assert await stores.edits.edit_track(songs["One"], edit, key) == first
        assert (await stores.only_track()).title == "Eins"
        other = RequestKey("user", "UpdateTrack", "r1", b"another body")
        with pytest.raises(InvalidArgument):
            await stores.edits.edit_track(songs["One"], TAKE_DOWN, other)

    async def test_there_is_nothing_to_edit_of_a_track_that_there_is_not(
        self, stores: CatalogueStores
    ) -> None:
        assert await stores.edits.edit_track(new_id(), TAKE_DOWN, None) is None

    async def test_an_edited_artist_has_the_track_whatever_a_later_scan_reads(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("a.flac", tagged("One")), found("b.flac", tagged("Two")))
        first, second = await stores.source_ids()
        track_id = (await stores.claimed(first, "a", tagged("One"))).track_id
        await stores.claimed(second, "b", tagged("Two"))
        edit = TrackEdit(artist="Zoë", title="Uno", access=Access.PREMIUM)
        track = await edited(stores, track_id, edit)
        assert (track.artist, track.title, track.album) == ("Zoë", "Uno", "Homogenic")
        zoe = await stores.catalogue.artist(track.artist_id)
        assert zoe is not None
        assert (zoe.name, zoe.track_count, zoe.living) == ("Zoë", 1, True)
        assert await edited(stores, track_id, TrackEdit(artist="ZOE")) == track
        await stores.scanned(found("a.flac", tagged("One", artist="Air", year=1998), size=2000))
        await stores.claimed(first, "a", tagged("One", artist="Air", year=1998))
        again = await seen(stores, track_id)
        assert again is not None
        assert (again.artist_id, again.title, again.year) == (zoe.id, "Uno", 1998)
        token = await stores.feed.head()
        assert (await edited(stores, track_id, TrackEdit(artist=""))).artist == "Air"
        assert await stores.catalogue.artist(zoe.id) is None
        told = {(one.entity, one.op) for one in await stores.changes_after(token)}
        assert told >= {("track", Op.UPSERT), ("artist", Op.UPSERT), ("artist", Op.DELETE)}
        same = await seen(stores, track_id)
        assert await edited(stores, track_id, TrackEdit(artist="")) == same
