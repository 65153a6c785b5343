"""A folder whose mesh was killed, all of it or its supervisor alone, starts again by itself."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from segue.catalog.v1 import catalog_pb2
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb

from localmesh.background import start_in_background
from localmesh.discovery import find_mesh
from localmesh.mesh import MeshOptions
from player.commands.importing import start_import
from player.mesh_client import LocalUser, MeshClient
from tests.mesh.imported_music import Song, all_tracks, assert_whole, make_songs, read_import
from tests.mesh.mesh_processes import (
    cut_power,
    mesh_is_gone,
    processes,
    tree,
    until,
    until_gone,
)
from tests.running_mesh import running_mesh

pytestmark = pytest.mark.timeout(300)

DONE = catalog_pb2.Import.State.DONE
READY = catalog_pb2.Track.READY
PLAYING = playback_pb2.Playback.PLAYING
OPERATOR = LocalUser("operator", admin=True)
LISTENER = LocalUser("listener")
BEAT_EVERY_S = 0.2


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of a running mesh; a test that kills it has to start it again."""
    with running_mesh(tmp_path / "mesh") as mesh:
        yield mesh.folder


@pytest.fixture
def songs(tmp_path: Path) -> list[Song]:
    titles = ("Iris", "Juniper", "Karst", "Lagoon", "Meadow", "Nimbus")
    return make_songs(tmp_path / "music", {title: random.uniform(6, 10) for title in titles})


async def start_again(folder: Path) -> None:
    await asyncio.to_thread(start_in_background, MeshOptions(folder, 0, (), "json"))


async def first_playable(client: MeshClient) -> str:
    async def playable() -> str | None:
        return next((t.id for t in await all_tracks(client) if t.bitrates_available), None)

    return str(await until(playable, "no track became playable"))


class Listener:
    """A device that plays, beats and seeks until the power is cut, and remembers every answer."""

    def __init__(self, client: MeshClient, session: Any) -> None:
        self._client = client
        self.session = session
        self.acknowledged: list[tuple[int, int]] = []
        self.beaten: list[tuple[int, int]] = []
        self._revision = session.revision

    async def seek(self) -> None:
        for number in range(100_000):
            request = pb.SeekRequest(
                playback_id=self.session.playback_id, position_ms=number % 5_000
            )
            answer = await self._client.call(self._client.playback.Seek, request)
            self.acknowledged.append((answer.revision, answer.position_ms))
            self._revision = answer.revision
            await asyncio.sleep(random.uniform(0, 0.05))

    async def beat(self) -> None:
        call = self._client.heartbeats.StreamHeartbeats(metadata=await self._client.metadata())
        hello = pb.StreamHeartbeatsRequest.Hello(
            playback_id=self.session.playback_id, device_id="kitchen"
        )
        await call.write(pb.StreamHeartbeatsRequest(hello=hello))
        await call.read()
        for seq in range(1, 100_000):
            beat = playback_pb2.Heartbeat(
                epoch=self.session.epoch,
                revision=self._revision,
                seq=seq,
                position_ms=2_000,
                status=PLAYING,
                rung="128",
            )
            await call.write(pb.StreamHeartbeatsRequest(heartbeat=beat))
            ack = (await call.read()).ack
            self.beaten.append((ack.seq, ack.revision))
            await asyncio.sleep(BEAT_EVERY_S)


async def heard_until_the_cut(folder: Path, listener: Listener, wait_s: float) -> dict[int, str]:
    """Plays for a while, cuts the power in the middle of commands; returns what was killed."""
    work = [asyncio.create_task(listener.seek()), asyncio.create_task(listener.beat())]
    await asyncio.sleep(wait_s)
    assert not any(task.done() for task in work), [task for task in work if task.done()]
    killed = await asyncio.to_thread(cut_power, folder)
    done = await asyncio.gather(*work, return_exceptions=True)
    assert all(isinstance(end, Exception) for end in done)
    return killed


async def test_a_power_cut_loses_no_import_and_no_acknowledged_command(
    folder: Path, songs: list[Song]
) -> None:
    wait_s = random.uniform(1.0, 2.5)
    print(f"the power is cut after {wait_s:.2f} s of playing")
    async with (
        MeshClient(folder, OPERATOR) as operator,
        MeshClient(folder, LISTENER) as device,
    ):
        started = await start_import(operator, str(songs[0].path.parent))
        track_id = await first_playable(operator)
        play = pb.PlayRequest(track_id=track_id, device_id="kitchen", request_id="the-one-play")
        session = await device.call(device.playback.Play, play)
        listener = Listener(device, session)
        killed = await heard_until_the_cut(folder, listener, wait_s)
    await until_gone(killed)
    assert await mesh_is_gone(folder)
    await start_again(folder)
    async with (
        MeshClient(folder, OPERATOR) as operator,
        MeshClient(folder, LISTENER) as device,
    ):
        await assert_kept(device, listener)
        again = await device.call(device.playback.Play, play)
        assert again.playback_id == session.playback_id

        async def over() -> bool:
            return bool((await read_import(operator, started.id)).state >= DONE)

        await until(over, "the import did not go on to its end", within_s=90)
        await assert_whole(operator, folder, started.id, songs)


async def assert_kept(device: MeshClient, listener: Listener) -> None:
    """The session is what the last acknowledged command made of it, or one command further."""
    assert listener.acknowledged
    assert listener.beaten
    revisions = [revision for revision, _ in listener.acknowledged]
    assert revisions == sorted(set(revisions))
    state = (await device.call(device.playback.GetPlayback, pb.GetPlaybackRequest())).playback
    assert state.playback_id == listener.session.playback_id
    assert state.epoch == listener.session.epoch
    revision, position_ms = listener.acknowledged[-1]
    assert revision <= state.revision <= revision + 1
    if state.revision == revision:
        assert state.position_ms >= min(position_ms, 2_000)


async def test_nothing_outlives_a_supervisor_that_is_killed(folder: Path) -> None:
    running = tree(folder)
    assert len(running) > len(await processes(folder))
    os.kill(find_mesh(folder).pid, signal.SIGKILL)
    await until_gone(running)
    assert await mesh_is_gone(folder)
    await start_again(folder)
    assert {each.state for each in (await processes(folder)).values()} == {"ready"}
