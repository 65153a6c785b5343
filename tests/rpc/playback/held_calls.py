"""The client's end of the streams of devices and of live views."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
from grpc.aio import AioRpcError
from segue.device.v1 import device_pb2
from segue.device.v1 import device_service_pb2 as pb
from segue.mesh.v1.stream_end_pb2 import StreamEnd
from segue.playback.v1 import playback_service_pb2 as playback_service

from meshkit import status
from meshkit.testing import stores
from playback_svc.schema import SCHEMA
from tests.rpc.playback.harness import Instance, User, World

KIND = device_pb2.Command
REASON = StreamEnd
HEARD_WITHIN_S = 15


class Call:
    """A stream as its client holds it; messages in order."""

    def __init__(self, call: Any) -> None:
        self.call = call

    async def read(self) -> Any:
        """The next message, None at a clean end; raises the Fault of a failed call."""
        try:
            message = await asyncio.wait_for(self.call.read(), HEARD_WITHIN_S)
        except AioRpcError as error:
            raise status.fault_of(error) from error
        return None if message is grpc.aio.EOF else message

    async def send(self, **message: Any) -> None:
        await self.call.write(pb.ConnectRequest(**message))

    async def commands(self, count: int) -> list[Any]:
        """The next messages, all of which must be commands."""
        messages = [await self.read() for _ in range(count)]
        assert all(message.HasField("command") for message in messages), messages
        return [message.command for message in messages]

    async def ended(self) -> list[Any]:
        """What the server still says until it ends the stream, which it must do well."""
        rest = []
        while (message := await self.read()) is not None:
            rest.append(message)
        assert await self.call.code() is grpc.StatusCode.OK
        return rest

    async def close(self) -> list[Any]:
        """Closes it as a client does that has nothing more to say."""
        await self.call.done_writing()
        return await self.ended()


async def said_hello(user: User, device_id: str = "kitchen", **hello: Any) -> Call:
    """A stream whose hello was sent and not yet answered."""
    call = Call(user.devices.Connect(metadata=user.metadata))
    await call.send(hello=pb.ConnectRequest.Hello(device_id=device_id, **hello))
    return call


async def connected(user: User, device_id: str = "kitchen", **hello: Any) -> tuple[Call, Any]:
    """A device's stream, and what it was welcomed with."""
    call = await said_hello(user, device_id, **hello)
    first = await call.read()
    assert first.HasField("welcome"), first
    return call, first.welcome


async def watching(user: User, device_id: str = "kitchen", last_applied: int = 0) -> Call:
    """The server's half of a device's stream."""
    request = pb.WatchCommandsRequest(device_id=device_id, last_applied=last_applied)
    return Call(user.devices.WatchCommands(request, metadata=user.metadata))


async def viewing(user: User) -> Call:
    """A live view."""
    request = playback_service.WatchPlaybackRequest()
    return Call(user.playback.WatchPlayback(request, metadata=user.metadata))


async def unheld(instance: Instance) -> None:
    """The instance has let go of all streams of devices and views."""
    held = (instance.streams.devices.held, instance.streams.playback_views.held)
    for _ in range(200):
        if not any(one.held for one in held):
            return
        await asyncio.sleep(0.05)
    raise AssertionError([one.held for one in held])


async def aged(world: World, user_id: str, by_ms: int, up_to: int) -> None:
    """The user's commands up to a number become so much older."""
    async with (
        stores.open_pool(world.dsn, schema=SCHEMA.name, max_size=1) as pool,
        pool.connection() as connection,
    ):
        await connection.execute(
            "UPDATE commands SET issued_at = issued_at - make_interval(secs => %s)"
            " WHERE user_id = %s AND number <= %s",
            (by_ms / 1000, user_id, up_to),
        )


def later(seconds: float) -> float:
    """Unix seconds of a time to come."""
    return time.time() + seconds
