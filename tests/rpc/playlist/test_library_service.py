"""LibraryService through a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from meshkit.clock import now_ms
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id
from playlist_svc.domain.library import Album
from playlist_svc.ports.catalogue_replica import AlbumChange
from tests.rpc.playlist.harness import refused
from tests.rpc.playlist.social_harness import MOST, Scene, a_scene, pages

KINDS = ("Tracks", "Albums")


@pytest.fixture
async def scene(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Scene]:
    async with a_scene(postgres_server, tls) as scene:
        yield scene


def names(kind: str) -> tuple[str, str]:
    """The field of ids in a request, the list in an answer."""
    lower = kind.lower()
    return f"{lower[:-1]}_ids", lower


def new_things(scene: Scene, kind: str, n: int) -> list[str]:
    return scene.new_tracks(n) if kind == "Tracks" else scene.new_albums(n)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_saved_is_listed_checked_and_removed(scene: Scene, kind: str) -> None:
    user, (many, items) = scene.user(), names(kind)
    first, second = new_things(scene, kind, 5), new_things(scene, kind, 2)
    assert (await user.library(f"Save{kind}", **{many: first})).saved_count == 5
    assert (await user.library(f"Save{kind}", **{many: [*second, *first]})).saved_count == 2
    found = await pages(partial(user.library, f"ListSaved{kind}"), items)
    assert [one.id for one in found] == second + first
    whole = await user.library(f"ListSaved{kind}")
    assert (whole.total_count, whole.next_page_token) == (7, "")
    asked = [first[1], new_id(), second[0], first[1]]
    checked = await user.library(f"CheckSaved{kind}", **{many: asked})
    assert list(checked.saved) == [True, False, True, True]
    gone = [first[1], first[1], new_id()]
    assert (await user.library(f"RemoveSaved{kind}", **{many: gone})).removed_count == 1
    assert (await user.library(f"RemoveSaved{kind}", **{many: gone})).removed_count == 0
    checked = await user.library(f"CheckSaved{kind}", **{many: asked})
    assert list(checked.saved) == [False, False, True, False]
    assert (await user.library(f"ListSaved{kind}")).total_count == 6


async def test_a_track_is_shown_with_all_that_is_known_of_it(scene: Scene) -> None:
    user, (track_id, gone, lost) = scene.user(), scene.new_tracks(3)
    before = now_ms()
    await user.library("SaveTracks", track_ids=[track_id, gone, lost])
    scene.tracks.known[gone] = replace(scene.tracks.known[gone], available=False)
    del scene.tracks.known[lost]
    one, two, three = (await user.library("ListSavedTracks")).tracks
    assert (one.id, one.title, one.artist, one.album) == (track_id, "Wind", "The Föhn", "South")
    assert (one.duration, one.duration_ms) == (201.5, 201_500)
    assert one.artist_id
    assert one.album_id
    assert one.artwork_path == "/media/v1/artwork/w"
    assert before <= one.saved_at.ToMilliseconds() <= now_ms()
    assert one.available
    assert (two.id, two.title, two.available) == (gone, "Wind", False)
    assert (three.id, three.title, three.available) == (lost, "", False)


async def test_a_saved_album_is_shown_as_it_is_called_today(scene: Scene) -> None:
    user, ids = scene.user(), scene.new_albums(2)
    await user.library("SaveAlbums", album_ids=ids)
    edited = Album(ids[0], "North", "The Bora", new_id(), 2001, "/a/n")
    await scene.catalogue.apply([AlbumChange(2, edited)], "t")
    one, other = (await user.library("ListSavedAlbums")).albums
    assert (one.id, one.title, one.artist) == (ids[0], "North", "The Bora")
    assert (one.artist_id, one.year, one.artwork_path) == (edited.artist_id, 2001, "/a/n")
    assert (other.id, other.title) == (ids[1], "South")


async def test_an_album_that_the_catalogue_never_told_is_shown_as_it_was_saved(
    scene: Scene,
) -> None:
    user, (album_id,) = scene.user(), scene.new_albums(1)
    await user.library("SaveAlbums", album_ids=[album_id])
    album = scene.albums.known.pop(album_id)
    (one,) = (await user.library("ListSavedAlbums")).albums
    assert (one.id, one.title, one.artist) == (album_id, album.title, album.artist)
    assert (one.artist_id, one.year, one.artwork_path) == (album.artist_id, 1998, "/a/s")
    assert one.saved_at.ToMilliseconds() <= now_ms()


@pytest.mark.parametrize("kind", KINDS)
async def test_what_does_not_exist_is_named_and_nothing_is_saved(scene: Scene, kind: str) -> None:
    user, (many, _) = scene.user(), names(kind)
    missing = new_id()
    fault = await refused(
        user.library(f"Save{kind}", **{many: [*new_things(scene, kind, 2), missing]})
    )
    assert fault.code == "NOT_FOUND"
    assert fault.metadata == {"resource": kind.lower()[:-1], "id": missing}
    assert (await user.library(f"ListSaved{kind}")).total_count == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_a_full_library_says_its_limit(scene: Scene, kind: str) -> None:
    user, (many, _) = scene.user(), names(kind)
    await user.library(f"Save{kind}", **{many: new_things(scene, kind, 500)})
    fault = await refused(user.library(f"Save{kind}", **{many: new_things(scene, kind, 101)}))
    assert (fault.code, fault.reason) == ("FAILED_PRECONDITION", "COLLECTION_FULL")
    assert fault.metadata == {"limit": str(MOST)}
    assert (await user.library(f"ListSaved{kind}")).total_count == 500


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", ["Save", "RemoveSaved", "CheckSaved"])
async def test_ids_are_one_to_five_hundred_ulids(scene: Scene, kind: str, call: str) -> None:
    user, (many, _) = scene.user(), names(kind)
    for ids, wrong in (
        ([], many),
        ([new_id()] * 501, many),
        ([new_id(), "x"], f"{many}[1]"),
        ([new_id().lower()], f"{many}[0]"),
        (["8" + new_id()[1:]], f"{many}[0]"),
        (["\u202e" + new_id()[1:]], f"{many}[0]"),
        ([""], f"{many}[0]"),
        (["A" * 1_000_000], f"{many}[0]"),
    ):
        fault = await refused(user.library(f"{call}{kind}", **{many: ids}))
        assert (fault.code, fault.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
        assert fault.metadata["field"] == wrong
        assert len(fault.message) < 200


@pytest.mark.parametrize("kind", KINDS)
async def test_pages_are_clamped_and_tokens_belong_to_their_list(scene: Scene, kind: str) -> None:
    user, (many, items) = scene.user(), names(kind)
    await user.library(f"Save{kind}", **{many: new_things(scene, kind, 500)})
    await user.library(f"Save{kind}", **{many: new_things(scene, kind, 1)})
    sizes = [
        len(getattr(await user.library(f"ListSaved{kind}", page_size=size), items))
        for size in (0, 1, 500, 2**31 - 1)
    ]
    assert sizes == [50, 1, 500, 500]
    fault = await refused(user.library(f"ListSaved{kind}", page_size=-1))
    assert fault.reason == "INVALID_FIELD"
    other = KINDS[kind == "Tracks"]
    token = (await user.library(f"ListSaved{kind}", page_size=1)).next_page_token
    calls: list[tuple[str, dict[str, Any]]] = [
        (f"ListSaved{kind}", {"page_token": "nonsense"}),
        (f"ListSaved{kind}", {"page_token": token[:-2] + "AA"}),
        (f"ListSaved{other}", {"page_token": token}),
    ]
    for method, fields in calls:
        fault = await refused(user.library(method, **fields))
        assert (fault.code, fault.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")


async def test_a_library_is_its_users_alone(scene: Scene) -> None:
    user, neighbour, ids = scene.user(), scene.user(), scene.new_tracks(2)
    await user.library("SaveTracks", track_ids=ids)
    assert (await neighbour.library("ListSavedTracks")).total_count == 0
    checked = await neighbour.library("CheckSavedTracks", track_ids=ids)
    assert list(checked.saved) == [False, False]
    assert (await neighbour.library("RemoveSavedTracks", track_ids=ids)).removed_count == 0
    assert (await user.library("ListSavedTracks")).total_count == 2
