"""Deadlines, overload, message sizes, drain, and what a call carries on to the next service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from segue.catalog.v1 import catalog_service_pb2, catalog_service_pb2_grpc

from meshkit.clients import Channels, interceptors
from meshkit.deadline import budget
from meshkit.faults import Unavailable
from meshkit.principal import current_request_id
from meshkit.server import Context
from meshkit.status import fault_of
from meshkit.testing.rpc import ServedMesh, TokenIssuer, served, service_settings

CATALOG = catalog_service_pb2.DESCRIPTOR.services_by_name["CatalogService"]


# What the ids of tracks ask of the servicers here.
NOW = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
WAIT = "01JD4Q8Z7Y1V9K2M5N6P7R8S9V"
LATER = "01JD4Q8Z7Y1V9K2M5N6P7R8S9W"


class Slow(catalog_service_pb2_grpc.CatalogServiceServicer):
    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.calls = 0
        self.budgets: list[float] = []

    async def GetTrack(self, request: Any, context: Context) -> Any:
        self.calls += 1
        self.budgets.append(budget(60.0))
        if request.id == WAIT:
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        answer = catalog_service_pb2.GetTrackResponse()
        answer.track.title = current_request_id()
        return answer


class Front(catalog_service_pb2_grpc.SearchServiceServicer):
    """Calls the other service, as playback calls catalog."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._catalog: Any = catalog_service_pb2_grpc.CatalogServiceStub(channel)

    async def Search(self, request: Any, context: Context) -> Any:
        answer = await self._catalog.GetTrack(catalog_service_pb2.GetTrackRequest(id=request.q))
        found = catalog_service_pb2.SearchResponse()
        found.tracks.add(title=answer.track.title)
        return found


@pytest.fixture
async def slow() -> Slow:
    return Slow()


@pytest.fixture
async def mesh(tmp_path: Path, slow: Slow) -> AsyncIterator[ServedMesh]:
    add = catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server
    async with served(
        tmp_path, (add, slow), max_calls=2, max_message_bytes=64_000, default_deadline_s=0.3
    ) as mesh:
        yield mesh


def request_for(what: str) -> Any:
    return catalog_service_pb2.GetTrackRequest(id=what)


async def test_a_call_without_a_deadline_gets_the_default(mesh: ServedMesh, slow: Slow) -> None:
    stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(mesh.channel())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetTrack(request_for(WAIT), metadata=mesh.token())
    assert fault_of(caught.value).reason == "DEADLINE_EXCEEDED"
    assert slow.cancelled.is_set()


async def test_a_deadline_is_told_with_its_reason_before_the_transport_tells_it(
    mesh: ServedMesh, slow: Slow
) -> None:
    stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(mesh.channel())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetTrack(request_for(WAIT), metadata=mesh.token(), timeout=1.5)
    assert rpc_status.from_call(caught.value) is not None
    assert fault_of(caught.value).reason == "DEADLINE_EXCEEDED"


async def test_a_caller_that_goes_away_stops_the_work(mesh: ServedMesh, slow: Slow) -> None:
    stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(mesh.channel())
    call = stub.GetTrack(request_for(WAIT), metadata=mesh.token(), timeout=30)
    while not slow.calls:
        await asyncio.sleep(0.01)
    call.cancel()
    async with asyncio.timeout(5):
        await slow.cancelled.wait()


async def test_overload_is_shed_with_a_time_to_come_back(mesh: ServedMesh, slow: Slow) -> None:
    stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(mesh.channel())
    held = [stub.GetTrack(request_for(WAIT), metadata=mesh.token(), timeout=30) for _ in range(2)]
    while slow.calls < 2:
        await asyncio.sleep(0.01)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetTrack(request_for(NOW), metadata=mesh.token())
    shed = fault_of(caught.value)
    assert (shed.reason, shed.retry_after_s) == ("OVERLOADED", 1.0)
    slow.gate.set()
    await asyncio.gather(*held)
    await stub.GetTrack(request_for(NOW), metadata=mesh.token())


async def test_an_oversized_message_is_refused(mesh: ServedMesh, slow: Slow) -> None:
    stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(mesh.channel())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetTrack(request_for("x" * 100_000), metadata=mesh.token())
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert slow.calls == 0


async def test_drain_lets_calls_in_flight_end(mesh: ServedMesh, slow: Slow) -> None:
    channel = mesh.channel()
    stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(channel)
    health: Any = health_pb2_grpc.HealthStub(channel)
    told: list[str] = []

    async def on_drain() -> None:
        told.append("drain")

    mesh.server.on_drain(on_drain)
    held = stub.GetTrack(request_for(WAIT), metadata=mesh.token(), timeout=30)
    watching = health.Watch(health_pb2.HealthCheckRequest(service=""))
    assert (await watching.read()).status == health_pb2.HealthCheckResponse.SERVING
    while not slow.calls:
        await asyncio.sleep(0.01)
    draining = asyncio.create_task(mesh.server.drain())
    assert (await watching.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    slow.gate.set()
    await held
    await draining
    assert told == ["drain"]
    assert mesh.server.draining.is_set()


async def test_a_call_carries_user_request_id_and_deadline_to_the_next_service(
    tmp_path: Path, slow: Slow
) -> None:
    issuer = TokenIssuer()
    add_back = catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server
    add_front = catalog_service_pb2_grpc.add_SearchServiceServicer_to_server
    async with (
        served(tmp_path, (add_back, slow), issuer=issuer) as back,
        Channels(service_settings(tmp_path, "edge")) as channels,
    ):
        channel = channels.open(f"ipv4:127.0.0.1:{back.port}", "catalog", CATALOG)
        async with served(tmp_path, (add_front, Front(channel)), issuer=issuer) as front:
            stub: Any = catalog_service_pb2_grpc.SearchServiceStub(front.channel())
            metadata = (*front.token(), ("x-request-id", "a-known-request-id"))
            request = catalog_service_pb2.SearchRequest(q=NOW)
            answer = await stub.Search(request, metadata=metadata, timeout=4)
    assert answer.tracks[0].title == "a-known-request-id"
    assert 0 < slow.budgets[0] <= 4


class Refusing(catalog_service_pb2_grpc.CatalogServiceServicer):
    """Unavailable; with a time to come back where the id says so."""

    def __init__(self) -> None:
        self.calls = 0

    async def GetTrack(self, request: Any, context: Context) -> Any:
        self.calls += 1
        raise Unavailable("away", retry_after_s=1.0 if request.id == LATER else None)


@pytest.mark.parametrize(("what", "attempts"), [(NOW, 3), (LATER, 1)])
async def test_a_client_tries_again_unless_it_was_told_when(
    tmp_path: Path, what: str, attempts: int
) -> None:
    refusing, add = Refusing(), catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server
    async with (
        served(tmp_path, (add, refusing)) as mesh,
        Channels(service_settings(tmp_path, "edge")) as channels,
    ):
        channel = channels.open(f"ipv4:127.0.0.1:{mesh.port}", "catalog", CATALOG)
        stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(channel)
        with pytest.raises(Unavailable):
            await stub.GetTrack(request_for(what), metadata=mesh.token())
    assert refusing.calls == attempts


async def test_a_call_is_bounded_by_its_own_time_or_that_of_its_channel(
    mesh: ServedMesh, slow: Slow
) -> None:
    for channel in (mesh.client_channel(), mesh.channel(interceptors=interceptors(3.0))):
        stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(channel)
        await stub.GetTrack(request_for(NOW), metadata=mesh.token())
        await stub.GetTrack(request_for(NOW), metadata=mesh.token(), timeout=50)
    # The transport counts whole moments, so that a little more may arrive.
    default, own, of_channel, own_again = slow.budgets
    assert 0 < default <= 5.5 < own <= 51
    assert 0 < of_channel <= 3.5 < own_again <= 51


async def test_a_channel_whose_service_is_away_raises_that_it_is() -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1", interceptors=interceptors()) as channel:
        catalog: Any = catalog_service_pb2_grpc.CatalogServiceStub(channel)
        imports: Any = catalog_service_pb2_grpc.ImportServiceStub(channel)
        with pytest.raises(Unavailable):
            await catalog.GetTrack(request_for(NOW))
        with pytest.raises(Unavailable):
            async for _ in imports.WatchImport(catalog_service_pb2.WatchImportRequest()):
                pass


async def test_a_call_of_a_client_of_ours_is_cancelled(mesh: ServedMesh, slow: Slow) -> None:
    stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(mesh.client_channel())
    call = stub.GetTrack(request_for(WAIT), metadata=mesh.token(), timeout=30)
    while not slow.calls:
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(5):
        await slow.cancelled.wait()
