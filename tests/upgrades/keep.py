"""Keeps a copy of what a small mesh of today stores: ``python -m tests.upgrades.keep NAME``.

It starts a mesh in a folder of its own, has a few people do what people do, and writes what is
stored then to ``tests/upgrades/kept/NAME``. Do it before a release, and commit what it wrote: every
later version is tested against it (``tests/mesh/test_kept_copies.py``).
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from localmesh.databases import database_dsn
from localmesh.layout import Layout
from tests.running_mesh import RunningMesh, make_noise, running_mesh
from tests.upgrades.kept import KEPT, OBJECTS, SCHEMAS, VERSIONS, keep

SONGS = ("Ebb", "Flood", "Slack Water")
SECONDS = 3.0
ALBUM, ARTIST = "Tides", "The Harbour"
# Until what was done is told to all who follow it.
_TOLD_S = 5.0
_LEFT_OUT = shutil.ignore_patterns("media", "artwork")


class Person:
    """A user who calls the edge; every call must succeed."""

    def __init__(self, mesh: RunningMesh, name: str, **words: Any) -> None:
        self._mesh = mesh
        self._token = mesh.token(name, **words)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer, as JSON."""
        answer = self._mesh.call(method, path, body, token=self._token)
        assert answer.status == 200, f"{method} {path}: {answer.status} {answer.text}"
        return answer.body

    def hear(self, stream_url: str) -> None:
        """Fetches a song as a player does, and lets its time go by."""
        for part in ("128/init.mp4", "128/1.m4s"):
            self.fetch(stream_url.replace("master.m3u8", part))
        time.sleep(SECONDS + 1)

    def fetch(self, address: str) -> None:
        """Fetches media."""
        answer = self._mesh.call("GET", address)
        assert answer.status == 200, f"{address}: {answer.status}"

    def tracks(self) -> dict[str, Any]:
        """The tracks of the catalogue by their titles."""
        return {track["title"]: track for track in self.call("GET", "/tracks")["tracks"]}


def live(mesh: RunningMesh, music: Path) -> None:
    """Imports music, and has people do something with every service."""
    for number, title in enumerate(SONGS, 1):
        tags = {"title": title, "artist": ARTIST, "album": ALBUM, "genre": "Ambient"}
        make_noise(music / f"{number}.flac", SECONDS, track=str(number), **tags)
    mesh.import_music(music)
    operator = Person(mesh, "operator", admin=True)
    ada, ben = Person(mesh, "ada", tier="premium"), Person(mesh, "ben")
    tracks = ada.tracks()
    ids = [tracks[title]["id"] for title in SONGS]
    ben_id = ben.call("GET", "/me")["user_id"]
    operator.call("PATCH", f"/tracks/{ids[2]}", {"title": "Slack Water (edited)"})
    ada.call("PUT", "/me/library/tracks", {"track_ids": ids[:2]})
    ada.call("PUT", "/me/library/albums", {"album_ids": [tracks["Ebb"]["album_id"]]})
    ada.call("PUT", "/me/following", {"user_ids": [ben_id]})
    ben.call("PUT", f"/me/blocks/artists/{tracks['Ebb']['artist_id']}")
    _share_a_playlist(ada, ben_id, ids)
    _play(ada, ids)


def _share_a_playlist(ada: Person, ben_id: str, ids: list[str]) -> None:
    made = ada.call("POST", "/playlists", {"name": "Sunday", "public": True})
    at = f"/playlists/{made['playlist_id']}"
    ada.call("POST", f"{at}/tracks", {"track_ids": ids})
    ada.call("POST", f"{at}/tracks", {"track_ids": ids[:1]})
    ada.call("POST", f"{at}/undo", {})
    ada.call("PUT", f"{at}/collaborators/{ben_id}", {"role": "EDITOR"})
    # One that does not end.
    ada.call("POST", f"{at}/shares", {})


def _play(ada: Person, ids: list[str]) -> None:
    ada.call("PATCH", "/me/preferences", {"bitrate_pref": "AAC_320"})
    ada.call("POST", "/devices", {"device_id": "kitchen", "name": "Kitchen", "kind": "SPEAKER"})
    order = {"source": {"tracks": {"track_ids": ids}}, "device_id": "kitchen"}
    session = ada.call("POST", "/playback/play", order)
    ada.hear(session["stream_url"])
    heard = {"playback_id": session["playback_id"], "play_id": session["play_id"]}
    ada.call("POST", "/playback/advance", heard)
    ada.call("POST", "/playback/pause", {"playback_id": session["playback_id"]})


def main(name: str) -> None:
    """Makes the copy ``name``, which must be a new one."""
    target = KEPT / name
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder, running_mesh(Path(folder) / "mesh") as mesh:
        live(mesh, Path(folder) / "music")
        time.sleep(_TOLD_S)
        versions = {
            schema: keep(database_dsn(mesh.folder, schema), schema, target) for schema in SCHEMAS
        }
        objects = Layout.at(mesh.folder).objects
        shutil.copytree(objects, target / OBJECTS, ignore=_LEFT_OUT)
    text = json.dumps(versions, indent=1, sort_keys=True)
    (target / VERSIONS).write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
