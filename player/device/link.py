"""The stream over which a device is told what to do, and tells what it did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from segue.device.v1 import device_pb2, device_service_pb2

from meshkit.faults import InvalidArgument
from meshkit.stream_ends import StreamEnded, require_going_on
from player.device.device import Device
from player.device.memory import DeviceMemory
from player.kept_stream import FIRST_WAIT_S, Outbox, keep_open
from player.mesh_client import MeshClient

_REQUEST = device_service_pb2.ConnectRequest
_MOST_WAITING = 1_000
_MOST_WAIT_S = 60.0
_STATUS = device_pb2.Command.Status


@dataclass(frozen=True, slots=True)
class Description:
    """What a device says of itself. ``kind`` is a Device.Kind; ``name`` empty: as it was."""

    name: str = ""
    kind: int = device_pb2.Device.Kind.KIND_UNSPECIFIED
    codecs: Sequence[str] = ("mp4a.40.2", "flac")


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """Why a device is told nothing any more: a reason of StreamEnd or a code, and words."""

    reason: str
    message: str


class DeviceLink:
    """Keeps ``Connect`` open, obeys commands in their order, each once, and answers each.

    ``tell`` gets a line for each event of the stream itself.
    """

    def __init__(
        self,
        client: MeshClient,
        device: Device,
        description: Description,
        memory: DeviceMemory,
        tell: Callable[[str], None] = lambda _words: None,
    ) -> None:
        self._client = client
        self._device = device
        self._description = description
        self._memory = memory
        self._tell = tell
        self._end = LinkEnd("", "")
        self._outbox: Outbox[Any] = Outbox(
            client, lambda text: _REQUEST(access_token=text), _MOST_WAITING
        )
        self.connected = asyncio.Event()

    async def run(self) -> LinkEnd:
        """Until the service says that it is over, or another try would not help."""
        wait_s = FIRST_WAIT_S
        while (refused := await keep_open(self._one_stream, self._lost)) is not None:
            if not (isinstance(refused, InvalidArgument) and self._memory.last_applied):
                return LinkEnd(refused.code, refused.message)
            # The mailbox was begun anew, so that the number remembered was never given. Should it
            # be something else that is refused, it is not tried without end at full speed.
            self._memory.keep(0)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _MOST_WAIT_S)
        return self._end

    def _lost(self, wait_s: float) -> None:
        self.connected.clear()
        self._tell(f"the connection is lost; trying again in {wait_s:g} s")

    async def _one_stream(self) -> float | None:
        """Holds one stream; the seconds to wait before the next, None for no next."""
        call = self._client.devices.Connect(
            self._requests(), metadata=await self._client.metadata()
        )
        try:
            return await self._listen(call)
        finally:
            self._outbox.cut()
            self.connected.clear()
            call.cancel()

    async def _listen(self, call: Any) -> float | None:
        """Acts on what comes, up to the end; the seconds to wait before the next stream."""
        try:
            async for answer in call:
                require_going_on(answer)
                if answer.HasField("welcome"):
                    await self._welcome(answer.welcome)
                else:
                    await self._command(answer.command)
        except StreamEnded as ended:
            if ended.reconnect_after_s is not None:
                return max(FIRST_WAIT_S, ended.reconnect_after_s)
            self._end = LinkEnd(ended.reason, ended.message)
            return None
        return FIRST_WAIT_S

    async def _welcome(self, welcome: Any) -> None:
        if welcome.last_applied < self._memory.last_applied:
            self._memory.keep(welcome.last_applied)
        if welcome.HasField("lapsed"):
            first, last = welcome.lapsed.first_number, welcome.lapsed.last_number
            self._tell(f"commands {first} to {last} came too late and were dropped")
        await self._device.greet(welcome)
        self.connected.set()
        self._tell("connected")

    async def _command(self, command: Any) -> None:
        if command.number <= self._memory.last_applied:
            applied = device_pb2.Applied(number=command.number, status=_STATUS.SUPERSEDED)
        else:
            applied = await self._device.obey(command)
            self._memory.keep(command.number)
        self._outbox.put(_REQUEST(applied=applied))

    async def _requests(self) -> AsyncIterator[Any]:
        yield _REQUEST(hello=self._hello())
        async for message in self._outbox.messages():
            yield message

    def _hello(self) -> Any:
        said = self._description
        hello = _REQUEST.Hello(
            device_id=self._device.device_id,
            last_applied=self._memory.last_applied,
            name=said.name,
            kind=said.kind,  # type: ignore[arg-type]
            capabilities=device_pb2.Capabilities(codecs=said.codecs, volume=True),
        )
        hello.state.volume_percent = self._device.deck.volume_percent
        return hello
