"""HeartbeatService on the wire. The loop of a stream is the hottest code of the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1.playback_service_pb2_grpc import HeartbeatServiceServicer

from meshkit.conversations import Conversation
from meshkit.faults import InvalidArgument
from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.streams import OpenStreams
from playback_svc.domain.beats import Measurements, network_of
from playback_svc.ports.clock import Clock
from playback_svc.servicers import playback_messages
from playback_svc.servicers.holding import SCOPES, first
from playback_svc.streams.heartbeat_stream import HeartbeatStream
from playback_svc.streams.heartbeats import Heartbeats

_PLAYING = playback_pb2.Playback.PLAYING


class HeartbeatServicer(HeartbeatServiceServicer):
    """Streams of beats, and single beats, of the calling user's devices."""

    def __init__(self, heartbeats: Heartbeats, streams: OpenStreams, clock: Clock) -> None:
        self._heartbeats = heartbeats
        self._streams = streams
        self._clock = clock

    async def StreamHeartbeats(
        self, request_iterator: AsyncIterator[pb.StreamHeartbeatsRequest], context: Context
    ) -> AsyncIterator[pb.StreamHeartbeatsResponse]:
        requests = aiter(request_iterator)
        session_id, device_id = await _hello(requests)
        stream = await self._heartbeats.open(current_principal(), session_id, device_id)
        task = asyncio.current_task()
        stream.interrupt = task.cancel if task else stream.interrupt
        # Filled again for every ack: it is on the wire before the next beat is asked for.
        response = pb.StreamHeartbeatsResponse()
        with Conversation(
            pb.StreamHeartbeatsResponse, stream, self._heartbeats.close
        ) as conversation:
            try:
                if stream.end is None:
                    yield _acked(response, stream, stream.last_seq)
                    conversation.begun = True
                # An end that comes while the device is silent cancels the reading, so that no
                # stream needs a task of its own in order to be woken.
                stream.listening = stream.end is None
                while stream.listening:
                    request = await anext(requests, None)
                    stream.listening = False
                    if request is None:
                        break
                    if request.HasField("heartbeat"):
                        beat = request.heartbeat
                        if beat.seq > stream.last_seq:
                            await self._take(stream, beat)
                        yield _acked(response, stream, beat.seq)
                    else:
                        await self._renew(stream, request)
                    stream.listening = stream.end is None
            except asyncio.CancelledError:
                if stream.end is None or task is None:
                    raise
                task.uncancel()
            finally:
                stream.listening = False
        for last in _last(stream, conversation):
            yield last

    async def _take(self, stream: HeartbeatStream, beat: playback_pb2.Heartbeat) -> None:
        """Has a beat kept."""
        epoch, revision, position_ms = beat.epoch, beat.revision, beat.position_ms
        rung, bitrate_kbps = beat.rung, beat.bitrate_kbps
        now_ms = self._clock()
        if stream.silent_too_long(now_ms) and not await self._heartbeats.still_on(stream):
            return
        if beat.HasField("measurements"):
            measurements = _measurements_of(beat.measurements)
            self._heartbeats.report(stream, measurements)
        if not stream.last_seq:
            self._heartbeats.begin(stream)
        moving = beat.status == _PLAYING
        offline = beat.offline
        stream.take(
            beat.seq,
            epoch,
            revision,
            position_ms,
            moving=moving,
            rung=rung,
            bitrate_kbps=bitrate_kbps,
            offline=offline,
            now_ms=now_ms,
        )
        self._heartbeats.mark(stream)

    async def _renew(self, stream: HeartbeatStream, request: pb.StreamHeartbeatsRequest) -> None:
        """Takes a fresh token. Raises Unauthenticated, PermissionDenied, InvalidArgument."""
        if not request.HasField("access_token"):
            raise InvalidArgument.field("message", "must be heartbeat or access_token")
        await self._streams.renew(stream, request.access_token, SCOPES)

    async def ReportHeartbeat(
        self, request: pb.ReportHeartbeatRequest, context: Context
    ) -> pb.ReportHeartbeatResponse:
        session_id = request.playback_id
        device_id = request.device_id
        holder = current_principal()
        stream = await self._heartbeats.stream_for_beat(holder, session_id, device_id)
        beat = request.heartbeat
        if stream.end is None and beat.seq > stream.last_seq:
            await self._take(stream, beat)
        if stream.session_end is not None:
            return pb.ReportHeartbeatResponse(
                session_end=playback_messages.session_end(stream.session_end)
            )
        ack = playback_pb2.HeartbeatAck(seq=beat.seq, epoch=stream.epoch, revision=stream.revision)
        return pb.ReportHeartbeatResponse(ack=ack)


def _last(
    stream: HeartbeatStream, conversation: Conversation[pb.StreamHeartbeatsResponse]
) -> Iterator[pb.StreamHeartbeatsResponse]:
    """What a device is told before its stream ends."""
    if stream.session_end is not None:
        ended = playback_messages.session_end(stream.session_end)
        yield pb.StreamHeartbeatsResponse(session_end=ended)
    if conversation.last is not None:
        yield conversation.last


async def _hello(
    requests: AsyncIterator[pb.StreamHeartbeatsRequest],
) -> tuple[str, str]:
    """The session and the device of a stream, from its first message."""
    message = await first(requests)
    if message is None or not message.HasField("hello"):
        raise InvalidArgument.field("hello", "must be the first message of a stream")
    hello = message.hello
    return hello.playback_id, hello.device_id


def _acked(
    response: pb.StreamHeartbeatsResponse, stream: HeartbeatStream, seq: int
) -> pb.StreamHeartbeatsResponse:
    ack = response.ack
    ack.seq = seq
    ack.epoch = stream.epoch
    ack.revision = stream.revision
    return response


def _measurements_of(measurements: playback_pb2.Measurements) -> Measurements:
    return Measurements(
        underruns=measurements.underruns,
        switches=measurements.switches,
        start_latency_ms=measurements.start_latency_ms,
        slowest_fetch_ms=measurements.slowest_fetch_ms,
        fetch_errors=measurements.fetch_errors,
        fetch_retries=measurements.fetch_retries,
        network=network_of(measurements.network),
    )
