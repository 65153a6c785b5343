"""A mesh goes on with what an earlier version stored: everything reads and writes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mesh.test_backups import until_reconciled
from tests.running_mesh import RunningMesh, make_noise, running_mesh
from tests.upgrades.keep import ALBUM, ARTIST, SONGS, Person
from tests.upgrades.kept import KEPT, go_on_with

pytestmark = pytest.mark.timeout(300)

PATIENCE_S = 60.0
EDITED = "Slack Water (edited)"
TITLES = [*SONGS[:2], EDITED]


@pytest.fixture(
    scope="module", params=sorted(KEPT.iterdir()), ids=[one.name for one in sorted(KEPT.iterdir())]
)
def kept_mesh(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningMesh]:
    """A mesh of today in the folder of a copy."""
    folder = tmp_path_factory.mktemp("kept") / "mesh"
    asyncio.run(go_on_with(request.param, folder))
    with running_mesh(folder) as mesh:
        yield mesh


@pytest.fixture
def ada(kept_mesh: RunningMesh) -> Person:
    return Person(kept_mesh, "ada", tier="premium")


@pytest.fixture
def ben(kept_mesh: RunningMesh) -> Person:
    return Person(kept_mesh, "ben")


def sunday(ada: Person) -> str:
    """Where the playlist is."""
    (found,) = ada.call("GET", "/playlists")["playlists"]
    return f"/playlists/{found['playlist_id']}"


def titles(answer: Any) -> list[str]:
    return [track["title"] for track in answer["tracks"]]


def until_found(ada: Person, query: str, kind: str, title: str) -> None:
    """Returns when a search finds it."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = ada.call("GET", f"/search?q={query}&type={kind}")
        if title in str(found):
            return
        time.sleep(0.1)
    pytest.fail(f"{title} was never found")


def test_the_catalogue_of_then_is_listed_and_searched(ada: Person) -> None:
    tracks = ada.tracks()
    assert tracks.keys() >= set(TITLES)
    assert {track["artist"] for track in tracks.values()} == {ARTIST}
    (album,) = ada.call("GET", "/albums")["albums"]
    assert album["title"] == ALBUM
    listed = titles(ada.call("GET", f"/albums/{album['id']}/tracks"))
    assert [title for title in listed if title in TITLES] == TITLES
    until_found(ada, "flood", "track", "Flood")


def test_libraries_and_people_of_then_are_there(ada: Person, ben: Person) -> None:
    assert sorted(titles(ada.call("GET", "/me/library/tracks"))) == sorted(TITLES[:2])
    (album,) = ada.call("GET", "/me/library/albums")["albums"]
    assert album["title"] == ALBUM
    (followed,) = ada.call("GET", "/me/following")["following"]
    assert followed["user"]["username"] == "ben"
    (blocked,) = ben.call("GET", "/me/blocks/artists")["blocks"]
    assert blocked["artist"]["name"] == ARTIST


def test_playlists_of_then_have_their_tracks_versions_and_shares_and_are_edited(
    ada: Person, ben: Person
) -> None:
    at = sunday(ada)
    before = ada.call("GET", f"{at}/tracks")["tracks"]
    assert len(before) == len(SONGS)
    assert ada.call("GET", f"{at}/snapshots")["snapshots"]
    assert len(ada.call("GET", f"{at}/shares")["shares"]) == 1
    ebb = ada.tracks()["Ebb"]["id"]
    ben.call("POST", f"{at}/tracks", {"track_ids": [ebb]})
    assert len(ada.call("GET", f"{at}/tracks")["tracks"]) == len(SONGS) + 1
    ben.call("POST", f"{at}/undo", {})
    assert ada.call("GET", f"{at}/tracks")["tracks"] == before
    ada.call("PATCH", at, {"title": "Monday"})
    until_found(ada, "monday", "playlist", "Monday")


def test_what_played_then_goes_on(ada: Person) -> None:
    # Silence has ended it since.
    assert ada.call("GET", "/playback")["track"]["title"] == "Flood"
    assert ada.call("GET", "/me/preferences")["bitrate_pref"] == "AAC_320"
    (device,) = ada.call("GET", "/devices")["devices"]
    assert (device["device_id"], device["name"]) == ("kitchen", "Kitchen")
    order = {"source": {"playlist_id": sunday(ada).rpartition("/")[2]}, "device_id": "kitchen"}
    assert ada.call("POST", "/playback/play", order)["stream_url"]
    assert ada.call("PUT", "/playback/skip", {"device_id": "kitchen"})["stream_url"]
    (heard,) = ada.call("GET", "/playback/history")["entries"]
    assert heard["track"]["title"] == "Ebb"
    ada.call("PATCH", "/me/preferences", {"bitrate_pref": "AAC_128"})
    ada.call("PATCH", "/devices/kitchen", {"name": "Galley"})


def test_people_of_then_and_of_now_sign_in_and_change_their_plan(
    kept_mesh: RunningMesh, ben: Person
) -> None:
    operator = Person(kept_mesh, "operator", admin=True)
    at = f"/users/{ben.call('GET', '/me')['user_id']}/plan"
    operator.call("PUT", at, {"subscription_type": "PREMIUM"})
    assert ben.call("GET", "/me")["subscription_type"] == "PREMIUM"
    assert Person(kept_mesh, "cleo").call("GET", "/me")["username"] == "cleo"


def test_music_of_now_is_imported_beside_that_of_then(
    kept_mesh: RunningMesh, ada: Person, tmp_path: Path
) -> None:
    make_noise(tmp_path / "new.flac", 3.0, title="Neap", artist=ARTIST, album=ALBUM)
    assert kept_mesh.import_music(tmp_path).files_complete == 1
    assert len(ada.call("GET", "/albums")["albums"]) == 1
    until_found(ada, "neap", "track", "Neap")


def test_whoever_follows_a_feed_lists_it_again(kept_mesh: RunningMesh) -> None:
    asyncio.run(until_reconciled(kept_mesh.folder))
