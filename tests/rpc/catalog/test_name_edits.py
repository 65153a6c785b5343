"""Albums and artists that an administrator edits or takes down, on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from segue.catalog.v1 import catalog_internal_service_pb2 as internal_pb
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1 import catalog_service_pb2 as pb

from catalog_svc.adapters.memory.store import MemoryStore
from meshkit.faults import InvalidArgument, NotFound, PermissionDenied
from meshkit.scopes import user_scopes
from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from tests.contracts.catalog.stores import memory_stores
from tests.rpc.catalog.assembled import assembled
from tests.rpc.catalog.test_catalog_service import Catalog


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    store = MemoryStore()
    async with assembled(tmp_path, store) as mesh:
        yield Catalog(mesh, memory_stores(store))


async def update_album(
    catalog: Catalog, album_id: str, *, request_id: str = "", **fields: object
) -> catalog_pb2.Album:
    album = catalog_pb2.Album(**fields)  # type: ignore[arg-type]
    request = pb.UpdateAlbumRequest(id=album_id, album=album, request_id=request_id)
    return (await catalog.edge.UpdateAlbum(request, metadata=catalog.mesh.token())).album


async def update_artist(
    catalog: Catalog, artist_id: str, *, request_id: str = "", **fields: object
) -> catalog_pb2.Artist:
    artist = catalog_pb2.Artist(**fields)  # type: ignore[arg-type]
    request = pb.UpdateArtistRequest(id=artist_id, artist=artist, request_id=request_id)
    return (await catalog.edge.UpdateArtist(request, metadata=catalog.mesh.token())).artist


async def get_album(catalog: Catalog, album_id: str) -> catalog_pb2.Album:
    request = pb.GetAlbumRequest(id=album_id)
    return (await catalog.edge.GetAlbum(request, metadata=catalog.mesh.token())).album


async def get_artist(catalog: Catalog, artist_id: str) -> catalog_pb2.Artist:
    request = pb.GetArtistRequest(id=artist_id)
    return (await catalog.edge.GetArtist(request, metadata=catalog.mesh.token())).artist


async def test_what_was_said_of_an_album_is_shown(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    before = await get_album(catalog, track.album_id)
    told = await update_album(catalog, track.album_id, title="Live\x07at home", year=2001)
    assert (told.title, told.year, told.hidden) == ("Live at home", 2001, False)
    assert await get_album(catalog, track.album_id) == told
    back = await update_album(catalog, track.album_id, title="", year=0)
    assert (back.title, back.year) == (before.title, before.year)


async def test_what_was_said_of_an_artist_is_shown(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    bio = "Two lines\n\nand\ta third.\x01"
    told = await update_artist(catalog, track.artist_id, name=" Zoë ", bio=bio)
    assert (told.name, told.bio, told.hidden) == ("Zoë", "Two lines\n\nand a third.", False)
    assert await get_artist(catalog, track.artist_id) == told
    back = await update_artist(catalog, track.artist_id, name="", bio="")
    assert (back.name, back.bio) == (track.artist, "")


async def test_what_was_read_can_be_sent_back_and_changes_nothing(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    await update_artist(catalog, track.artist_id, name="Zoë", bio="One\nTwo")
    await update_album(catalog, track.album_id, title="Live", year=2001)
    token = await catalog.stores.feed.head()
    album, metadata = await get_album(catalog, track.album_id), catalog.mesh.token()
    sent = pb.UpdateAlbumRequest(id=album.id, album=album)
    assert (await catalog.edge.UpdateAlbum(sent, metadata=metadata)).album == album
    nothing = pb.UpdateAlbumRequest(id=album.id)
    assert (await catalog.edge.UpdateAlbum(nothing, metadata=metadata)).album == album
    artist = await get_artist(catalog, track.artist_id)
    again = pb.UpdateArtistRequest(id=artist.id, artist=artist)
    assert (await catalog.edge.UpdateArtist(again, metadata=metadata)).artist == artist
    empty = pb.UpdateArtistRequest(id=artist.id)
    assert (await catalog.edge.UpdateArtist(empty, metadata=metadata)).artist == artist
    assert await catalog.stores.changes_after(token) == []


async def test_what_only_an_answer_tells_is_ignored(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    album = await get_album(catalog, track.album_id)
    told = await update_album(catalog, album.id, artist="Air", track_count=9, artwork_path="/x")
    assert told == album
    artist = await get_artist(catalog, track.artist_id)
    assert await update_artist(catalog, artist.id, followers_count=9, track_count=9) == artist


async def test_what_was_taken_down_is_found_by_nobody_but_the_update(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    hide_album = await update_album(catalog, track.album_id, hidden=True)
    assert (hide_album.hidden, hide_album.track_count) == (True, 0)
    hide_artist = await update_artist(catalog, track.artist_id, hidden=True)
    assert (hide_artist.hidden, hide_artist.track_count) == (True, 0)
    metadata = catalog.mesh.token()
    calls: list[Awaitable[object]] = [
        get_album(catalog, track.album_id),
        get_artist(catalog, track.artist_id),
        catalog.edge.GetTrack(pb.GetTrackRequest(id=track.id), metadata=metadata),
        catalog.edge.ListAlbumTracks(
            pb.ListAlbumTracksRequest(id=track.album_id), metadata=metadata
        ),
        catalog.edge.ListAlbums(pb.ListAlbumsRequest(artist_id=track.artist_id), metadata=metadata),
        catalog.edge.ListArtistTopTracks(
            pb.ListArtistTopTracksRequest(id=track.artist_id), metadata=metadata
        ),
        catalog.playback.GetPlayable(
            internal_pb.GetPlayableRequest(track_id=track.id), metadata=metadata
        ),
        catalog.playback.GetPlayOrder(
            internal_pb.GetPlayOrderRequest(album_id=track.album_id), metadata=metadata
        ),
    ]
    for call in calls:
        assert isinstance(await refused(call), NotFound)
    assert (await update_album(catalog, track.album_id, title="Live")).title == "Live"
    back = await update_artist(catalog, track.artist_id, hidden=False)
    assert (back.hidden, back.track_count) == (False, 0)
    assert (await update_album(catalog, track.album_id, hidden=False)).track_count == 1


async def test_a_track_tells_its_own_word_while_its_album_is_hidden(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    await update_album(catalog, track.album_id, hidden=True)
    request = pb.UpdateTrackRequest(id=track.id, track=catalog_pb2.Track(title="Uno"))
    told = (await catalog.edge.UpdateTrack(request, metadata=catalog.mesh.token())).track
    assert (told.title, told.hidden) == ("Uno", False)
    hidden = await catalog.edge.ListHiddenTracks(
        pb.ListHiddenTracksRequest(), metadata=catalog.mesh.token()
    )
    assert list(hidden.tracks) == [told]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": "é" * 501}, "album.title"),
        ({"year": 10_000}, "album.year"),
        ({"year": -1}, "album.year"),
        ({"id": "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"}, "album.id"),
    ],
)
async def test_what_an_album_cannot_be_is_refused(
    catalog: Catalog, fields: dict[str, object], field: str
) -> None:
    (track,) = await catalog.fill(1)
    fault = await refused(update_album(catalog, track.album_id, **fields))  # type: ignore[arg-type]
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == field


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "é" * 501}, "artist.name"),
        ({"bio": "é" * 10_001}, "artist.bio"),
        ({"id": "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"}, "artist.id"),
    ],
)
async def test_what_an_artist_cannot_be_is_refused(
    catalog: Catalog, fields: dict[str, object], field: str
) -> None:
    (track,) = await catalog.fill(1)
    call = update_artist(catalog, track.artist_id, **fields)  # type: ignore[arg-type]
    fault = await refused(call)
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == field


async def test_the_longest_texts_are_taken(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    told = await update_artist(catalog, track.artist_id, name="é" * 500, bio="é" * 10_000)
    assert (told.name, told.bio) == ("é" * 500, "é" * 10_000)
    album = await update_album(catalog, track.album_id, title="é" * 500, year=9_999)
    assert (album.title, album.year) == ("é" * 500, 9_999)


async def test_the_name_of_another_is_refused(catalog: Catalog) -> None:
    first, second = await catalog.fill(2)
    edit = catalog_pb2.Track(artist="Air")
    request = pb.UpdateTrackRequest(id=second.id, track=edit)
    await catalog.edge.UpdateTrack(request, metadata=catalog.mesh.token())
    fault = await refused(update_artist(catalog, first.artist_id, name="AIR"))
    assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", "artist.name")


async def test_a_retry_changes_nothing_twice(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    first = await update_album(catalog, track.album_id, title="Uno", request_id="r1")
    await update_album(catalog, track.album_id, title="Eins")
    assert await update_album(catalog, track.album_id, title="Uno", request_id="r1") == first
    assert (await get_album(catalog, track.album_id)).title == "Eins"
    fault = await refused(update_album(catalog, track.album_id, title="Due", request_id="r1"))
    assert (fault.reason, fault.metadata["field"]) == ("REQUEST_ID_REUSED", "request_id")
    artist = await update_artist(catalog, track.artist_id, name="Uno", request_id="r1")
    await update_artist(catalog, track.artist_id, name="Eins")
    assert await update_artist(catalog, track.artist_id, name="Uno", request_id="r1") == artist
    reused = await refused(update_artist(catalog, track.artist_id, bio="x", request_id="r1"))
    assert reused.reason == "REQUEST_ID_REUSED"


async def test_what_is_not_there_is_not_found(catalog: Catalog) -> None:
    assert isinstance(await refused(update_album(catalog, new_id(), hidden=True)), NotFound)
    assert isinstance(await refused(update_artist(catalog, new_id(), hidden=True)), NotFound)


async def test_only_an_administrator_edits(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    metadata = catalog.mesh.token(scopes=user_scopes())
    album = pb.UpdateAlbumRequest(id=track.album_id, album=catalog_pb2.Album(hidden=True))
    artist = pb.UpdateArtistRequest(id=track.artist_id, artist=catalog_pb2.Artist(hidden=True))
    for call in (
        catalog.edge.UpdateAlbum(album, metadata=metadata),
        catalog.edge.UpdateArtist(artist, metadata=metadata),
    ):
        assert isinstance(await refused(call), PermissionDenied)
