"""Every reason reaches JSON and gRPC callers through Envoy, under the right status."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from edge_world import ID_OF, World, reason_of, rich
from segue.catalog.v1 import catalog_service_pb2 as catalog
from segue.catalog.v1 import catalog_service_pb2_grpc as catalog_grpc

from meshkit import status

HTTP_OF_CODE = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
}
REASONS = sorted(status.reason_specs())


@pytest.mark.parametrize("path", ["/tracks/{}", "/imports/{}/events"])
@pytest.mark.parametrize("reason", REASONS)
async def test_a_reason_reaches_json_callers_under_its_http_status(
    world: World, reason: str, path: str
) -> None:
    answer = await world.call("GET", path.format(ID_OF[reason]), headers=world.bearer())
    code = status.grpc_code_of(reason)
    assert answer.status_code == HTTP_OF_CODE[code.name]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["code"] == code.value[0]
    assert reason_of(answer) == reason


@pytest.mark.parametrize("reason", REASONS)
async def test_a_reason_reaches_grpc_callers_with_its_details(world: World, reason: str) -> None:
    metadata = tuple(world.bearer().items())
    async with grpc.aio.insecure_channel(world.edge.target) as channel:
        stub: Any = catalog_grpc.CatalogServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as unary:
            await stub.GetTrack(catalog.GetTrackRequest(id=ID_OF[reason]), metadata=metadata)
        imports: Any = catalog_grpc.ImportServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as stream:
            async for _ in imports.WatchImport(
                catalog.WatchImportRequest(id=ID_OF[reason]), metadata=metadata
            ):
                pass
    assert rich(unary.value) == (status.grpc_code_of(reason), reason)
    assert rich(stream.value) == (status.grpc_code_of(reason), reason)
