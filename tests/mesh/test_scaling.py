"""Instances come and go under load: commands keep one order, and draining costs nobody anything."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from grpc.aio import EOF
from segue.mesh.v1.stream_end_pb2 import StreamEnd
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1.playback_service_pb2_grpc import HeartbeatServiceStub, PlaybackServiceStub

from localmesh.discovery import find_mesh
from meshkit.faults import FailedPrecondition, Fault
from player.mesh_client import LocalUser, MeshClient
from tests.mesh.devices import (
    HeartbeatStream,
    instance_channel,
    open_stream,
    until_acknowledged,
)
from tests.mesh.mesh_processes import held_down, kill_and_recover, rows, scale, until
from tests.plain_http import PLAIN
from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)

DEVICES = 4
STREAMS = 10
CALLERS = 6
PLAYING = playback_pb2.Playback.PLAYING
END = StreamEnd


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A command that was answered. ``sent_at`` and ``at`` are of the monotonic clock."""

    command: str
    sent_at: float
    at: float
    revision: int


@dataclass(slots=True)
class History:
    """All that the devices of one account were told."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    sessions: dict[str, int] = field(default_factory=dict)

    async def note(self, command: str, call: Awaitable[Any]) -> Any:
        sent_at = time.monotonic()
        answer = await call
        at = time.monotonic()
        self.acknowledged.append(Acknowledged(command, sent_at, at, answer.revision))
        return answer

    def assert_one_order(self) -> None:
        """Each change has a revision of its own, above all that were acknowledged before it."""
        own = [each.revision for each in self.acknowledged if each.command in ("Play", "Seek")]
        assert len(own) == len(set(own))
        by_answer = sorted(self.acknowledged, key=lambda each: each.at)
        seen_at = [each.at for each in by_answer]
        highest = list(itertools.accumulate((each.revision for each in by_answer), max))
        for each in self.acknowledged:
            before = sum(at < each.sent_at for at in seen_at)
            if before and each.command in ("Play", "Seek"):
                assert each.revision > highest[before - 1], each
            elif before:
                assert each.revision >= highest[before - 1], each


async def command_until(
    stop: asyncio.Event, client: MeshClient, device_id: str, track_id: str, history: History
) -> None:
    """Plays, seeks, pauses and resumes on one device of an account until told to stop."""

    async def acknowledged(name: str, request: Any) -> Any:
        method = getattr(client.playback, name)
        return await history.note(name, until_acknowledged(client, method, request))

    while not stop.is_set():
        play = pb.PlayRequest(track_id=track_id, device_id=device_id)
        session = await acknowledged("Play", play)
        history.sessions[session.playback_id] = session.epoch
        words: dict[str, Any] = {"playback_id": session.playback_id}
        try:
            for _ in range(random.randint(0, 3)):
                position_ms = random.randrange(10_000)
                await acknowledged("Seek", pb.SeekRequest(**words, position_ms=position_ms))
            await acknowledged("Pause", pb.PauseRequest(**words))
            await acknowledged("Resume", pb.ResumeRequest(**words))
        except FailedPrecondition as refused:
            assert_taken_over(refused)


def assert_taken_over(refused: FailedPrecondition) -> None:
    assert refused.reason == "SESSION_NOT_CURRENT"
    assert refused.metadata["ended_by"] == "TAKEN_OVER"


async def come_and_go(mesh: RunningMesh) -> None:
    """Instances are added, killed and removed."""
    await scale(mesh.folder, "playback", 3)
    await kill_and_recover(mesh.folder, "playback-1")
    await scale(mesh.folder, "playback", 1)
    await scale(mesh.folder, "playback", 2)
    await scale(mesh.folder, "catalog", 1)


async def test_commands_of_many_devices_keep_one_order_while_instances_come_and_go(
    mesh: RunningMesh, long_track: str
) -> None:
    history, stop = History(), asyncio.Event()
    user = LocalUser("many-devices")
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as devices:
        for number in range(DEVICES):
            client = await stack.enter_async_context(MeshClient(mesh.folder, user))
            await client.token()
            work = command_until(stop, client, f"device-{number}", long_track, history)
            devices.create_task(work)
        try:
            await come_and_go(mesh)
        finally:
            stop.set()
    history.assert_one_order()
    async with MeshClient(mesh.folder, user) as client:
        state = await client.call(client.playback.GetPlayback, pb.GetPlaybackRequest())
        user_id = (await client.token()).user_id
    # Every command was repeated until it was acknowledged: none is missing, none was done twice.
    revisions = {each.revision for each in history.acknowledged}
    assert revisions == set(range(1, state.playback.revision + 1))
    assert sorted(history.sessions.values()) == list(range(1, state.playback.epoch + 1))
    assert history.sessions[state.playback.playback_id] == state.playback.epoch
    await assert_one_plays(mesh, user_id, history, state.playback.playback_id)


async def assert_one_plays(mesh: RunningMesh, user_id: str, history: History, current: str) -> None:
    """The log holds every session, and all but one are over, taken over by another."""
    query = "SELECT session_id, status, ended_by FROM sessions WHERE user_id = %s"
    logged = await rows(mesh.folder, "playback", query, user_id)
    assert {session_id for session_id, _, _ in logged} == set(history.sessions)
    going_on = [(session_id, status) for session_id, status, by in logged if by is None]
    assert going_on == [(current, "PLAYING")]
    assert {by for session_id, _, by in logged if session_id != current} == {"TAKEN_OVER"}


async def test_a_takeover_ends_a_stream_that_another_instance_holds(
    mesh: RunningMesh, long_track: str
) -> None:
    async with (
        MeshClient(mesh.folder, LocalUser("two-rooms")) as client,
        instance_channel(mesh.folder, "playback", 0) as first,
        instance_channel(mesh.folder, "playback", 1) as second,
    ):
        here, there = PlaybackServiceStub(first), PlaybackServiceStub(second)
        kitchen = pb.PlayRequest(track_id=long_track, device_id="kitchen")
        session = await client.call(here.Play, kitchen)
        stream = await open_stream(client, session, "kitchen", HeartbeatServiceStub(first))
        assert (await stream.hello()).ack.epoch == session.epoch
        attic = pb.PlayRequest(track_id=long_track, device_id="attic")
        taken = await client.call(there.Play, attic)
        assert taken.epoch == session.epoch + 1
        told = await stream.read()
        assert told.session_end.reason == playback_pb2.SessionEnd.TAKEN_OVER
        assert "attic" in told.session_end.message
        assert (await stream.read()).end.reason == END.FINISHED
        assert await stream.read() is EOF


async def test_an_instance_that_left_and_came_back_is_called_by_other_services(
    mesh: RunningMesh, long_track: str
) -> None:
    await scale(mesh.folder, "catalog", 1)
    await scale(mesh.folder, "catalog", 2)
    async with MeshClient(mesh.folder, LocalUser("late-night")) as client:
        await client.token()
        play = pb.PlayRequest(track_id=long_track, device_id="kitchen")
        async with held_down(mesh.folder, "catalog-1"):
            session = await until_acknowledged(client, client.playback.Play, play)
        assert session.track.id == long_track


class Device:
    """Beats through the edge; where a server goes away it comes back and goes on."""

    def __init__(self, client: MeshClient, session: Any, name: str) -> None:
        self._client = client
        self._session = session
        self._name = name
        self._stream: HeartbeatStream | None = None
        self._seq = 0
        self.reconnects = 0

    async def connect(self) -> None:
        self._stream = await open_stream(self._client, self._session, self._name)
        hello = await self._stream.hello()
        if hello.WhichOneof("event") == "ack":
            assert hello.ack.seq <= self._seq
            return
        await self._come_back(hello)

    async def beat(self) -> None:
        assert self._stream is not None
        self._seq += 1
        answer = await self._stream.beat(self._seq)
        while answer.WhichOneof("event") != "ack":
            await self._come_back(answer)
            answer = await self._stream.beat(self._seq)
        assert answer.ack.seq == self._seq
        assert answer.ack.epoch == self._session.epoch

    async def close(self) -> None:
        if self._stream is not None:
            await self._stream.close()

    async def _come_back(self, said: Any) -> None:
        """The server asked to reconnect: its stream ends properly, and another takes over."""
        assert self._stream is not None
        assert said.end.reason == END.DRAINING, said
        assert await self._stream.read() is EOF
        await asyncio.sleep(min(said.end.reconnect_after.ToMilliseconds() / 1000, 2.0))
        self.reconnects += 1
        await self.connect()


async def test_removing_an_instance_fails_no_call_and_its_streams_go_on_elsewhere(
    mesh: RunningMesh, long_track: str
) -> None:
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        devices = [await a_device(stack, mesh, long_track, number) for number in range(STREAMS)]
        callers = [
            asyncio.create_task(call_until(stop, *await a_session(stack, mesh, name, long_track)))
            for name in (f"steady-{number}" for number in range(CALLERS))
        ]
        beating = [asyncio.create_task(beat_until(stop, device)) for device in devices]
        await scale(mesh.folder, "playback", 1)
        stop.set()
        calls, faults = zip(*await asyncio.gather(*callers), strict=True)
        await asyncio.gather(*beating)
        for device in devices:
            await device.beat()
            await device.close()
    assert [str(fault) for each in faults for fault in each] == []
    assert sum(calls) > CALLERS
    assert sum(device.reconnects for device in devices) >= 1


async def a_session(
    stack: AsyncExitStack, mesh: RunningMesh, user: str, track_id: str
) -> tuple[MeshClient, Any]:
    """A user of their own who plays."""
    client = await stack.enter_async_context(MeshClient(mesh.folder, LocalUser(user)))
    play = pb.PlayRequest(track_id=track_id, device_id="radio")
    return client, await client.call(client.playback.Play, play)


async def a_device(stack: AsyncExitStack, mesh: RunningMesh, track_id: str, number: int) -> Device:
    """A device of a user of its own, connected."""
    device = Device(*await a_session(stack, mesh, f"streaming-{number}", track_id), "radio")
    await device.connect()
    return device


async def call_until(
    stop: asyncio.Event, client: MeshClient, session: Any
) -> tuple[int, list[Fault]]:
    """Reads and writes without any retry of its own; how many calls, and what failed."""
    calls, faults = 0, []
    methods: list[tuple[Callable[..., Any], Any]] = [
        (client.playback.GetPlayback, pb.GetPlaybackRequest()),
        (client.playback.Seek, pb.SeekRequest(playback_id=session.playback_id, position_ms=1_000)),
    ]
    while not stop.is_set():
        for method, request in methods:
            calls += 1
            try:
                await client.call(method, request)
            except Fault as fault:
                faults.append(fault)
        await asyncio.sleep(0.02)
    return calls, faults


async def beat_until(stop: asyncio.Event, device: Device) -> None:
    while not stop.is_set():
        await device.beat()
        await asyncio.sleep(0.2)


async def test_media_instances_come_and_go_without_a_failed_fetch(
    mesh: RunningMesh, long_track: str
) -> None:
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        _, session = await a_session(stack, mesh, "front-row", long_track)
        http = await stack.enter_async_context(httpx.AsyncClient(**PLAIN, timeout=20))
        rung = session.stream_url.replace("master.m3u8", "128")
        fetching = [asyncio.create_task(fetch_until(stop, http, rung)) for _ in range(CALLERS)]
        try:
            await scale(mesh.folder, "media", 2)
            metrics = find_mesh(mesh.folder).metrics["media-2"]
            await until(lambda: has_delivered(http, metrics), "media-2 has delivered nothing")
        finally:
            await scale(mesh.folder, "media", 1)
            stop.set()
        statuses = [status for each in await asyncio.gather(*fetching) for status in each]
    assert set(statuses) == {200}
    assert len(statuses) > CALLERS


async def fetch_until(stop: asyncio.Event, http: httpx.AsyncClient, rung: str) -> list[int]:
    """Fetches the first segments of a rung again and again, without any retry; the statuses.

    Fails where a connection does, or a segment comes in part.
    """
    statuses = []
    for number in itertools.cycle((1, 2, 3)):
        if stop.is_set():
            break
        answer = await http.get(f"{rung}/{number}.m4s")
        statuses.append(answer.status_code)
        await asyncio.sleep(0.02)
    return statuses


async def has_delivered(http: httpx.AsyncClient, metrics: str) -> bool:
    """Whether an instance of the media origin has sent any media."""
    lines = (await http.get(metrics)).text.splitlines()
    return any(line.startswith("segue_delivered_bytes_total{") for line in lines)


async def test_the_keys_are_served_while_the_first_instance_of_identity_is_down(
    mesh: RunningMesh,
) -> None:
    keys = f"{mesh.edge}/oauth2/jwks.json"
    async with httpx.AsyncClient(**PLAIN, timeout=20) as http:

        async def served() -> bool:
            return (await http.get(keys)).status_code == 200

        try:
            await scale(mesh.folder, "identity", 2)
            async with held_down(mesh.folder, "identity-1"):
                await until(served, "the keys are not served")
                assert all([await served() for _ in range(20)])
        finally:
            await scale(mesh.folder, "identity", 1)
