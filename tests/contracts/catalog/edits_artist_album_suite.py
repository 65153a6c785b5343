"""The contract of ``Edits`` for albums and artists: what is said of them, and what follows."""

from __future__ import annotations

import pytest

from catalog_svc.domain.catalogue import SILENT_ALBUM, SILENT_ARTIST, Album, Artist, Track
from catalog_svc.domain.edits import AlbumEdit, ArtistEdit, TrackEdit
from catalog_svc.domain.listings import AlbumQuery, AlbumSort, ArtistSort
from meshkit.faults import InvalidArgument
from meshkit.feeds import Op
from meshkit.idempotency import RequestKey
from meshkit.ulids import new_id
from tests.contracts.catalog.stores import CatalogueStores, found, publication, tagged


async def album_edited(stores: CatalogueStores, album_id: str, edit: AlbumEdit) -> Album:
    album = await stores.edits.edit_album(album_id, edit, None)
    assert album is not None
    return album


async def artist_edited(stores: CatalogueStores, artist_id: str, edit: ArtistEdit) -> Artist:
    artist = await stores.edits.edit_artist(artist_id, edit, None)
    assert artist is not None
    return artist


async def track_of(stores: CatalogueStores, track_id: str) -> Track:
    track = await stores.catalogue.track(track_id)
    assert track is not None
    return track


async def imported(stores: CatalogueStores, name: str, **fields: object) -> Track:
    """The track of a new file of that name."""
    before = await all_ids(stores)
    await stores.scanned(found(f"{name}.flac", tagged(name, **fields)))
    (track_id,) = await all_ids(stores) - before
    return await track_of(stores, track_id)


async def all_ids(stores: CatalogueStores) -> set[str]:
    return {track.id for track in await stores.catalogue.tracks(after=None, limit=500)}


async def rescanned(stores: CatalogueStores, name: str, **fields: object) -> None:
    """A file that waits for its rungs was tagged anew."""
    tags = tagged(name, **fields)
    await stores.scanned(found(f"{name}.flac", tags, size=2000))
    for source_id in await stores.source_ids():
        begun = await stores.preparation.begin(source_id)
        if begun is not None and begun[0].path.endswith(f"{name}.flac".encode()):
            await stores.claimed(source_id, name, tags)


class ArtistAlbumEditsContract:
    """Every adapter must pass; it gives ``stores``."""

    async def test_a_renamed_artist_is_shown_so_wherever_it_stands(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One", "Two")
        track = await track_of(stores, songs["One"])
        token = await stores.feed.head()
        edit = ArtistEdit(name="Björk Guðmundsdóttir", bio="Born in Reykjavík.\nSings.")
        artist = await artist_edited(stores, track.artist_id, edit)
        assert (artist.name, artist.bio, artist.track_count) == (edit.name, edit.bio, 2)
        assert await stores.catalogue.artist(artist.id) == artist
        for track_id in songs.values():
            assert (await track_of(stores, track_id)).artist == edit.name
        album = await stores.catalogue.album(track.album_id)
        assert album is not None
        assert album.artist == edit.name
        told = {(one.entity, one.id): one for one in await stores.changes_after(token)}
        assert {key for key, one in told.items() if one.op is Op.UPSERT} == {
            ("artist", artist.id),
            ("album", album.id),
            *(("track", track_id) for track_id in songs.values()),
        }
        assert told["track", track.id].version == track.version + 1
        assert all(edit.name.encode() in one.payload for one in told.values())

    async def test_an_artist_is_sorted_by_the_name_that_is_shown(
        self, stores: CatalogueStores
    ) -> None:
        first = await imported(stores, "One", artist="Air", album_artist="Air")
        await imported(stores, "Two", artist="Beck", album_artist="Beck")
        await artist_edited(stores, first.artist_id, ArtistEdit(name="Zero"))
        listed = await stores.browsing.artists(ArtistSort.NAME, after=None, limit=9)
        assert [one.name for one in listed] == ["Beck", "Zero"]

    async def test_tags_with_the_old_and_with_the_new_name_mean_the_renamed_artist(
        self, stores: CatalogueStores
    ) -> None:
        track = await imported(stores, "One", artist="Beatles", album_artist="Beatles")
        artist_id = track.artist_id
        await artist_edited(stores, artist_id, ArtistEdit(name="The Quarrymen"))
        await artist_edited(stores, artist_id, ArtistEdit(name="The Beatles of Liverpool"))
        for name in ("BEATLES", "the quarrymen", "The Beatles of Liverpool"):
            other = await imported(stores, name, artist=name, album_artist=name)
            assert (other.artist_id, other.artist) == (artist_id, "The Beatles of Liverpool")
            assert other.album_id == track.album_id
        await stores.scanned(
            found("x.flac", tagged("X", artist="Beatles", album_artist="The Quarrymen")),
            found("y.flac", tagged("Y", artist="The Quarrymen", album_artist="Beatles")),
        )
        artist = await stores.catalogue.artist(artist_id)
        assert artist is not None
        assert artist.track_count == 6
        await rescanned(stores, "One", artist="The Quarrymen", album_artist="Beatles", year=1960)
        assert (await track_of(stores, track.id)).year == 1960
        assert (await track_of(stores, track.id)).artist_id == artist_id
        listed = await stores.browsing.artists(ArtistSort.NAME, after=None, limit=9)
        assert [one.id for one in listed] == [artist_id]

    async def test_an_empty_name_shows_the_tags_again_and_frees_the_other(
        self, stores: CatalogueStores
    ) -> None:
        track = await imported(stores, "One", artist="Air", album_artist="Air")
        await artist_edited(stores, track.artist_id, ArtistEdit(name="Beck"))
        edit = ArtistEdit(name="")
        assert (await artist_edited(stores, track.artist_id, edit)).name == "Air"
        token = await stores.feed.head()
        await artist_edited(stores, track.artist_id, edit)
        assert await stores.changes_after(token) == []
        other = await imported(stores, "Two", artist="Beck", album_artist="Beck")
        assert other.artist_id != track.artist_id

    async def test_a_name_by_which_tags_find_another_is_refused(
        self, stores: CatalogueStores
    ) -> None:
        first = await imported(stores, "One", artist="Air", album_artist="Air")
        second = await imported(stores, "Two", artist="Beck", album_artist="Beck")
        await artist_edited(stores, second.artist_id, ArtistEdit(name="Beck Hansen"))
        for name in ("beck", "BECK HANSEN"):
            with pytest.raises(InvalidArgument) as refused:
                await stores.edits.edit_artist(first.artist_id, ArtistEdit(name=name), None)
            assert refused.value.metadata["field"] == "artist.name"
        same = ArtistEdit(name="BECK")
        assert (await artist_edited(stores, second.artist_id, same)).name == "BECK"

    async def test_an_albums_title_and_year_outlive_a_scan_of_other_tags(
        self, stores: CatalogueStores
    ) -> None:
        track = await imported(stores, "One", album="Homogenik", year=0)
        token = await stores.feed.head()
        edit = AlbumEdit(title="Homogenic", year=1997)
        album = await album_edited(stores, track.album_id, edit)
        assert (album.title, album.year, album.artist) == ("Homogenic", 1997, "Björk")
        assert (await track_of(stores, track.id)).album == "Homogenic"
        told = {one.entity: one for one in await stores.changes_after(token)}
        assert told.keys() == {"album", "track"}
        for title in ("Homogenik", "Homogenic"):
            other = await imported(stores, f"In {title}", album=title, year=2001)
            assert (other.album_id, other.album) == (album.id, "Homogenic")
        listed = await stores.browsing.albums(AlbumQuery(AlbumSort.YEAR), after=None, limit=9)
        assert [(one.title, one.year, one.track_count) for one in listed] == [
            ("Homogenic", 1997, 3)
        ]
        back = await album_edited(stores, album.id, AlbumEdit(title="", year=0))
        assert (back.title, back.year) == ("Homogenik", 2001)
        token = await stores.feed.head()
        await album_edited(stores, album.id, AlbumEdit(title="", year=0))
        assert await stores.changes_after(token) == []

    async def test_a_title_of_another_album_of_the_artist_is_refused(
        self, stores: CatalogueStores
    ) -> None:
        first = await imported(stores, "One", album="Debut")
        await imported(stores, "Two", album="Post")
        await imported(stores, "Three", album="Moon Safari", artist="Air", album_artist="Air")
        with pytest.raises(InvalidArgument) as refused:
            await stores.edits.edit_album(first.album_id, AlbumEdit(title="POST"), None)
        assert refused.value.metadata["field"] == "album.title"
        free = AlbumEdit(title="Moon Safari")
        assert (await album_edited(stores, first.album_id, free)).title == "Moon Safari"

    async def test_an_album_that_was_taken_down_hides_its_tracks_and_those_to_come(
        self, stores: CatalogueStores
    ) -> None:
        first = await imported(stores, "One")
        other = await imported(stores, "Other", album="Post")
        token = await stores.feed.head()
        album = await album_edited(stores, first.album_id, AlbumEdit(hidden=True))
        assert (album.taken_down, album.track_count, album.total_duration_ms) == (True, 0, 0)
        told = {(one.entity, one.id): one.op for one in await stores.changes_after(token)}
        assert told["track", first.id] is Op.DELETE
        assert told[SILENT_ALBUM, album.id] is Op.UPSERT
        assert told["artist", first.artist_id] is Op.UPSERT
        assert await stores.catalogue.album(album.id) is None
        assert await stores.catalogue.albums_of([album.id]) == []
        assert await stores.playables.playable(first.id) is None
        token = await stores.feed.head()
        await stores.scanned(found("new.flac", tagged("New")))
        new_ops = [one.op for one in await stores.changes_after(token) if one.entity == "track"]
        assert new_ops == [Op.DELETE]
        assert not [one for one in await stores.changes_after(token) if one.entity == "album"]
        await rescanned(stores, "Other")
        assert await all_ids(stores) == set()
        artist = await stores.catalogue.artist(first.artist_id)
        assert artist is not None
        assert (artist.track_count, artist.living) == (0, False)
        await rescanned(stores, "Other", album="Post")
        assert await all_ids(stores) == {other.id}
        back = await album_edited(stores, album.id, AlbumEdit(hidden=False))
        assert (back.track_count, back.total_duration_ms, back.living) == (2, 510_000, True)
        assert len(await all_ids(stores)) == 3

    async def test_an_artist_who_was_taken_down_takes_tracks_and_albums_along(
        self, stores: CatalogueStores
    ) -> None:
        own = await imported(stores, "Own")
        guest = await imported(stores, "Guest", artist="Air")
        elsewhere = await imported(stores, "Elsewhere", album="Moon Safari", album_artist="Air")
        kept = await imported(stores, "Kept", album="Moon Safari", artist="Air", album_artist="Air")
        token = await stores.feed.head()
        artist = await artist_edited(stores, own.artist_id, ArtistEdit(hidden=True))
        assert (artist.taken_down, artist.track_count, artist.living) == (True, 0, False)
        assert await all_ids(stores) == {kept.id}
        told = {(one.entity, one.id) for one in await stores.changes_after(token)}
        assert told >= {(SILENT_ARTIST, artist.id), (SILENT_ALBUM, own.album_id)}
        assert told >= {("artist", kept.artist_id), ("album", kept.album_id), ("track", guest.id)}
        assert await stores.catalogue.artist(artist.id) is None
        assert await stores.catalogue.artists_of([artist.id]) == []
        assert await stores.catalogue.album(own.album_id) is None
        air = await stores.catalogue.artist(kept.artist_id)
        safari = await stores.catalogue.album(kept.album_id)
        assert air is not None
        assert safari is not None
        assert (air.track_count, safari.track_count, safari.total_duration_ms) == (1, 1, 255_000)
        await stores.scanned(found("later.flac", tagged("Later")))
        assert await all_ids(stores) == {kept.id}
        assert [one.track_id for one in await stores.played.most_played(9)] == [kept.id]
        await artist_edited(stores, artist.id, ArtistEdit(hidden=False))
        assert len(await all_ids(stores)) == 5
        assert {elsewhere.id, guest.id, own.id} < await all_ids(stores)

    async def test_what_is_back_leaves_hidden_what_is_hidden_by_itself(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One", "Two")
        one = await track_of(stores, songs["One"])
        await stores.edits.edit_track(songs["Two"], TrackEdit(hidden=True), None)
        await album_edited(stores, one.album_id, AlbumEdit(hidden=True))
        await artist_edited(stores, one.artist_id, ArtistEdit(hidden=True))
        still = await stores.edits.edit_track(one.id, TrackEdit(title="Uno"), None)
        assert still is not None
        assert (still.hidden, still.taken_down, still.title) == (True, False, "Uno")
        await artist_edited(stores, one.artist_id, ArtistEdit(hidden=False))
        assert await all_ids(stores) == set()
        await album_edited(stores, one.album_id, AlbumEdit(hidden=False))
        assert await all_ids(stores) == {one.id}
        album = await stores.catalogue.album(one.album_id)
        assert album is not None
        assert (album.track_count, album.total_duration_ms) == (1, 255_000)

    async def test_a_hidden_track_counts_nowhere_and_its_length_neither(
        self, stores: CatalogueStores
    ) -> None:
        songs = await stores.songs("One", "Two")
        track = await track_of(stores, songs["One"])
        await stores.edits.edit_track(track.id, TrackEdit(hidden=True), None)
        for source_id in await stores.source_ids():
            begun = await stores.preparation.begin(source_id)
            if begun is not None and begun[0].track_id == track.id:
                assert await stores.preparation.publish(publication(source_id, track.id))
        await self._counts(stores, track, 1, 255_000)
        await stores.edits.edit_track(track.id, TrackEdit(hidden=False), None)
        await self._counts(stores, track, 2, 510_500)

    async def test_a_hidden_track_that_moves_counts_neither_there_nor_here(
        self, stores: CatalogueStores
    ) -> None:
        track = await imported(stores, "One")
        second = await imported(stores, "Two")
        other = await imported(stores, "Three", album="Post", artist="Air", album_artist="Air")
        await stores.edits.edit_track(track.id, TrackEdit(hidden=True), None)
        await rescanned(stores, "One", album="Post", artist="Air", album_artist="Air")
        await self._counts(stores, second, 1, 255_000)
        await self._counts(stores, other, 1, 255_000)
        await stores.edits.edit_track(track.id, TrackEdit(hidden=False), None)
        await self._counts(stores, second, 1, 255_000)
        await self._counts(stores, other, 2, 510_000)

    async def _counts(
        self, stores: CatalogueStores, of: Track, tracks: int, duration_ms: int
    ) -> None:
        album = await stores.catalogue.album(of.album_id)
        artist = await stores.catalogue.artist(of.artist_id)
        assert album is not None
        assert artist is not None
        assert (album.track_count, album.total_duration_ms) == (tracks, duration_ms)
        assert artist.track_count == tracks

    async def test_what_was_said_of_names_outlives_their_last_track(
        self, stores: CatalogueStores
    ) -> None:
        track = await imported(stores, "One")
        await artist_edited(stores, track.artist_id, ArtistEdit(name="Björk Guðmundsdóttir"))
        await album_edited(stores, track.album_id, AlbumEdit(hidden=True))
        await rescanned(stores, "One", album="", artist="Air", album_artist="")
        assert await stores.browsing.artists(ArtistSort.NAME, after=None, limit=9) != []
        await rescanned(stores, "One")
        assert await all_ids(stores) == set()
        await album_edited(stores, track.album_id, AlbumEdit(hidden=False))
        assert (await track_of(stores, track.id)).artist == "Björk Guðmundsdóttir"

    async def test_what_was_said_of_a_track_goes_on_with_the_one_it_merges_into(
        self, stores: CatalogueStores
    ) -> None:
        kept = await imported(stores, "One")
        gone = await imported(stores, "Two")
        edit = TrackEdit(title="Uno", artist="Zoë", hidden=True)
        await stores.edits.edit_track(gone.id, edit, None)
        first, second = await self._sources(stores, kept, gone)
        await stores.claimed(first, "same", tagged("One"))
        token = await stores.feed.head()
        assert (await stores.claimed(second, "same", tagged("Two"))).track_id == kept.id
        told = [(one.id, one.op) for one in await stores.changes_after(token)]
        assert {(kept.id, Op.DELETE), (gone.id, Op.DELETE)} <= set(told)
        assert await all_ids(stores) == set()
        back = await stores.edits.edit_track(gone.id, TrackEdit(hidden=False), None)
        assert back is not None
        assert (back.id, back.title, back.artist) == (kept.id, "Uno", "Zoë")
        await self._counts(stores, back, 1, 255_000)
        own = await stores.edits.edit_track(kept.id, TrackEdit(title="", artist=""), None)
        assert own is not None
        assert (own.title, own.artist) == ("One", "Björk")

    async def test_a_word_of_its_own_stands_when_another_merges_into_a_track(
        self, stores: CatalogueStores
    ) -> None:
        kept = await imported(stores, "One")
        gone = await imported(stores, "Two")
        await stores.edits.edit_track(kept.id, TrackEdit(title="Uno", artist="Ada"), None)
        await stores.edits.edit_track(gone.id, TrackEdit(title="Due", artist="Zoë"), None)
        first, second = await self._sources(stores, kept, gone)
        await stores.claimed(first, "same", tagged("One"))
        await stores.claimed(second, "same", tagged("Two"))
        track = await stores.only_track()
        assert (track.id, track.title, track.artist) == (kept.id, "Uno", "Ada")

    async def _sources(self, stores: CatalogueStores, *tracks: Track) -> list[str]:
        sources: dict[str, str] = {}
        for source_id in await stores.source_ids():
            begun = await stores.preparation.begin(source_id)
            assert begun is not None
            sources[begun[0].track_id] = source_id
        return [sources[track.id] for track in tracks]

    async def test_a_retry_gets_the_first_answer_and_another_body_is_refused(
        self, stores: CatalogueStores
    ) -> None:
        track = await imported(stores, "One")
        key = RequestKey("user", "UpdateArtist", "r1", b"body")
        edit = ArtistEdit(name="Uno")
        first = await stores.edits.edit_artist(track.artist_id, edit, key)
        await artist_edited(stores, track.artist_id, ArtistEdit(name="Eins"))
        assert await stores.edits.edit_artist(track.artist_id, edit, key) == first
        key = RequestKey("user", "UpdateAlbum", "r1", b"body")
        retitled = AlbumEdit(title="Uno", year=1998)
        album = await stores.edits.edit_album(track.album_id, retitled, key)
        await album_edited(stores, track.album_id, AlbumEdit(title="Eins"))
        assert await stores.edits.edit_album(track.album_id, retitled, key) == album
        assert (await track_of(stores, track.id)).album == "Eins"
        other = RequestKey("user", "UpdateAlbum", "r1", b"another body")
        with pytest.raises(InvalidArgument):
            await stores.edits.edit_album(track.album_id, retitled, other)

    async def test_there_is_nothing_to_edit_of_names_that_there_are_not(
        self, stores: CatalogueStores
    ) -> None:
        assert await stores.edits.edit_album(new_id(), AlbumEdit(hidden=True), None) is None
        assert await stores.edits.edit_artist(new_id(), ArtistEdit(hidden=True), None) is None
