"""A backup of a running mesh is all of it at one point in time, and a mesh again elsewhere."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import stat
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from segue.playlist.v1 import playlist_pb2
from segue.playlist.v1 import playlist_service_pb2 as pb

from localmesh.layout import Layout
from localmesh.postgres import restored_mark
from meshkit.feeds import decode_token
from player.mesh_client import LocalUser, MeshClient
from tests.mesh.imported_music import all_tracks
from tests.mesh.mesh_processes import processes, rows, until, until_ready
from tests.mesh.playlist_lists import read_view, until_answered
from tests.mesh.test_playlists_are_found import until_found
from tests.running_mesh import RunningMesh, running_mesh

pytestmark = pytest.mark.timeout(300)

FEEDS = ("catalog", "identity", "playback", "playlist")
OWNER = LocalUser("archivist")


async def begin(mesh: Path, *words: str) -> Process:
    """Starts `segue mesh …` for the mesh of a folder."""
    command = Path(sys.executable).with_name("segue")
    argv = (str(command), "mesh", *words, "--dir", str(mesh))
    return await asyncio.create_subprocess_exec(*argv, stdout=PIPE, stderr=PIPE)


async def segue(mesh: Path, *words: str) -> tuple[int | None, str, str]:
    """Runs `segue mesh …`; its exit status, its output and its errors."""
    process = await begin(mesh, *words)
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


@asynccontextmanager
async def running_in(folder: Path) -> AsyncIterator[RunningMesh]:
    """A mesh that runs in a folder, beside the loop of the test."""
    running = running_mesh(folder)
    mesh = await asyncio.to_thread(running.__enter__)
    try:
        yield mesh
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


@pytest_asyncio.fixture
async def owner(mesh: RunningMesh) -> AsyncIterator[MeshClient]:
    async with MeshClient(mesh.folder, OWNER) as client:
        yield client


async def new_playlist(client: MeshClient, name: str) -> str:
    create = pb.CreatePlaylistRequest(name=name)
    made = await client.call(client.playlists.CreatePlaylist, create)
    await retitle(client, made.playlist_id, name)
    return str(made.playlist_id)


async def retitle(client: MeshClient, playlist_id: str, title: str) -> None:
    playlist = playlist_pb2.Playlist(title=title, visibility=playlist_pb2.Playlist.PUBLIC)
    request = pb.UpdatePlaylistRequest(playlist_id=playlist_id, playlist=playlist)
    await client.call(client.playlists.UpdatePlaylist, request)


async def entries(client: MeshClient, playlist_id: str) -> list[str]:
    return [each.item_id for each in (await read_view(client, playlist_id)).entries]


@dataclass
class Adding:
    """Someone who adds one track after the other, and what was acknowledged."""

    client: MeshClient
    playlist_id: str
    track_id: str
    acknowledged: list[str] = field(default_factory=list)

    async def add(self) -> None:
        request = pb.AddTracksRequest(playlist_id=self.playlist_id, track_ids=[self.track_id])
        answer = await until_answered(self.client, self.client.playlists.AddTracks, request)
        self.acknowledged.extend(answer.item_ids)

    async def add_for_ever(self) -> None:
        while True:
            await self.add()

    @asynccontextmanager
    async def in_parallel(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.add_for_ever())
        try:
            yield
            assert not task.done()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def epochs(folder: Path) -> dict[str, Any]:
    """The epoch of each service's feed."""
    found = {
        name: await rows(folder, name, "SELECT epoch FROM change_feed_state") for name in FEEDS
    }
    return {name: told[0][0] for name, told in found.items()}


async def consumed_epochs(folder: Path) -> set[Any]:
    """The epochs in which all places are that any service keeps in the feed of another."""
    found: set[Any] = set()
    for name in ("catalog", "playback", "playlist"):
        for (token,) in await rows(folder, name, "SELECT token FROM feed_cursors"):
            found.add(decode_token(token)[0] if token else None)
    return found


async def until_reconciled(folder: Path) -> None:
    """Returns when every consumer has its place in an epoch of today."""
    today = set((await epochs(folder)).values())

    async def reconciled() -> bool:
        return await consumed_epochs(folder) <= today

    await until(reconciled, "not every consumer has listed its feed again")


def sound_of(mesh: RunningMesh, track: Any) -> dict[str, bytes]:
    """Every byte of a track as the edge delivers it, by rung and file."""
    token = mesh.token("auditor.of.backups", tier="premium")
    body = {"track_id": track.id, "device_id": "headphones"}
    master = mesh.call("POST", "/playback/play", body, token=token).body["stream_url"]
    rungs = re.findall(r"^([^#/\n]+)/index\.m3u8$", mesh.call("GET", master).text, re.MULTILINE)
    sound: dict[str, bytes] = {}
    for rung in rungs:
        base = master.replace("master.m3u8", rung)
        index = mesh.call("GET", f"{base}/index.m3u8").text
        names = [*re.findall(r'URI="([^"]+)"', index), *re.findall(r"^[^#\n]+$", index, re.M)]
        for name in names:
            answer = mesh.call("GET", f"{base}/{name}")
            assert answer.status == 200
            sound[f"{rung}/{name}"] = answer.content
    return sound


async def test_what_was_acknowledged_before_a_backup_is_in_the_mesh_that_is_restored_from_it(
    mesh: RunningMesh, owner: MeshClient, tmp_path: Path
) -> None:
    track, *_ = tracks = sorted(await all_tracks(owner), key=lambda each: each.duration_ms)
    playlist_id = await new_playlist(owner, "Lanterns Of Yesterday")
    await until_found(owner, "lanterns of yesterday", playlist_id, "Lanterns Of Yesterday")
    adding = Adding(owner, playlist_id, track.id)
    for _ in range(5):
        await adding.add()
    file, held_token = tmp_path / "mesh.backup", mesh.token("traveller")
    async with adding.in_parallel():
        before = len(adding.acknowledged)
        status, output, errors = await segue(mesh.folder, "backup", str(file))
        during = len(adding.acknowledged) - before
    assert (status, during > 0) == (0, True), errors
    assert "everything that was acknowledged before" in output
    assert "copied" in errors
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await retitle(owner, playlist_id, "Said After The Backup")

    folder = tmp_path / "elsewhere"
    status, output, errors = await segue(folder, "restore", str(file))
    assert status == 0, errors
    assert f"segue mesh up --dir {folder}" in output
    assert restored_mark(Layout.at(folder).postgres).exists()
    async with running_in(folder) as restored:
        assert restored.edge != mesh.edge
        await assert_reconciled(mesh.folder, folder)
        assert restored.call("GET", "/me", token=held_token).body["username"] == "traveller"
        async with MeshClient(folder, OWNER) as client:
            told = await entries(client, playlist_id)
            # One point in time: of edits in a row all before it, and none after.
            assert told == adding.acknowledged[: len(told)]
            assert len(told) >= before
            await until_found(client, "lanterns yesterday", playlist_id, "Lanterns Of Yesterday")
            assert await counts(client) == {each.id: each.streams_total for each in tracks}
            for each in tracks:
                heard, meant = [
                    await asyncio.to_thread(sound_of, which, each) for which in (restored, mesh)
                ]
                assert heard == meant
                assert len(heard) >= 8
            await assert_edits_go_on(client, playlist_id, track.id, told)
    assert (await entries(owner, playlist_id))[: before + during] == adding.acknowledged[
        : before + during
    ]
    status, _, errors = await segue(folder, "restore", str(file))
    assert (status, "is not empty" in errors) == (1, True)


async def counts(client: MeshClient) -> dict[str, int]:
    return {each.id: each.streams_total for each in await all_tracks(client)}


async def assert_reconciled(old: Path, new: Path) -> None:
    """Every feed of the new mesh has an epoch of its own, in which all its consumers are."""
    assert not restored_mark(Layout.at(new).postgres).exists()
    assert set((await epochs(old)).values()).isdisjoint((await epochs(new)).values())
    await until_reconciled(new)


async def assert_edits_go_on(
    client: MeshClient, playlist_id: str, track_id: str, told: list[str]
) -> None:
    adding = Adding(client, playlist_id, track_id)
    await adding.add()
    assert await entries(client, playlist_id) == [*told, *adding.acknowledged]
    await retitle(client, playlist_id, "Lanterns Of Tomorrow")
    await until_found(client, "lanterns tomorrow", playlist_id, "Lanterns Of Tomorrow")


async def slots(folder: Path) -> int:
    """How many copies of the cluster are under way."""
    counted = await rows(folder, "catalog", "SELECT count(*) FROM pg_replication_slots")
    return int(counted[0][0])


async def test_a_backup_that_is_killed_leaves_no_file_and_the_mesh_as_it_was(
    mesh: RunningMesh, owner: MeshClient, tmp_path: Path
) -> None:
    file, before = tmp_path / "mesh.backup", await processes(mesh.folder)
    process = await begin(mesh.folder, "backup", str(file))

    async def copying() -> bool:
        return await slots(mesh.folder) > 0

    await until(copying, "no copy of the database began")
    os.kill(process.pid, signal.SIGKILL)
    await process.communicate()
    assert not file.exists()

    async def over() -> bool:
        return await slots(mesh.folder) == 0

    await until(over, "the database goes on copying for nobody")
    await until_ready(mesh.folder)
    assert await processes(mesh.folder) == before
    await new_playlist(owner, "After The Kill")
    assert (await segue(mesh.folder, "backup", str(file)))[0] == 0
    assert os.listdir(tmp_path) == [file.name]
    status, _, errors = await segue(mesh.folder, "backup", str(file))
    assert (status, "is there already" in errors) == (1, True)


async def test_without_a_running_mesh_there_is_no_backup(tmp_path: Path) -> None:
    status, _, errors = await segue(tmp_path / "none", "backup", str(tmp_path / "a.backup"))
    assert (status, "no mesh runs in" in errors) == (1, True)
    assert os.listdir(tmp_path) == []
