"""Music for imports, and the proof that what came of it is whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.catalog.v1 import asset_pb2, catalog_pb2, catalog_service_pb2
from segue.playback.v1 import playback_service_pb2

from localmesh.layout import Layout
from player.mesh_client import MeshClient
from tests.mesh.mesh_processes import rows
from tests.running_mesh import make_noise

STATE = catalog_pb2.Import.State
FILE = catalog_pb2.ImportFile.State
LOSSY = ["128", "192", "256", "320"]


@dataclass(frozen=True, slots=True)
class Song:
    """A file of the test's music and the rungs that it must come to."""

    path: Path
    title: str
    rungs: list[str]


def make_songs(folder: Path, titles: dict[str, float]) -> list[Song]:
    """A song a title, of so many seconds; the formats alternate."""
    songs = []
    for number, (title, seconds) in enumerate(titles.items()):
        suffix = ("flac", "mp3", "opus", "m4a")[number % 4]
        path = folder / f"{number:02} {title}.{suffix}"
        make_noise(path, seconds, title=title, artist="The Testers", album="Whole")
        songs.append(Song(path, title, [*LOSSY, "flac"] if suffix == "flac" else LOSSY))
    return songs


async def read_import(client: MeshClient, import_id: str) -> Any:
    request = catalog_service_pb2.GetImportRequest(id=import_id)
    return (await client.call(client.imports.GetImport, request)).import_run


async def all_tracks(client: MeshClient) -> list[Any]:
    request = catalog_service_pb2.ListTracksRequest(page_size=500)
    answer = await client.call(client.catalog.ListTracks, request)
    assert not answer.next_page_token
    return list(answer.tracks)


async def assert_whole(client: MeshClient, folder: Path, import_id: str, songs: list[Song]) -> None:
    """Every song is complete exactly once, and each of its bytes is in the object store."""
    state = await read_import(client, import_id)
    counted = (
        state.files_found,
        state.files_searchable,
        state.files_playable,
        state.files_complete,
        state.files_failed + state.files_duplicate + state.files_unchanged,
    )
    assert state.state == STATE.DONE
    assert counted == (len(songs), len(songs), len(songs), len(songs), 0)
    listing = catalog_service_pb2.ListImportFilesRequest(id=import_id, page_size=500)
    files = (await client.call(client.imports.ListImportFiles, listing)).files
    assert sorted(file.path for file in files) == sorted(song.path.name for song in songs)
    assert {file.state for file in files} == {FILE.COMPLETE}
    tracks = {track.title: track for track in await all_tracks(client)}
    assert sorted(tracks) == sorted(song.title for song in songs)
    assert await _count(folder, "tracks") == len(songs)
    assert {file.track_id for file in files} == {track.id for track in tracks.values()}
    for song in songs:
        await _assert_playable(client, folder, tracks[song.title], song)


async def _count(folder: Path, table: str) -> int:
    return int((await rows(folder, "catalog", f"SELECT count(*) FROM {table}"))[0][0])


async def _assert_playable(client: MeshClient, folder: Path, track: Any, song: Song) -> None:
    request = playback_service_pb2.PlayRequest(track_id=track.id, device_id="auditor")
    answer = await client.call(client.playback.Play, request)
    assert track.state == catalog_pb2.Track.READY
    name = answer.stream_url.rsplit("/", 2)[1]
    descriptor = asset_pb2.AssetDescriptor()
    descriptor.ParseFromString(_object(folder, f"descriptors/{name}"))
    assert descriptor.track_id == track.id
    assert [rung.name for rung in descriptor.rungs] == song.rungs
    for rung in descriptor.rungs:
        samples = sum(segment.duration for segment in rung.segments)
        assert abs(samples / rung.timescale - track.duration_ms / 1000) < 0.2
        for stored in (rung.init, *(segment.object for segment in rung.segments)):
            assert len(_object(folder, f"media/{stored.sha256.hex()}")) == stored.size


def _object(folder: Path, key: str) -> bytes:
    """An object of the store, whose bytes are what its name says."""
    held = (Layout.at(folder).objects / key).read_bytes()
    assert hashlib.sha256(held).hexdigest() == key.rpartition("/")[2]
    return held
