"""A server that verifies no tokens serves no user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest
from segue.catalog.v1 import catalog_service_pb2, catalog_service_pb2_grpc

from meshkit.server import Context, MeshServer
from meshkit.testing.rpc import ServedMesh, TokenIssuer, service_settings

REQUEST = catalog_service_pb2.GetTrackRequest(id="01JD4Q8Z7Y1V9K2M5N6P7R8S9T")


class Catalog(catalog_service_pb2_grpc.CatalogServiceServicer):
    async def GetTrack(self, request: Any, context: Context) -> Any:
        return catalog_service_pb2.GetTrackResponse()


async def test_a_method_for_users_is_closed_without_a_verifier(tmp_path: Path) -> None:
    server = MeshServer(service_settings(tmp_path))
    server.add(catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server, Catalog())
    mesh = ServedMesh(server, await server.start(), TokenIssuer(), tmp_path)
    stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(mesh.channel())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetTrack(REQUEST, metadata=mesh.token())
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    await mesh.close()
    await server.drain()
