"""A server that ends a stream while its client writes: ours take it for an interruption at worst.

gRPC for Python then often reports INTERNAL in the place of the status that other clients see.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1.playback_service_pb2_grpc import (
    HeartbeatServiceServicer,
    HeartbeatServiceStub,
    add_HeartbeatServiceServicer_to_server,
)

from meshkit import stream_ends
from meshkit.faults import NotFound, Unavailable
from meshkit.server import Context
from meshkit.status import fault_of
from meshkit.testing.rpc import ServedMesh, served
from player.domain.status import PlaybackState, PlayerStatus
from player.heartbeats import SessionClock, StreamReporter

PLAYBACK_ID = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
STREAMS = 40
BEATS_A_STREAM = 3
BEATS = 15


@dataclass
class CuttingServicer(HeartbeatServiceServicer):
    """Takes some beats of each stream and ends it, whatever its client is about to say."""

    fails: bool = False
    opened: int = 0
    taken: list[int] = field(default_factory=list)

    async def StreamHeartbeats(
        self, requests: AsyncIterator[Any], context: Context
    ) -> AsyncIterator[Any]:
        self.opened += 1
        left = BEATS_A_STREAM
        async for request in requests:
            if request.HasField("heartbeat"):
                self.taken.append(request.heartbeat.seq)
                yield pb.StreamHeartbeatsResponse(ack={"seq": request.heartbeat.seq})
                left -= 1
            if not left:
                break
        if self.fails:
            raise NotFound("The session is not here.")
        yield pb.StreamHeartbeatsResponse(end=stream_ends.draining(0.0).to_message())


@pytest.fixture
def servicer() -> CuttingServicer:
    return CuttingServicer()


@pytest.fixture
async def mesh(
    servicer: CuttingServicer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServedMesh]:
    registration = (add_HeartbeatServiceServicer_to_server, servicer)
    async with served(tmp_path_factory.mktemp("tls"), registration) as mesh:
        yield mesh


async def writing() -> AsyncIterator[pb.StreamHeartbeatsRequest]:
    """One who writes all the time."""
    yield pb.StreamHeartbeatsRequest(hello={"playback_id": PLAYBACK_ID, "device_id": "kitchen"})
    seq = 0
    while True:
        seq += 1
        beat = {"seq": seq, "epoch": 1, "revision": 1, "status": "PLAYING"}
        yield pb.StreamHeartbeatsRequest(heartbeat=beat)
        await asyncio.sleep(0)


async def test_what_is_cut_in_a_write_is_no_failure_of_the_service(
    mesh: ServedMesh, servicer: CuttingServicer
) -> None:
    servicer.fails = True
    stub: Any = HeartbeatServiceStub(mesh.channel())
    for _ in range(STREAMS):
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            async for _answer in stub.StreamHeartbeats(writing(), metadata=mesh.token()):
                pass
        assert isinstance(fault_of(ended.value), NotFound | Unavailable)


async def test_beats_go_on_over_streams_that_are_ended_while_they_are_written(
    mesh: ServedMesh, servicer: CuttingServicer
) -> None:
    async def metadata() -> Any:
        return mesh.token()

    async def token() -> Any:
        return SimpleNamespace(text="fresh", expires_at=time.time() + 300)

    stub: Any = HeartbeatServiceStub(mesh.client_channel())
    client: Any = SimpleNamespace(heartbeats=stub, metadata=metadata, token=token)
    ends: list[str] = []
    session = SessionClock(PLAYBACK_ID, "kitchen", epoch=1, revision=1)
    beats = StreamReporter(client, session, lambda reason, _: ends.append(reason))
    async with asyncio.timeout(60):
        while len(servicer.taken) < BEATS:
            await beats.report(PlayerStatus(state=PlaybackState.PLAYING, position_ms=1_000))
            await asyncio.sleep(0.01)
    await beats.close()
    assert servicer.opened >= BEATS // BEATS_A_STREAM
    assert ends == []
    assert servicer.taken == sorted(set(servicer.taken)), "no beat is told twice, nor out of order"
