"""What an administrator says of the catalogue, as JSON, and rescans that read other tags."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from e2e_album import Tokens
from edge_calls import json_refusal

from tests.running_mesh import RunningMesh, make_noise, run_ffmpeg

WITHIN_S = 20.0


@dataclass(frozen=True)
class Shelf:
    """A folder of songs of one artist, and calls as an administrator and as a listener."""

    mesh: RunningMesh
    folder: Path
    tokens: Tokens
    tags: dict[str, str]

    @property
    def admin(self) -> str:
        return self.tokens("operator", admin=True)

    @property
    def listener(self) -> str:
        return self.tokens("reader")

    def get(self, path: str) -> Any:
        answer = self.mesh.call("GET", path, token=self.listener)
        assert answer.status == 200, answer
        return answer.body

    def patch(self, path: str, **said: object) -> Any:
        answer = self.mesh.call("PATCH", path, said, token=self.admin)
        assert answer.status == 200, answer
        (thing,) = answer.body.values()
        return thing

    def put(self, path: str, **said: object) -> None:
        answer = self.mesh.call("PUT", path, said, token=self.listener)
        assert answer.status == 200, answer

    def status(self, path: str) -> int:
        return int(self.mesh.call("GET", path, token=self.listener).status)

    def found(self, words: str, kind: str) -> list[str]:
        body = self.get(f"/search?q={quote(words)}&type={kind}")
        return [one["id"] for one in body.get(f"{kind}s", [])]

    def add(self, song: str, **tags: str) -> None:
        """Put a new file there."""
        make_noise(self.folder / f"{song}.flac", 4, **self.tags, title=song, **tags)

    def retagged(self, song: str, **tags: str) -> None:
        """Write other tags into a file."""
        file = self.folder / f"{song}.flac"
        words = [f"{key}={value}" for key, value in tags.items()]
        changed = self.folder.parent / f"{song}.flac"
        said = (word for one in words for word in ("-metadata", one))
        run_ffmpeg("-i", str(file), "-c", "copy", *said, str(changed))
        changed.rename(file)

    def tracks(self, album_id: str) -> dict[str, Any]:
        body = self.get(f"/albums/{album_id}/tracks")
        return {track["title"]: track for track in body["tracks"]}


Shelves = Callable[..., Shelf]
"""An imported shelf: artist, album, songs. No two tests have a word of these in common."""


@pytest.fixture
def shelves(mesh: RunningMesh, tokens: Tokens, tmp_path_factory: pytest.TempPathFactory) -> Shelves:
    def made(artist: str, album: str, *songs: str) -> Shelf:
        folder = tmp_path_factory.mktemp("shelf") / "music"
        shelf = Shelf(mesh, folder, tokens, {"artist": artist, "album_artist": artist})
        for number, song in enumerate(songs, 1):
            shelf.add(song, album=album, track=str(number), date="2019")
        mesh.import_music(folder)
        eventually(lambda: shelf.found(artist, "artist"))
        return shelf

    return made


def eventually(holds: Callable[[], object]) -> None:
    """Consumers take a moment."""
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.1)


def test_an_artist_who_was_renamed_stays_so_through_a_rescan(shelves: Shelves) -> None:
    shelf = shelves("Wren Okafor", "Paper Lanterns", "Kite", "Ember")
    (artist_id,) = shelf.found("Wren Okafor", "artist")
    artist = shelf.get(f"/artists/{artist_id}")
    assert shelf.patch(f"/artists/{artist_id}", **artist) == artist
    renamed = shelf.patch(f"/artists/{artist_id}", name="Wren Adeyemi", bio="Sings.\nWrites.")
    assert (renamed["name"], renamed["bio"]) == ("Wren Adeyemi", "Sings.\nWrites.")
    assert shelf.get(f"/artists/{artist_id}") == renamed
    shelf.retagged("Kite", genre="Folk")
    shelf.retagged("Ember", artist="Wren Adeyemi", album_artist="Wren Adeyemi")
    shelf.mesh.import_music(shelf.folder)
    top = shelf.get(f"/artists/{artist_id}/top-tracks")["tracks"]
    assert {track["title"]: track["artist"] for track in top} == {
        "Kite": "Wren Adeyemi",
        "Ember": "Wren Adeyemi",
    }
    assert next(one["genres"] for one in top if one["title"] == "Kite") == ["Folk"]
    (album,) = shelf.get(f"/artists/{artist_id}/albums")["albums"]
    assert (album["artist"], album["track_count"]) == ("Wren Adeyemi", 2)
    eventually(lambda: shelf.found("Adeyemi", "artist") == [artist_id])
    eventually(lambda: len(shelf.found("Kite Adeyemi", "track")) == 1)
    eventually(lambda: shelf.found("Okafor", "artist") == [])
    back = shelf.patch(f"/artists/{artist_id}", name="")
    assert back["name"] == "Wren Okafor"


def test_an_album_keeps_its_title_and_year_through_a_rescan(shelves: Shelves) -> None:
    shelf = shelves("Ottoline Brandt", "Cathedral Bridges", "Marrow", "Thistle")
    (album_id,) = shelf.found("Cathedral Bridges", "album")
    album = shelf.get(f"/albums/{album_id}")
    assert shelf.patch(f"/albums/{album_id}", **album) == album
    said = shelf.patch(f"/albums/{album_id}", title="Copper Viaducts", year=1999)
    assert (said["title"], said["year"]) == ("Copper Viaducts", 1999)
    shelf.retagged("Marrow", album="Copper Viaducts", date="2020")
    shelf.mesh.import_music(shelf.folder)
    assert shelf.get(f"/albums/{album_id}") == said
    tracks = shelf.tracks(album_id)
    assert {one["album"] for one in tracks.values()} == {"Copper Viaducts"}
    assert tracks["Marrow"]["year"] == 2020
    eventually(lambda: shelf.found("Copper Viaducts", "album") == [album_id])
    back = shelf.patch(f"/albums/{album_id}", title="", year=0)
    assert (back["title"], back["year"]) == ("Cathedral Bridges", 2019)


def test_a_taken_down_album_stays_hidden_through_a_rescan_with_what_comes_to_it(
    shelves: Shelves,
) -> None:
    shelf = shelves("Juniper Vance", "Granite Orchard", "Sparrow", "Velvet")
    (album_id,) = shelf.found("Granite Orchard", "album")
    before = shelf.tracks(album_id)
    kept, by_itself = before["Sparrow"]["id"], before["Velvet"]["id"]
    assert shelf.patch(f"/tracks/{by_itself}", hidden=True)["hidden"]
    assert shelf.get(f"/albums/{album_id}")["track_count"] == 1
    hidden = shelf.patch(f"/albums/{album_id}", hidden=True)
    assert (hidden["hidden"], hidden["track_count"], hidden["total_duration_ms"]) == (True, 0, 0)
    shelf.add("Pomegranate", album="Granite Orchard", track="3")
    shelf.retagged("Sparrow", genre="Ambient")
    shelf.mesh.import_music(shelf.folder)
    assert shelf.status(f"/albums/{album_id}") == shelf.status(f"/tracks/{kept}") == 404
    eventually(lambda: not shelf.found("Granite Orchard", "album"))
    eventually(lambda: not shelf.found("Sparrow", "track"))
    assert shelf.found("Pomegranate", "track") == []
    play = {"track_id": kept, "device_id": "kitchen"}
    refused = shelf.mesh.call("POST", "/playback/play", play, token=shelf.listener)
    assert refused.status == 404
    back = shelf.patch(f"/albums/{album_id}", hidden=False)
    assert (back["hidden"], back["track_count"]) == (False, 2)
    assert set(shelf.tracks(album_id)) == {"Sparrow", "Pomegranate"}
    assert shelf.get(f"/artists/{before['Sparrow']['artist_id']}")["track_count"] == 2
    shelf.patch(f"/tracks/{by_itself}", hidden=False)
    eventually(lambda: len(shelf.found("Velvet", "track")) == 1)


def test_a_taken_down_artist_stays_hidden_through_a_rescan(shelves: Shelves) -> None:
    shelf = shelves("Halcyon Mercer", "Borrowed Umbrellas", "Quarry")
    (artist_id,) = shelf.found("Halcyon Mercer", "artist")
    (album,) = shelf.get(f"/artists/{artist_id}/albums")["albums"]
    assert shelf.patch(f"/artists/{artist_id}", hidden=True)["hidden"]
    shelf.retagged("Quarry", genre="Drone")
    shelf.mesh.import_music(shelf.folder)
    for path in (f"/artists/{artist_id}", f"/albums/{album['id']}", f"/artists/{artist_id}/albums"):
        assert shelf.status(path) == 404
    eventually(lambda: not shelf.found("Mercer", "artist"))
    eventually(lambda: not shelf.found("Umbrellas", "album"))
    eventually(lambda: not shelf.found("Quarry", "track"))
    back = shelf.patch(f"/artists/{artist_id}", hidden=False)
    assert (back["name"], back["track_count"]) == ("Halcyon Mercer", 1)
    assert shelf.tracks(album["id"])["Quarry"]["genres"] == ["Drone"]
    eventually(lambda: shelf.found("Mercer", "artist") == [artist_id])


def test_a_track_keeps_what_was_said_of_it_through_a_rescan(shelves: Shelves) -> None:
    shelf = shelves("Fennimore Achebe", "Clockwork Meadow", "Flint")
    eventually(lambda: shelf.found("Flint", "track"))
    (track_id,) = shelf.found("Flint", "track")
    said = shelf.patch(f"/tracks/{track_id}", title="Tinder", access="PREMIUM")
    shelf.retagged("Flint", title="Steel", genre="Folk")
    shelf.mesh.import_music(shelf.folder)
    track = shelf.get(f"/tracks/{track_id}")
    assert (track["title"], track["access"], track["genres"]) == ("Tinder", "PREMIUM", ["Folk"])
    assert said["artist"] == track["artist"] == "Fennimore Achebe"
    assert shelf.patch(f"/tracks/{track_id}", title="")["title"] == "Steel"


def test_a_library_shows_what_saved_albums_and_followed_artists_are_called_today(
    shelves: Shelves,
) -> None:
    shelf = shelves("Odalys Ferreira", "Saffron Tides", "Quartz")
    (artist_id,) = shelf.found("Odalys Ferreira", "artist")
    (album_id,) = shelf.found("Saffron Tides", "album")
    shelf.put("/me/library/albums", album_ids=[album_id])
    shelf.put("/me/following", artist_ids=[artist_id])
    shelf.put(f"/me/blocks/artists/{artist_id}")
    shelf.patch(f"/albums/{album_id}", title="Indigo Tides")
    shelf.patch(f"/artists/{artist_id}", name="Odalys Nakamura")

    def shown() -> bool:
        (album,) = shelf.get("/me/library/albums")["albums"]
        (followed,) = shelf.get("/me/following")["following"]
        (blocked,) = shelf.get("/me/blocks/artists")["blocks"]
        names = [followed["artist"]["name"], blocked["artist"]["name"], album["artist"]]
        return album["title"] == "Indigo Tides" and set(names) == {"Odalys Nakamura"}

    eventually(shown)


def test_no_listener_edits_and_no_unknown_field_is_taken(shelves: Shelves) -> None:
    shelf = shelves("Tamsin Delacroix", "Winter Almanac", "Basalt")
    (artist_id,) = shelf.found("Tamsin Delacroix", "artist")
    path = f"/artists/{artist_id}"
    refused = shelf.mesh.call("PATCH", path, {"name": "X"}, token=shelf.listener)
    assert json_refusal(refused).reason == "SCOPE_MISSING"
    unknown = shelf.mesh.call("PATCH", path, {"nmae": "X"}, token=shelf.admin)
    assert json_refusal(unknown).reason == "INVALID_FIELD"
    once = f"{path}?request_id=rename-once"
    first = shelf.patch(once, bio="One.")
    shelf.patch(path, bio="Two.")
    assert shelf.patch(once, bio="One.") == first
    reused = shelf.mesh.call("PATCH", once, {"bio": "Three."}, token=shelf.admin)
    assert json_refusal(reused).reason == "REQUEST_ID_REUSED"
