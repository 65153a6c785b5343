"""Every stream of the catalogue ends by the one rule."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from segue.catalog.v1 import catalog_service_pb2 as pb
from segue.catalog.v1 import catalog_service_pb2_grpc as pb_grpc
from segue.catalog.v1.catalog_internal_service_pb2 import WatchChangesRequest
from segue.catalog.v1.catalog_internal_service_pb2_grpc import CatalogInternalServiceStub

from catalog_svc.adapters.memory.store import MemoryStore
from catalog_svc.servicers.imports import ImportServicer
from catalog_svc.usecases.imports import CreateImport, ReadImports
from meshkit.server import MeshServer
from meshkit.testing.rpc import ServedMesh, served
from meshkit.testing.stream_suite import SID, UserStreamEndSuite
from tests.contracts.catalog.stores import CatalogueStores, memory_stores
from tests.rpc.catalog.test_catalog_service import register_catalogue


@dataclass
class World:
    """The catalogue behind a real server."""

    mesh: ServedMesh
    stores: CatalogueStores

    async def drain(self) -> None:
        await self.mesh.server.drain()

    def revoke(self, sid: str) -> None:
        self.mesh.server.streams.revoke(sid, time.time() + 300)

    def metadata(self, *, life_s: float = 300) -> Any:
        return self.mesh.token(sid=SID, life_s=life_s)


async def open_changes(world: World, metadata: Any) -> Any:
    stub = CatalogInternalServiceStub(world.mesh.channel("playlist"))
    return stub.WatchChanges(WatchChangesRequest())


async def open_import(world: World, metadata: Any) -> Any:
    stub = pb_grpc.ImportServiceStub(world.mesh.channel())
    request = pb.WatchImportRequest(id=await world.stores.started())
    return stub.WatchImport(request, metadata=metadata)


class TestStreamEnds(UserStreamEndSuite):
    package = "segue.catalog.v1"
    streams: ClassVar = {
        "CatalogInternalService.WatchChanges": open_changes,
        "ImportService.WatchImport": open_import,
    }

    @pytest.fixture
    async def world(self, tmp_path: Path) -> AsyncIterator[World]:
        store = MemoryStore()

        def register(server: MeshServer) -> None:
            imports = ImportServicer(
                CreateImport(store, []), ReadImports(store, poll_s=0.005), streams=server.streams
            )
            server.add(pb_grpc.add_ImportServiceServicer_to_server, imports)
            register_catalogue(server, store)

        async with served(tmp_path, register=register) as mesh:
            yield World(mesh, memory_stores(store))
