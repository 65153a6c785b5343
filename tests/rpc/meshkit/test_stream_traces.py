"""A call that streams is one client span, whatever it tells, and ends it in good time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from segue.device.v1 import device_service_pb2, device_service_pb2_grpc
from segue.identity.v1 import identity_internal_service_pb2, identity_internal_service_pb2_grpc
from segue.playback.v1 import delivery_internal_service_pb2, delivery_internal_service_pb2_grpc
from ulid import ULID

from meshkit import telemetry
from meshkit.clients import Channels
from meshkit.faults import OutOfRange
from meshkit.server import Context
from meshkit.testing.otlp import Collector, attributes_of, collecting
from meshkit.testing.rpc import served, service_settings

ENOUGH_S = 10.0


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as found:
        yield found


class Users(identity_internal_service_pb2_grpc.UserInternalServiceServicer):
    """Tells three steps, then nothing more until ``over``; refuses every token."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def WatchUsers(self, request: Any, context: Context) -> AsyncIterator[Any]:
        if request.resume_token:
            raise OutOfRange("too old", reason="RESUME_TOKEN_EXPIRED")
        for number in range(3):
            yield identity_internal_service_pb2.WatchUsersResponse(resume_token=str(number))
        await self.over.wait()


class Deliveries(delivery_internal_service_pb2_grpc.DeliveryInternalServiceServicer):
    async def ReportDeliveries(self, requests: Any, context: Context) -> Any:
        batch_ids = [request.batch_id async for request in requests]
        return delivery_internal_service_pb2.ReportDeliveriesResponse(batch_ids=batch_ids)


class Devices(device_service_pb2_grpc.DeviceServiceServicer):
    async def Connect(self, requests: Any, context: Context) -> AsyncIterator[Any]:
        async for _ in requests:
            yield device_service_pb2.ConnectResponse()


def batch() -> Any:
    """The least that is a batch of deliveries."""
    delivery = delivery_internal_service_pb2.Delivery(
        subject="session", descriptor_sha256="a" * 64, rung="128", bytes=1
    )
    return delivery_internal_service_pb2.ReportDeliveriesRequest(
        batch_id=str(ULID()), delivered_at=Timestamp(seconds=1), deliveries=[delivery]
    )


@dataclass
class Neighbours:
    """Stubs of the three servers, called as other services do, and what the first tells."""

    users: Any
    deliveries: Any
    devices: Any
    feed: Users
    token: Any


@pytest.fixture
async def neighbours(tmp_path: Path, collector: Collector) -> AsyncIterator[Neighbours]:
    feed = Users()
    add_users = identity_internal_service_pb2_grpc.add_UserInternalServiceServicer_to_server
    add_deliveries = (
        delivery_internal_service_pb2_grpc.add_DeliveryInternalServiceServicer_to_server
    )
    add_devices = device_service_pb2_grpc.add_DeviceServiceServicer_to_server
    async with AsyncExitStack() as stack:
        mesh = await stack.enter_async_context(
            served(
                tmp_path,
                (add_users, feed),
                (add_deliveries, Deliveries()),
                (add_devices, Devices()),
            )
        )

        async def channel(caller: str) -> grpc.aio.Channel:
            channels = Channels(service_settings(tmp_path, caller))
            return (await stack.enter_async_context(channels)).open(
                f"ipv4:127.0.0.1:{mesh.port}", "catalog"
            )

        yield Neighbours(
            identity_internal_service_pb2_grpc.UserInternalServiceStub(await channel("playback")),
            delivery_internal_service_pb2_grpc.DeliveryInternalServiceStub(await channel("media")),
            device_service_pb2_grpc.DeviceServiceStub(await channel("edge")),
            feed,
            mesh.token(),
        )
        feed.over.set()


async def spans_of(collector: Collector, method: str, kind: Any) -> list[Any]:
    """The spans of a kind that the method has made so far."""
    await asyncio.to_thread(telemetry.send_spans)
    found = (span for span in collector.spans if span.name.endswith(f"/{method}"))
    return [span for span in found if span.kind == kind]


async def ended(collector: Collector, method: str, kind: Any) -> Any:
    """The one span of a kind that the method makes, once it has ended."""
    async with asyncio.timeout(ENOUGH_S):
        while not (found := await spans_of(collector, method, kind)):
            await asyncio.sleep(0.01)
    (only,) = found
    return only


async def test_a_report_of_many_messages_is_one_span_with_its_status(
    neighbours: Neighbours, collector: Collector
) -> None:
    messages = [batch() for _ in range(20)]
    with telemetry.span("work"):
        answer = await neighbours.deliveries.ReportDeliveries(iter(messages), timeout=ENOUGH_S)
    assert len(answer.batch_ids) == len(messages)
    client = await ended(collector, "ReportDeliveries", Span.SPAN_KIND_CLIENT)
    server = await ended(collector, "ReportDeliveries", Span.SPAN_KIND_SERVER)
    (work,) = (span for span in collector.spans if span.name == "work")
    assert client.parent_span_id == work.span_id
    assert server.parent_span_id == client.span_id
    assert attributes_of(client) == {
        "rpc.system": "grpc",
        "rpc.service": "segue.playback.v1.DeliveryInternalService",
        "rpc.method": "ReportDeliveries",
        "rpc.grpc.status_code": 0,
    }


async def test_a_conversation_with_a_deadline_is_one_span_up_to_its_end(
    neighbours: Neighbours, collector: Collector
) -> None:
    messages = [device_service_pb2.ConnectRequest() for _ in range(3)]
    with telemetry.span("work"):
        call = neighbours.devices.Connect(
            iter(messages), timeout=ENOUGH_S, metadata=neighbours.token
        )
        assert len([answer async for answer in call]) == len(messages)
    client = await ended(collector, "Connect", Span.SPAN_KIND_CLIENT)
    server = await ended(collector, "Connect", Span.SPAN_KIND_SERVER)
    assert server.parent_span_id == client.span_id
    assert attributes_of(client)["rpc.grpc.status_code"] == 0


async def test_the_span_of_a_held_stream_ends_with_its_first_answer(
    neighbours: Neighbours, collector: Collector
) -> None:
    request = identity_internal_service_pb2.WatchUsersRequest()
    with telemetry.span("work"):
        call = neighbours.users.WatchUsers(request)
        steps = aiter(call)
        assert (await anext(steps)).resume_token == "0"
    client = await ended(collector, "WatchUsers", Span.SPAN_KIND_CLIENT)
    server = await ended(collector, "WatchUsers", Span.SPAN_KIND_SERVER)
    assert server.parent_span_id == client.span_id
    assert "rpc.grpc.status_code" not in attributes_of(client) | attributes_of(server)
    # The stream is held on: what it tells later makes no span more.
    assert [(await anext(steps)).resume_token for _ in range(2)] == ["1", "2"]
    neighbours.feed.over.set()
    assert await anext(steps, None) is None
    assert len(await spans_of(collector, "WatchUsers", Span.SPAN_KIND_CLIENT)) == 1
    assert len(await spans_of(collector, "WatchUsers", Span.SPAN_KIND_SERVER)) == 1


async def test_a_stream_that_is_refused_before_its_first_answer_tells_why(
    neighbours: Neighbours, collector: Collector
) -> None:
    request = identity_internal_service_pb2.WatchUsersRequest(resume_token="old")
    with telemetry.span("work"), pytest.raises(OutOfRange):
        async for _ in neighbours.users.WatchUsers(request):
            pass
    client = await ended(collector, "WatchUsers", Span.SPAN_KIND_CLIENT)
    told = attributes_of(client)
    assert told["rpc.grpc.status_code"] == grpc.StatusCode.OUT_OF_RANGE.value[0]
    assert told["error.type"] == "OUT_OF_RANGE"
    assert client.status.code == Status.STATUS_CODE_ERROR


async def test_a_stream_that_a_process_opens_by_itself_has_no_span(
    neighbours: Neighbours, collector: Collector
) -> None:
    call = neighbours.users.WatchUsers(identity_internal_service_pb2.WatchUsersRequest())
    assert await anext(aiter(call))
    call.cancel()
    assert await spans_of(collector, "WatchUsers", Span.SPAN_KIND_CLIENT) == []
