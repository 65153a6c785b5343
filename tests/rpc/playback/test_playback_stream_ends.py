"""Every stream of playback and of devices ends by the one rule."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from segue.device.v1 import device_service_pb2 as device_pb
from segue.playback.v1 import (
    activity_service_pb2,
    denial_internal_service_pb2,
    playback_internal_service_pb2,
)
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1.denial_internal_service_pb2_grpc import DenialInternalServiceStub
from segue.playback.v1.playback_internal_service_pb2_grpc import HistoryInternalServiceStub

from meshkit.testing.stream_suite import SID, UserStreamEndSuite
from tests.contracts.playback.samples import new_id
from tests.rpc.playback import harness
from tests.rpc.playback.harness import Instance, User, an_instance


@dataclass
class World:
    """One instance of the service."""

    instance: Instance
    user_id: str

    async def drain(self) -> None:
        await self.instance.mesh.server.drain()

    def revoke(self, sid: str) -> None:
        self.instance.revoke(sid)

    def metadata(self, *, life_s: float = 300) -> Any:
        return self.instance.mesh.token(self.user_id, sid=SID, life_s=life_s)

    def user(self) -> User:
        return self.instance.user(self.user_id)


async def open_heartbeats(world: World, metadata: Any) -> Any:
    user = world.user()
    playback_id = (await user.play()).playback_id
    call = user.beats.StreamHeartbeats(metadata=metadata)
    hello = pb.StreamHeartbeatsRequest.Hello(playback_id=playback_id, device_id="kitchen")
    await call.write(pb.StreamHeartbeatsRequest(hello=hello))
    assert (await call.read()).HasField("ack")
    return call


async def open_playback(world: World, metadata: Any) -> Any:
    return world.user().playback.WatchPlayback(pb.WatchPlaybackRequest(), metadata=metadata)


async def open_activity(world: World, metadata: Any) -> Any:
    request = activity_service_pb2.WatchActivityRequest()
    return world.user().activity.WatchActivity(request, metadata=metadata)


async def open_plays(world: World, metadata: Any) -> Any:
    """The feed, which has told the first play."""
    user = world.user()
    stopped = {"playback_id": (await user.play()).playback_id}
    await user.call("Stop", **stopped)
    stub: Any = HistoryInternalServiceStub(
        world.instance.mesh.channel("catalog", serves_as="playback")
    )
    call = stub.WatchPlays(playback_internal_service_pb2.WatchPlaysRequest())
    await call.read()
    return call


async def open_denials(world: World, metadata: Any) -> Any:
    """The feed, which has told what is in force."""
    stub: Any = DenialInternalServiceStub(
        world.instance.mesh.channel("media", serves_as="playback")
    )
    call = stub.WatchDenials(denial_internal_service_pb2.WatchDenialsRequest())
    await call.read()
    return call


async def open_device(world: World, metadata: Any) -> Any:
    call = world.user().devices.Connect(metadata=metadata)
    hello = device_pb.ConnectRequest.Hello(device_id="kitchen")
    await call.write(device_pb.ConnectRequest(hello=hello))
    assert (await call.read()).HasField("welcome")
    return call


async def open_commands(world: World, metadata: Any) -> Any:
    user = world.user()
    await user.register()
    request = device_pb.WatchCommandsRequest(device_id="kitchen")
    return user.devices.WatchCommands(request, metadata=metadata)


class Suite(UserStreamEndSuite):
    """Over one instance with real stores."""

    @pytest.fixture
    async def world(self, world: harness.World) -> AsyncIterator[World]:
        async with an_instance(world, drain_notice_s=0.2) as instance:
            yield World(instance, new_id())


class TestPlaybackStreams(Suite):
    package = "segue.playback.v1"
    streams: ClassVar = {
        "HeartbeatService.StreamHeartbeats": open_heartbeats,
        "PlaybackService.WatchPlayback": open_playback,
        "ActivityService.WatchActivity": open_activity,
        "HistoryInternalService.WatchPlays": open_plays,
        "DenialInternalService.WatchDenials": open_denials,
    }


class TestDeviceStreams(Suite):
    package = "segue.device.v1"
    streams: ClassVar = {
        "DeviceService.Connect": open_device,
        "DeviceService.WatchCommands": open_commands,
    }
