"""A device that was away, or moves, gets every command once and in order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from segue.device.v1 import device_service_pb2 as pb
from segue.device.v1.device_service_pb2_grpc import DeviceServiceStub
from segue.playback.v1 import playback_service_pb2 as playback

from player.mesh_client import LocalUser, MeshClient
from tests.mesh.devices import instance_channel, until_acknowledged
from tests.mesh.mesh_processes import kill_and_recover, scale
from tests.mesh.remote_devices import END, RemoteDevice, connected
from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)

ROOM = "kitchen"
COMMANDS = 12
MOVES = 4
SEND = pb.SendCommandRequest


@dataclass(frozen=True, slots=True)
class Home:
    """A user with a way to each of two instances."""

    mesh: RunningMesh
    client: MeshClient
    stubs: Sequence[Any]

    def device(self, number: int) -> RemoteDevice:
        """A device in the kitchen that keeps to one instance."""
        return RemoteDevice(self.client, ROOM, [self.stubs[number]])

    async def play(self, track_id: str) -> Any:
        """Plays in the kitchen."""
        request = playback.PlayRequest(track_id=track_id, device_id=ROOM)
        return await until_acknowledged(self.client, self.client.playback.Play, request)

    async def send(self, count: int, stub: Any = None) -> list[Any]:
        """Sends so many commands, each acknowledged before the next; the commands as stored."""
        sent = []
        wishes: Iterator[dict[str, Any]] = itertools.cycle(
            (
                {"volume": SEND.Volume(percent=40)},
                {"seek": SEND.Seek(position_ms=5_000)},
                {"pause": SEND.Pause()},
                {"resume": SEND.Resume()},
            )
        )
        for wish in itertools.islice(wishes, count):
            request = SEND(device_id=ROOM, **wish)
            method = (stub or self.client.devices).SendCommand
            answer = await until_acknowledged(self.client, method, request)
            sent.append(answer.command)
        return sent


@asynccontextmanager
async def at_home(mesh: RunningMesh, user: str) -> AsyncIterator[Home]:
    async with (
        MeshClient(mesh.folder, LocalUser(user)) as client,
        instance_channel(mesh.folder, "playback", 0) as first,
        instance_channel(mesh.folder, "playback", 1) as second,
    ):
        yield Home(mesh, client, [DeviceServiceStub(first), DeviceServiceStub(second)])


@pytest_asyncio.fixture
async def home(mesh: RunningMesh, request: pytest.FixtureRequest) -> AsyncIterator[Home]:
    """Everyone in a household of their own."""
    async with at_home(mesh, f"home-{abs(hash(request.node.name)) % 10_000}") as home:
        yield home


def in_order(log: Sequence[Any], sent: Sequence[Any]) -> None:
    """All commands of the mailbox from the first on, and those that were sent as they were sent."""
    assert [command.number for command in log] == list(range(1, len(log) + 1))
    seen = [
        (command.number, command.kind, command.target.revision, command.volume_percent)
        for command in log
    ]
    asked = [
        (command.number, command.kind, command.target.revision, command.volume_percent)
        for command in sent
    ]
    assert seen[-len(asked) :] == asked


async def test_a_device_that_was_away_gets_each_command_once_though_its_instance_died(
    home: Home, long_track: str
) -> None:
    device = home.device(0)
    async with connected(device, beats=False):
        await home.play(long_track)
        sent = await home.send(1)
        await device.caught_up(sent[-1].number)
    sent += await home.send(COMMANDS)
    await kill_and_recover(home.mesh.folder, "playback-1")
    sent += await home.send(COMMANDS)
    device.stubs = home.stubs[1:]
    async with connected(device, beats=False):
        await device.caught_up(sent[-1].number)
        assert not device.welcomes[-1].HasField("lapsed")
        sent += await home.send(1)
        await device.caught_up(sent[-1].number)
    in_order(device.log, sent)


async def test_a_device_whose_instance_dies_goes_on_elsewhere_and_misses_nothing(
    home: Home, long_track: str
) -> None:
    device = home.device(0)
    device.stubs = home.stubs
    async with connected(device, beats=False):
        await home.play(long_track)
        sending = asyncio.create_task(home.send(4 * COMMANDS))
        await kill_and_recover(home.mesh.folder, "playback-1")
        sent = await sending
        await device.caught_up(sent[-1].number)
        assert len(device.welcomes) > 1
    in_order(device.log, sent)


async def test_a_device_of_an_instance_that_drains_is_asked_to_reconnect_and_misses_nothing(
    home: Home, long_track: str
) -> None:
    device = home.device(1)
    device.stubs = home.stubs[::-1]
    async with connected(device, beats=False):
        await home.play(long_track)
        draining = asyncio.create_task(scale(home.mesh.folder, "playback", 1))
        sent = await home.send(1)
        while not draining.done():
            sent += await home.send(1)
        await draining
        sent += await home.send(COMMANDS)
        await device.caught_up(sent[-1].number)
        assert device.ends == [END.DRAINING]
        assert device.reconnects == 1
        assert len(device.welcomes) == 2
    in_order(device.log, sent)


async def test_a_device_that_moves_between_instances_hears_senders_on_both(
    home: Home, long_track: str
) -> None:
    device, sent = home.device(0), []
    async with connected(device, beats=False):
        await home.play(long_track)
    for number in range(MOVES):
        device.stubs = [home.stubs[number % 2]]
        async with connected(device, beats=False):
            for stub in home.stubs:
                sent += await home.send(COMMANDS, stub)
            await device.caught_up(sent[-1].number)
    in_order(device.log, sent)


async def test_a_second_stream_on_another_instance_ends_the_first(
    home: Home, long_track: str
) -> None:
    first = home.device(0)
    async with connected(first, beats=False):
        await home.play(long_track)
        sent = await home.send(COMMANDS)
        await first.caught_up(sent[-1].number)
        second = home.device(1)
        second.log = list(first.log)
        async with connected(second, beats=False):
            await first.is_over()
            assert first.ends == [END.TAKEN_OVER]
            sent += await home.send(COMMANDS)
            await second.caught_up(sent[-1].number)
    in_order(second.log, sent)
