"""What media delivers counts once, whoever dies meanwhile, and nothing else counts as heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1.delivery_internal_service_pb2 import ReportDeliveriesRequest

from localmesh.layout import Layout
from player.mesh_client import LocalUser, MeshClient
from tests.mesh.devices import until_acknowledged
from tests.mesh.imported_music import all_tracks
from tests.mesh.mesh_processes import frozen, kill, pid_of, rows, scale, until, until_ready
from tests.mesh.test_plays_are_counted import TITLE, leave, streams_of, until_counted
from tests.running_mesh import Answer as HttpAnswer
from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)

ROUNDS = 3
PLAYBACK = ("playback-1", "playback-2")


@pytest_asyncio.fixture
async def client(mesh: RunningMesh) -> AsyncIterator[MeshClient]:
    """A listener whose player, a plain one, never sends a beat."""
    async with MeshClient(mesh.folder, LocalUser("plain-listener")) as client:
        yield client


@pytest_asyncio.fixture
async def track(client: MeshClient) -> Any:
    """A track of some seconds."""
    return next(each for each in await all_tracks(client) if each.title == TITLE)


@dataclass
class Player:
    """A plain player: it follows addresses and tells nobody anything."""

    mesh: RunningMesh
    session: Any
    fetched: int = 0

    async def fetch(self) -> None:
        """All segments of the lowest rung, and what stands before them."""
        for name in ("init.mp4", "1.m4s", "2.m4s", "3.m4s", "4.m4s", "5.m4s"):
            answer = await self._ask_for(name)
            if answer.status == 404:
                return
            assert answer.status == 200
            self.fetched += len(answer.content)

    async def _ask_for(self, name: str) -> HttpAnswer:
        """What is answered once the edge has seen that media is there again."""

        async def answered() -> HttpAnswer | None:
            answer = await asyncio.to_thread(self.mesh.call, "GET", self._address(name))
            return answer if answer.status != 503 else None

        found: HttpAnswer = await until(answered, "media does not answer")
        return found

    def _address(self, name: str) -> str:
        return str(self.session.stream_url).replace("master.m3u8", f"128/{name}")


async def begins(mesh: RunningMesh, client: MeshClient, track_id: str) -> Player:
    request = pb.PlayRequest(track_id=track_id, device_id="plain-player")
    return Player(mesh, await until_acknowledged(client, client.playback.Play, request))


async def counted_bytes(mesh: RunningMesh, player: Player) -> int:
    """What playback has counted for the user of a session."""
    query = "SELECT bytes FROM delivered_bytes JOIN sessions USING (user_id) WHERE session_id = %s"
    found = await rows(mesh.folder, "playback", query, player.session.playback_id)
    return sum(int(row[0]) for row in found)


def saved_bytes(mesh: RunningMesh, player: Player, instance: str = "*") -> int:
    """What media has on disk and playback has not acknowledged yet."""
    count = 0
    for file in Layout.at(mesh.folder).deliveries.glob(f"{instance}/*.batch"):
        try:
            batch = ReportDeliveriesRequest.FromString(file.read_bytes())
        except FileNotFoundError:
            continue
        mine = (d for d in batch.deliveries if d.subject == player.session.playback_id)
        count += sum(one.bytes for one in mine)
    return count


async def test_a_play_of_which_no_byte_was_fetched_adds_nothing_and_a_fetched_one_counts(
    mesh: RunningMesh, client: MeshClient, track: Any
) -> None:
    before = await streams_of(client, track)
    for fetches in (False, True):
        player = await begins(mesh, client, track.id)
        if fetches:
            await player.fetch()
        await asyncio.sleep(track.duration_ms / 2000 + 0.2)
        if fetches:
            await until_all_counted(mesh, player)
        await leave(client, player.session)
    # Plays are told in their order: with the second one, all that the first one did is done.
    await until_counted(client, track, before + 1)
    assert await streams_of(client, track) == before + 1


async def until_all_counted(mesh: RunningMesh, player: Player, before: int = 0) -> None:
    async def counted() -> bool:
        return await counted_bytes(mesh, player) >= before + player.fetched

    await until(counted, "playback does not count what was delivered")


async def test_what_media_has_saved_counts_once_though_both_sides_die_before_it_is_reported(
    mesh: RunningMesh, client: MeshClient, long_track: str
) -> None:
    player = await begins(mesh, client, long_track)
    before = await counted_bytes(mesh, player)
    for _ in range(ROUNDS):
        already = player.fetched
        pids = [await pid_of(mesh.folder, name) for name in PLAYBACK]
        with ExitStack() as silent:
            for pid in pids:
                silent.enter_context(frozen(pid))
            await player.fetch()
            fetched = player.fetched - already

            async def saved(fetched: int = fetched) -> bool:
                return saved_bytes(mesh, player) >= fetched

            await until(saved, "media does not save what it delivered")
            await kill(mesh.folder, "media-1")
        for name in PLAYBACK:
            await kill(mesh.folder, name)
        await until_ready(mesh.folder)
        await until_all_counted(mesh, player, before)
        # Or what is left of this round would be taken for what the next one has saved.
        await until_nothing_is_left(mesh, player)
    assert await counted_bytes(mesh, player) == before + player.fetched


async def test_what_is_delivered_counts_once_though_playback_dies_while_it_is_reported(
    mesh: RunningMesh, client: MeshClient, long_track: str
) -> None:
    player = await begins(mesh, client, long_track)
    before = await counted_bytes(mesh, player)
    for number in range(2 * ROUNDS):
        await player.fetch()
        await asyncio.sleep(0.3 * (number % 4))
        await kill(mesh.folder, PLAYBACK[number % 2])
    await until_ready(mesh.folder)
    await until_all_counted(mesh, player, before)
    await until_nothing_is_left(mesh, player)
    assert await counted_bytes(mesh, player) == before + player.fetched


async def until_nothing_is_left(mesh: RunningMesh, player: Player) -> None:
    async def reported() -> bool:
        return saved_bytes(mesh, player) == 0

    await until(reported, "media does not report what it saved")


async def test_what_an_instance_had_saved_counts_once_though_it_was_killed_and_scaled_away(
    mesh: RunningMesh, client: MeshClient, long_track: str
) -> None:
    player = await begins(mesh, client, long_track)
    before = await counted_bytes(mesh, player)
    await scale(mesh.folder, "media", 2)
    try:
        pids = [await pid_of(mesh.folder, name) for name in PLAYBACK]
        with ExitStack() as silent:
            for pid in pids:
                silent.enter_context(frozen(pid))

            async def saved_by_both() -> bool:
                await player.fetch()
                return saved_bytes(mesh, player, "media-2") > 0

            async def saved() -> bool:
                return saved_bytes(mesh, player) >= player.fetched

            await until(saved_by_both, "the second instance saves nothing")
            await until(saved, "media does not save what it delivered")
            await kill(mesh.folder, "media-2")
    finally:
        await scale(mesh.folder, "media", 1)
    await until_all_counted(mesh, player, before)
    await until_nothing_is_left(mesh, player)
    assert await counted_bytes(mesh, player) == before + player.fetched
