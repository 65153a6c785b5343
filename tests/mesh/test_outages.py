"""What still works, and what is answered, while one of the parts is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from segue.catalog.v1 import catalog_service_pb2
from segue.catalog.v1.catalog_service_pb2_grpc import CatalogServiceStub
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1.playback_service_pb2_grpc import PlaybackServiceStub

from meshkit.faults import Unavailable
from player.mesh_client import LocalUser, MeshClient
from tests.mesh.devices import instance_channel, open_stream
from tests.mesh.imported_music import Song
from tests.mesh.mesh_processes import (
    frozen,
    held_down,
    kill_and_recover,
    pid_of,
    processes,
    until,
)
from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)

PLAYING = playback_pb2.Playback.PLAYING


@asynccontextmanager
async def listener(mesh: RunningMesh, name: str) -> AsyncIterator[MeshClient]:
    """A client that holds its token already."""
    async with MeshClient(mesh.folder, LocalUser(name)) as client:
        await client.token()
        yield client


async def played(client: MeshClient, track_id: str) -> Any:
    play = pb.PlayRequest(track_id=track_id, device_id="kitchen")
    return await client.call(client.playback.Play, play)


async def seek(client: MeshClient, session: Any, position_ms: int) -> Any:
    request = pb.SeekRequest(playback_id=session.playback_id, position_ms=position_ms)
    return await client.call(client.playback.Seek, request)


async def state_of(client: MeshClient) -> Any:
    return (await client.call(client.playback.GetPlayback, pb.GetPlaybackRequest())).playback


async def titles_found(client: MeshClient, words: str) -> list[str]:
    answer = await client.call(client.search.Search, catalog_service_pb2.SearchRequest(q=words))
    return [track.title for track in answer.tracks]


async def report(client: MeshClient, session: Any, seq: int) -> Any:
    """One beat without a stream."""
    beat = playback_pb2.Heartbeat(
        epoch=session.epoch, revision=session.revision, seq=seq, position_ms=100, status=PLAYING
    )
    request = pb.ReportHeartbeatRequest(
        playback_id=session.playback_id, device_id="kitchen", heartbeat=beat
    )
    return await client.call(client.heartbeats.ReportHeartbeat, request)


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_without_identity_who_holds_a_token_searches_and_plays(
    mesh: RunningMesh, long_track: str, songs_of_mesh: list[Song], how: str
) -> None:
    title = songs_of_mesh[0].title
    pid = (await processes(mesh.folder))["identity-1"].pid
    assert pid is not None
    async with listener(mesh, "token-holder") as client:
        if how == "killed":
            async with held_down(mesh.folder, "identity-1"):
                await search_and_play(client, long_track, title)
        else:
            with frozen(pid):
                await search_and_play(client, long_track, title)


async def search_and_play(client: MeshClient, track_id: str, title: str) -> None:
    assert title in await titles_found(client, title)
    session = await played(client, track_id)
    moved = await seek(client, session, 3_000)
    assert moved.revision == session.revision + 1
    assert (await state_of(client)).playback_id == session.playback_id


async def test_a_service_starts_without_identity(mesh: RunningMesh) -> None:
    with frozen(await pid_of(mesh.folder, "identity-1")):
        await asyncio.gather(
            *(kill_and_recover(mesh.folder, name) for name in ("catalog-1", "playback-1"))
        )


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_without_valkey_commands_and_heartbeats_go_on(
    mesh: RunningMesh, long_track: str, how: str
) -> None:
    pid = (await processes(mesh.folder))["valkey"].pid
    assert pid is not None
    async with listener(mesh, "without-valkey") as client:
        session = await played(client, long_track)
        stream = await open_stream(client, session, "kitchen")
        assert (await stream.hello()).ack.epoch == session.epoch
        if how == "killed":
            async with held_down(mesh.folder, "valkey"):
                await command_and_beat(client, stream, session)
        else:
            with frozen(pid):
                await command_and_beat(client, stream, session)
        assert (await stream.beat(100)).ack.seq == 100
        await stream.close()
        assert (await state_of(client)).status == PLAYING


async def command_and_beat(client: MeshClient, stream: Any, session: Any) -> None:
    for number in range(1, 4):
        moved = await seek(client, session, number * 1_000)
        assert moved.revision == session.revision + number
        assert (await stream.beat(number)).ack.seq == number
        assert (await report(client, session, 10 + number)).ack.epoch == session.epoch
    state = await state_of(client)
    assert state.revision == session.revision + 3
    assert state.position_ms >= 3_000
    other = await open_stream(client, session, "kitchen")
    assert (await other.hello()).ack.revision == session.revision + 3
    await other.close()


async def test_without_postgresql_commands_say_so_and_search_goes_on(
    mesh: RunningMesh, long_track: str, songs_of_mesh: list[Song]
) -> None:
    async with listener(mesh, "without-postgres") as client:
        session = await played(client, long_track)
        moved = await seek(client, session, 5_000)
        stream = await open_stream(client, session, "kitchen")
        await stream.hello()
        async with held_down(mesh.folder, "postgres"):
            for call in (seek(client, session, 9_000), state_of(client)):
                with pytest.raises(Unavailable) as refused:
                    await call
                assert refused.value.reason == "STORE_UNAVAILABLE"
            for song in songs_of_mesh:
                assert song.title in await titles_found(client, song.title)
            assert (await stream.beat(1)).ack.seq == 1

        for index in range(2):
            await assert_recovered(mesh, client, index)
        state = await state_of(client)
        assert (state.playback_id, state.revision) == (session.playback_id, moved.revision)
        again = await seek(client, session, 9_000)
        assert again.revision == moved.revision + 1
        assert (await stream.beat(2)).ack.seq == 2
        await stream.close()


async def assert_recovered(mesh: RunningMesh, client: MeshClient, index: int) -> None:
    """Each instance answers again, though a call or two may still meet a broken connection."""
    async with (
        instance_channel(mesh.folder, "playback", index) as playback,
        instance_channel(mesh.folder, "catalog", index) as catalog,
    ):
        await third_time_lucky(
            client, PlaybackServiceStub(playback).GetPlayback, pb.GetPlaybackRequest()
        )
        listing = catalog_service_pb2.ListTracksRequest()
        await third_time_lucky(client, CatalogServiceStub(catalog).ListTracks, listing)


async def third_time_lucky(client: MeshClient, method: Any, request: Any) -> None:
    for _ in range(2):
        with suppress(Unavailable):
            await client.call(method, request)
            return
    await client.call(method, request)


@pytest.mark.parametrize("name", ["media-1", "envoy", "valkey", "identity-1"])
async def test_whatever_dies_comes_back_and_playing_goes_on(
    mesh: RunningMesh, long_track: str, name: str
) -> None:
    async with listener(mesh, "patient") as client:
        session = await played(client, long_track)
        await kill_and_recover(mesh.folder, name)

        async def answered() -> Any:
            with suppress(Unavailable):
                return await seek(client, session, 2_000)
            return None

        moved = await until(answered, "commands did not come through again")
        assert moved.revision > session.revision
    path = "/media/v1" + session.stream_url.partition("/media/v1")[2]
    master = await asyncio.to_thread(mesh.call, "GET", path)
    assert master.status == 200
    assert master.text.startswith("#EXTM3U")
