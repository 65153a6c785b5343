"""Every code through every kind of call reaches the client as a rich status."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

import grpc
import pytest
from google.rpc import code_pb2
from segue.catalog.v1 import catalog_service_pb2, catalog_service_pb2_grpc
from segue.playback.v1 import delivery_internal_service_pb2 as delivery_pb2
from segue.playback.v1 import delivery_internal_service_pb2_grpc as delivery_pb2_grpc
from segue.playback.v1 import playback_service_pb2, playback_service_pb2_grpc

from meshkit import status
from meshkit.faults import Fault, FieldViolation
from meshkit.server import Context
from meshkit.testing.rpc import ServedMesh, served

REASON_OF_CODE = {int(spec.code): reason for reason, spec in status.reason_specs().items()}
CODES = sorted(REASON_OF_CODE)
A_BUG = 0

Opened: TypeAlias = Callable[..., grpc.aio.Channel]


class FailingCatalog(catalog_service_pb2_grpc.CatalogServiceServicer):
    async def GetTrack(self, request: Any, context: Context) -> Any:
        raise failure(request.id)


class FailingImports(catalog_service_pb2_grpc.ImportServiceServicer):
    async def WatchImport(self, request: Any, context: Context) -> AsyncIterator[Any]:
        yield catalog_service_pb2.WatchImportResponse()
        raise failure(request.id)


class FailingDeliveries(delivery_pb2_grpc.DeliveryInternalServiceServicer):
    async def ReportDeliveries(self, requests: Any, context: Context) -> Any:
        async for request in requests:
            raise failure(request.batch_id)


class FailingHeartbeats(playback_service_pb2_grpc.HeartbeatServiceServicer):
    async def StreamHeartbeats(self, requests: Any, context: Context) -> AsyncIterator[Any]:
        async for request in requests:
            yield playback_service_pb2.StreamHeartbeatsResponse()
            raise failure(request.hello.playback_id)


def failure(asked: str) -> Exception:
    """What the code that an id spells stands for."""
    code = int(asked)
    if code == A_BUG:
        return ZeroDivisionError("a secret of the driver")
    return Fault(
        "words for people",
        reason=REASON_OF_CODE[code],
        metadata={"key": "value"},
        retry_after_s=2.5,
        violations=(FieldViolation("q", "is empty"),),
    )


@pytest.fixture(scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServedMesh]:
    async with served(
        tmp_path_factory.mktemp("tls"),
        (catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server, FailingCatalog()),
        (catalog_service_pb2_grpc.add_ImportServiceServicer_to_server, FailingImports()),
        (delivery_pb2_grpc.add_DeliveryInternalServiceServicer_to_server, FailingDeliveries()),
        (playback_service_pb2_grpc.add_HeartbeatServiceServicer_to_server, FailingHeartbeats()),
    ) as mesh:
        yield mesh


def id_of(code: int) -> str:
    """An id that asks for the failure of a code."""
    return f"{code:026}"


async def unary(mesh: ServedMesh, code: int, opened: Opened = ServedMesh.channel) -> None:
    stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(opened(mesh))
    await stub.GetTrack(catalog_service_pb2.GetTrackRequest(id=id_of(code)), metadata=mesh.token())


async def server_stream(mesh: ServedMesh, code: int, opened: Opened = ServedMesh.channel) -> None:
    stub: Any = catalog_service_pb2_grpc.ImportServiceStub(opened(mesh))
    request = catalog_service_pb2.WatchImportRequest(id=id_of(code))
    async for _ in stub.WatchImport(request, metadata=mesh.token()):
        pass


async def client_stream(mesh: ServedMesh, code: int, opened: Opened = ServedMesh.channel) -> None:
    stub: Any = delivery_pb2_grpc.DeliveryInternalServiceStub(opened(mesh, "media"))
    sent = delivery_pb2.Delivery(subject="s", descriptor_sha256="d" * 64, rung="128", bytes=1)
    batch = delivery_pb2.ReportDeliveriesRequest(batch_id=id_of(code), deliveries=[sent])
    batch.delivered_at.GetCurrentTime()
    await stub.ReportDeliveries(iter([batch]))


async def bidi_stream(mesh: ServedMesh, code: int, opened: Opened = ServedMesh.channel) -> None:
    stub: Any = playback_service_pb2_grpc.HeartbeatServiceStub(opened(mesh))
    request = playback_service_pb2.StreamHeartbeatsRequest
    hello = request(hello=request.Hello(playback_id=id_of(code), device_id="phone"))
    async for _ in stub.StreamHeartbeats(iter([hello]), metadata=mesh.token()):
        pass


KINDS = [unary, server_stream, client_stream, bidi_stream]


@pytest.mark.parametrize("call", KINDS)
@pytest.mark.parametrize("code", CODES, ids=code_pb2.Code.Name)
async def test_every_code_reaches_the_client_with_its_details(
    mesh: ServedMesh, call: Any, code: int
) -> None:
    reason = REASON_OF_CODE[code]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(mesh, code)
    assert caught.value.code().value[0] == code
    fault = status.fault_of(caught.value)
    assert fault.reason == reason
    assert fault.metadata["key"] == "value"
    assert fault.retry_after_s == 2.5
    assert fault.violations == (FieldViolation("q", "is empty"),)
    assert ("retry-after", "3") in tuple(caught.value.trailing_metadata())


@pytest.mark.parametrize("call", KINDS)
@pytest.mark.parametrize("code", CODES, ids=code_pb2.Code.Name)
async def test_a_client_of_ours_raises_the_fault_that_the_service_meant(
    mesh: ServedMesh, call: Any, code: int
) -> None:
    with pytest.raises(Fault) as caught:
        await call(mesh, code, ServedMesh.client_channel)
    fault = caught.value
    assert status.status_of(fault).code == code
    assert (fault.reason, fault.retry_after_s) == (REASON_OF_CODE[code], 2.5)
    assert fault.metadata["key"] == "value"
    assert fault.violations == (FieldViolation("q", "is empty"),)
    assert isinstance(fault.__cause__, grpc.aio.AioRpcError)


@pytest.mark.parametrize("call", KINDS)
async def test_a_bug_becomes_internal_with_neutral_words(mesh: ServedMesh, call: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(mesh, A_BUG)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in str(caught.value)
    assert status.fault_of(caught.value).metadata["request_id"]


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("catalog.v1.CatalogService/GetTrack", "unary_unary"),
        ("catalog.v1.ImportService/WatchImport", "unary_stream"),
        ("playback.v1.DeliveryInternalService/ReportDeliveries", "stream_unary"),
        ("playback.v1.HeartbeatService/StreamHeartbeats", "stream_stream"),
    ],
)
async def test_bytes_that_are_no_message_are_an_invalid_argument(
    mesh: ServedMesh, method: str, kind: str
) -> None:
    caller = "media" if kind == "stream_unary" else "edge"
    call = getattr(mesh.channel(caller), kind)(f"/segue.{method}")
    garbage = b"\xff\xff\xff"
    request: Any = iter([garbage]) if kind.startswith("stream") else garbage
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        answer = call(request, metadata=mesh.token())
        await (answer if kind.endswith("unary") else anext(aiter(answer)))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert status.fault_of(caught.value).violations[0].field == "message"
