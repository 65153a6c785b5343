"""The feed's messages as entries of the index."""

from __future__ import annotations

import pytest
from segue.catalog.v1 import catalog_pb2
from segue.playlist.v1 import playlist_pb2

from catalog_svc.domain.search import Entry, IndexChange, Kind
from catalog_svc.search_convert import index_change
from meshkit.feeds import Change, Op


def test_a_track_keeps_what_an_answer_shows() -> None:
    message = catalog_pb2.Track(
        id="T1",
        title="Title",
        artist="Artist",
        artist_id="A1",
        album="Album",
        album_id="B1",
        duration_ms=1234,
        year=1999,
        streams_total=17,
        state=catalog_pb2.Track.READY,
        artwork_path="/media/v1/artwork/ab",
    )
    change = Change("track", "T1", 3, Op.UPSERT, message.SerializeToString())
    entry = Entry(
        Kind.TRACK,
        "T1",
        "Title",
        artist="Artist",
        artist_id="A1",
        album="Album",
        album_id="B1",
        duration_ms=1234,
        year=1999,
        artwork_path="/media/v1/artwork/ab",
        state="READY",
        popularity=17,
    )
    assert index_change(change) == IndexChange(Kind.TRACK, "T1", 3, entry)


def test_an_artist_and_an_album_become_entries() -> None:
    artist = catalog_pb2.Artist(id="A1", name="Artist", followers_count=5, track_count=2)
    album = catalog_pb2.Album(id="B1", title="Album", artist="Artist", artist_id="A1", year=2001)
    changes = [
        Change("artist", "A1", 1, Op.UPSERT, artist.SerializeToString()),
        Change("album", "B1", 2, Op.UPSERT, album.SerializeToString()),
    ]
    assert [index_change(change) for change in changes] == [
        IndexChange(Kind.ARTIST, "A1", 1, Entry(Kind.ARTIST, "A1", "Artist", popularity=7)),
        IndexChange(
            Kind.ALBUM,
            "B1",
            2,
            Entry(Kind.ALBUM, "B1", "Album", artist="Artist", artist_id="A1", year=2001),
        ),
    ]


def test_a_removal_needs_no_payload() -> None:
    change = Change("album", "B1", 4, Op.DELETE)
    assert index_change(change) == IndexChange(Kind.ALBUM, "B1", 4, None)


def test_a_state_of_a_later_version_is_kept_as_unknown() -> None:
    message = catalog_pb2.Track(id="T1", title="Title")
    payload = message.SerializeToString() + b"\x88\x01\x63"
    change = index_change(Change("track", "T1", 1, Op.UPSERT, payload))
    assert change is not None
    assert change.entry == Entry(Kind.TRACK, "T1", "Title", state="")


def test_other_entities_are_left_out_and_nonsense_is_named() -> None:
    assert index_change(Change("podcast", "P1", 1, Op.UPSERT, b"")) is None
    with pytest.raises(ValueError, match="no track"):
        index_change(Change("track", "T1", 1, Op.UPSERT, b"\xff\xff\xff"))


def test_a_track_whose_file_was_refused_is_not_found() -> None:
    payload = catalog_pb2.Track(
        id="T1", title="x", state=catalog_pb2.Track.FAILED
    ).SerializeToString()
    change = index_change(Change("track", "T1", 5, Op.UPSERT, payload))
    assert change == IndexChange(Kind.TRACK, "T1", 5, None)


def test_a_public_playlist_is_found_by_its_title_and_owner() -> None:
    message = playlist_pb2.Playlist(
        playlist_id="P1", title="Focus", owner="Ada", is_public=True, follower_count=9
    )
    change = index_change(Change("playlist", "P1", 2, Op.UPSERT, message.SerializeToString()))
    entry = Entry(Kind.PLAYLIST, "P1", "Focus", artist="Ada", popularity=9)
    assert change == IndexChange(Kind.PLAYLIST, "P1", 2, entry)
    assert index_change(Change("playlist", "P1", 3, Op.DELETE)) == IndexChange(
        Kind.PLAYLIST, "P1", 3, None
    )


def test_names_of_which_every_track_was_refused_are_not_found() -> None:
    for entity, kind in (("silent_artist", Kind.ARTIST), ("silent_album", Kind.ALBUM)):
        change = index_change(Change(entity, "X1", 4, Op.UPSERT, b""))
        assert change == IndexChange(kind, "X1", 4, None)
