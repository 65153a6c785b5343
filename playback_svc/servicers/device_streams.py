"""The calls of DeviceService that last: one task serves a stream, and idle ones only wait."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from functools import partial

from segue.device.v1 import device_pb2
from segue.device.v1 import device_service_pb2 as pb
from segue.playback.v1 import stream_pb2

from meshkit.conversations import Conversation
from meshkit.faults import InvalidArgument
from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.streams import OpenStreams, served
from playback_svc.domain.mailbox import Command
from playback_svc.ports.addresses import Addresses
from playback_svc.ports.answers import Answer
from playback_svc.ports.clock import Clock
from playback_svc.servicers import device_messages, playback_messages
from playback_svc.servicers.holding import SCOPES, Inbox, first
from playback_svc.servicers.streams import stream
from playback_svc.streams.device_stream import DeviceStream
from playback_svc.streams.device_streams import DeviceStreams, Hello, Welcome


class DeviceStreamCalls:
    """Connect and WatchCommands."""

    def __init__(
        self, streams: DeviceStreams, addresses: Addresses, renewing: OpenStreams, clock: Clock
    ) -> None:
        self._streams = streams
        self._addresses = addresses
        self._renewing = renewing
        self._clock = clock

    async def connect(
        self, request_iterator: AsyncIterator[pb.ConnectRequest], context: Context
    ) -> AsyncIterator[pb.ConnectResponse]:
        """See Connect of the contract."""
        stream = self._streams.hold(current_principal())
        # Not before: what one stream too many would say is never listened to.
        incoming = aiter(request_iterator)
        with Conversation(pb.ConnectResponse, stream, self._streams.close) as conversation:
            welcome = await self._streams.open(stream, _hello(await first(incoming)))
            if stream.end is None:
                yield pb.ConnectResponse(welcome=self._welcome_message(welcome))
                conversation.begun = True
                await self._welcomed(stream, welcome)
            # Thousands are held: while they wait, they keep no message.
            del welcome
            inbox = Inbox(incoming, stream.nudge)
            try:
                while stream.end is None:
                    async for command in self._due(stream):
                        yield pb.ConnectResponse(command=command)
                    if inbox.ready:
                        requests = inbox.take()
                        if requests is None:
                            await self._streams.report_volume(stream)
                            break
                        await self._hear(stream, requests)
                        del requests
                    elif stream.volume_due:
                        await self._streams.report_volume(stream)
                    elif not stream.behind and stream.end is None:
                        await stream.idle()
            finally:
                inbox.close()
        if conversation.last is not None:
            yield conversation.last

    def watch(
        self, request: pb.WatchCommandsRequest, context: Context
    ) -> AsyncIterator[pb.WatchCommandsResponse]:
        """See WatchCommands of the contract."""
        hello = Hello(request.device_id, request.last_applied)
        steps = partial(self._watched, hello)
        return served(pb.WatchCommandsResponse, self._held, steps, self._streams.close)

    async def _held(self) -> DeviceStream:
        return self._streams.hold(current_principal())

    async def _watched(
        self, hello: Hello, stream: DeviceStream
    ) -> AsyncGenerator[pb.WatchCommandsResponse, None]:
        welcome = await self._streams.open(stream, hello)
        if stream.end is None:
            yield pb.WatchCommandsResponse(welcome=self._welcome_message(welcome))
            await self._welcomed(stream, welcome)
        del welcome
        while stream.end is None:
            async for command in self._due(stream):
                yield pb.WatchCommandsResponse(command=command)
            if not stream.behind and stream.end is None:
                await stream.idle()

    async def _welcomed(self, stream: DeviceStream, welcome: Welcome) -> None:
        if welcome.lapse is not None:
            await self._streams.acknowledge_lapse(stream, welcome.lapse)

    def _welcome_message(self, welcome: Welcome) -> device_pb2.Welcome:
        playing, lapse = welcome.playing, welcome.lapse
        return device_pb2.Welcome(
            playback=playback_messages.playback(playing) if playing else None,
            stream=self._signed(welcome.answer),
            last_applied=welcome.last_applied,
            lapsed=device_messages.lapsed(lapse) if lapse else None,
        )

    async def _due(self, stream: DeviceStream) -> AsyncIterator[device_pb2.Command]:
        if stream.behind and not stream.waiting:
            await self._streams.fetch(stream)
        for command in stream.taken():
            if stream.end is None:
                yield self._delivered(command)

    def _delivered(self, command: Command) -> device_pb2.Command:
        message = device_messages.command(command, self._clock())
        stream = self._signed(self._streams.loaded(command))
        if stream is not None:
            message.stream.CopyFrom(stream)
        return message

    def _signed(self, answer: Answer | None) -> stream_pb2.Stream | None:
        return None if answer is None else stream(answer, self._addresses)

    async def _hear(self, stream: DeviceStream, requests: Sequence[pb.ConnectRequest]) -> None:
        """What a device says after hello; one report of all that waited.

        Raises InvalidArgument, Unauthenticated, ResourceExhausted, and so on.
        """
        said: list[device_pb2.Applied] = []
        stream.limit_rate(len(requests), self._clock())
        for request in requests:
            match request.WhichOneof("message"):
                case "applied":
                    said.append(request.applied)
                case "state":
                    volume = device_messages.volume_of(request.state)
                    stream.volume_percent = stream.volume_percent if volume is None else volume
                case "access_token":
                    await self._renewing.renew(stream, request.access_token, SCOPES)
                case _:
                    raise InvalidArgument.field("message", "must be applied, state or access_token")
        await self._streams.report(stream, device_messages.applied(said))


def _hello(message: pb.ConnectRequest | None) -> Hello:
    """What a device says first. Raises InvalidArgument."""
    if message is None or not message.HasField("hello"):
        raise InvalidArgument.field("hello", "must be the first message of a stream")
    hello = message.hello
    registration = device_messages.registration(hello, current_principal().sid)
    return Hello(
        device_id=registration.device_id,
        last_applied=hello.last_applied,
        registration=registration,
        volume_percent=device_messages.volume_of(hello.state),
    )
