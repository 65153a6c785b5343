"""Streams through the edge: held while idle, ended with a reason, renewed in-band."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from e2e_album import SONGS, Music
from edge_calls import NOT_FOUND, EdgeStubs, bearer, grpc_refusal, mint_token, play, target
from segue.mesh.v1.stream_end_pb2 import StreamEnd
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb

from tests.plain_http import PLAIN
from tests.running_mesh import RunningMesh, make_noise

IDLE_S = 16
SHORT_LIFE_S = 4
ENDS = StreamEnd.Reason
SESSION_ENDS = playback_pb2.SessionEnd.Reason
# A client that pings every 5 s, more often than any of ours, while nothing is said.
PINGING = (
    ("grpc.keepalive_time_ms", 5_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
)


class BeatStream:
    """A device's end of a heartbeat stream."""

    def __init__(self, stubs: EdgeStubs, token: str, session: Any) -> None:
        self._call = stubs.heartbeats.StreamHeartbeats(metadata=bearer(token))
        self._session = session

    async def hello(self, device: str = "device-1") -> pb.StreamHeartbeatsResponse:
        hello = pb.StreamHeartbeatsRequest.Hello(
            playback_id=self._session["playback_id"], device_id=device
        )
        await self._call.write(pb.StreamHeartbeatsRequest(hello=hello))
        return await self.read()

    async def beat(self, seq: int, position_ms: int) -> pb.StreamHeartbeatsResponse:
        beat = playback_pb2.Heartbeat(
            epoch=self._session["epoch"],
            revision=self._session["revision"],
            seq=seq,
            position_ms=position_ms,
            status=playback_pb2.Playback.PLAYING,
            rung="128",
        )
        await self._call.write(pb.StreamHeartbeatsRequest(heartbeat=beat))
        return await self.read()

    async def renew(self, token: str) -> None:
        await self._call.write(pb.StreamHeartbeatsRequest(access_token=token))

    async def read(self) -> pb.StreamHeartbeatsResponse:
        async with asyncio.timeout(30):
            answer = await self._call.read()
        assert answer is not grpc.aio.EOF, await self._call.code()
        return answer

    async def close(self) -> grpc.StatusCode:
        await self._call.done_writing()
        async with asyncio.timeout(30):
            return await self._call.code()


@pytest.fixture
async def stubs(mesh: RunningMesh) -> AsyncIterator[EdgeStubs]:
    async with grpc.aio.insecure_channel(target(mesh), options=PINGING) as channel:
        yield EdgeStubs(channel)


@pytest.fixture
def session(mesh: RunningMesh, music: Music, free: str) -> Any:
    return play(mesh, free, music.id_of(SONGS[0]))


async def test_a_heartbeat_stream_is_held_while_nothing_is_said(
    stubs: EdgeStubs, session: Any, free: str
) -> None:
    stream = BeatStream(stubs, free, session)
    assert (await stream.hello()).ack.epoch == session["epoch"]
    assert (await stream.beat(1, 100)).ack.seq == 1
    await asyncio.sleep(IDLE_S)
    assert (await stream.beat(2, IDLE_S * 1000)).ack.seq == 2
    assert await stream.close() is grpc.StatusCode.OK


async def test_positions_of_beats_are_what_the_user_sees(
    mesh: RunningMesh, stubs: EdgeStubs, session: Any, free: str
) -> None:
    stream = BeatStream(stubs, free, session)
    await stream.hello()
    await stream.beat(1, 12_000)
    await stream.close()
    deadline = time.monotonic() + 10
    while True:
        seen = mesh.call("GET", "/playback", token=free).body
        if seen["position_ms"] >= 12_000:
            break
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.1)
    assert (seen["rung"], seen["playback_id"]) == ("128", session["playback_id"])
    assert seen["last_heartbeat_at"]


async def test_the_device_that_lost_is_told_that_another_took_over(
    mesh: RunningMesh, music: Music, stubs: EdgeStubs, session: Any, free: str
) -> None:
    stream = BeatStream(stubs, free, session)
    await stream.hello()
    won = await asyncio.to_thread(play, mesh, free, music.id_of(SONGS[1]), "kitchen")
    told = await stream.read()
    assert told.session_end.reason == SESSION_ENDS.Value("TAKEN_OVER")
    assert told.session_end.message
    assert (await stream.read()).end.reason == ENDS.Value("FINISHED")
    assert await stream.close() is grpc.StatusCode.OK
    other = BeatStream(stubs, free, won)
    assert (await other.hello("kitchen")).ack.epoch == won["epoch"] > session["epoch"]
    await other.close()


async def test_a_stopped_session_ends_its_stream(
    mesh: RunningMesh, stubs: EdgeStubs, session: Any, free: str
) -> None:
    stream = BeatStream(stubs, free, session)
    await stream.hello()
    named = {"playback_id": session["playback_id"]}
    answer = await asyncio.to_thread(mesh.call, "POST", "/playback/stop", named, token=free)
    assert answer.status == 200
    assert (await stream.read()).session_end.reason == SESSION_ENDS.Value("STOPPED")
    assert (await stream.read()).end.reason == ENDS.Value("FINISHED")


async def test_a_stream_ends_with_its_token_unless_a_fresh_one_comes(
    mesh: RunningMesh, stubs: EdgeStubs, music: Music, free: str, premium: str
) -> None:
    track = music.id_of(SONGS[0])
    streams = []
    for token in (free, premium):
        session = await asyncio.to_thread(play, mesh, token, track)
        short_lived = mint_token(mesh, token, exp=int(time.time()) + SHORT_LIFE_S)
        streams.append(BeatStream(stubs, short_lived, session))
        await streams[-1].hello()
    renewed, silent = streams
    await renewed.renew(mint_token(mesh, free, exp=int(time.time()) + 120))
    end = await silent.read()
    assert end.end.reason == ENDS.Value("TOKEN_EXPIRED")
    assert (await renewed.beat(1, 5_000)).ack.seq == 1
    assert await renewed.close() is grpc.StatusCode.OK


async def test_a_token_of_somebody_else_does_not_renew_a_stream(
    stubs: EdgeStubs, session: Any, free: str, premium: str
) -> None:
    stream = BeatStream(stubs, free, session)
    await stream.hello()
    await stream.renew(premium)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stream.read()
    assert grpc_refusal(refused.value).reason == "TOKEN_INVALID"


async def test_a_stream_of_somebody_elses_session_is_refused(
    stubs: EdgeStubs, session: Any, premium: str
) -> None:
    stream = BeatStream(stubs, premium, session)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stream.hello()
    assert grpc_refusal(refused.value) == NOT_FOUND


async def test_a_stream_begins_with_hello(stubs: EdgeStubs, session: Any, free: str) -> None:
    stream = BeatStream(stubs, free, session)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stream.beat(1, 0)
    assert grpc_refusal(refused.value).reason == "INVALID_FIELD"


async def test_the_twin_of_the_stream_acknowledges_one_beat(
    mesh: RunningMesh, session: Any, free: str
) -> None:
    beat = {
        "epoch": session["epoch"],
        "revision": session["revision"],
        "seq": 1,
        "position_ms": 3_000,
        "status": "playing",
    }
    report = {"playback_id": session["playback_id"], "device_id": "device-1", "heartbeat": beat}
    answer = mesh.call("POST", "/playback/heartbeat", report, token=free)
    assert answer.body["ack"] == {
        "seq": 1,
        "epoch": session["epoch"],
        "revision": session["revision"],
    }
    assert "session_end" not in answer.body
    stopped = {"playback_id": session["playback_id"]}
    assert mesh.call("POST", "/playback/stop", stopped, token=free).status == 200
    beat["seq"] = 2
    ended = mesh.call("POST", "/playback/heartbeat", report, token=free).body
    assert ended["session_end"]["reason"] == "STOPPED"


async def test_the_events_of_an_import_end_with_finished(
    mesh: RunningMesh, admin: str, tmp_path: Path
) -> None:
    make_noise(tmp_path / "watched.flac", 2, title="Watched Noise")
    started = mesh.call("POST", "/imports", {"path": str(tmp_path)}, token=admin)
    assert started.body["import_run"]["state"] == "SCANNING"
    path = f"{mesh.edge}/imports/{started.body['import_run']['id']}/events"
    async with (
        httpx.AsyncClient(**PLAIN, timeout=60) as client,
        client.stream("GET", path, headers=dict(bearer(admin))) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        lines = [line async for line in answer.aiter_lines() if line]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert [set(event) for event in events] == [{"import_run"}] * (len(events) - 1) + [{"end"}]
    assert events[-1]["end"]["reason"] == "FINISHED"
    assert "reconnect_after" not in events[-1]["end"]
    assert events[-2]["import_run"]["state"] == "DONE"
    assert events[-2]["import_run"]["files_complete"] == 1
    playable = [event["import_run"]["files_playable"] for event in events[:-1]]
    assert playable == sorted(playable)


async def test_the_events_of_an_import_end_with_the_token(
    mesh: RunningMesh, admin: str, tmp_path: Path
) -> None:
    for number in range(4):
        make_noise(tmp_path / f"long {number}.flac", 10, title=f"Long Noise {number}")
    started = mesh.call("POST", "/imports", {"path": str(tmp_path)}, token=admin)
    path = f"{mesh.edge}/imports/{started.body['import_run']['id']}/events"
    short_lived = mint_token(mesh, admin, exp=int(time.time()))
    async with (
        httpx.AsyncClient(**PLAIN, timeout=60) as client,
        client.stream("GET", path, headers=dict(bearer(short_lived))) as answer,
    ):
        lines = [line async for line in answer.aiter_lines() if line]
    end = json.loads(lines[-1].removeprefix("data: "))["end"]
    assert (end["reason"], end["reconnect_after"]) == ("TOKEN_EXPIRED", "0s")
