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
from meshkit.testing.rpc import ServedMesh
from meshkit.testing.stream_suite import SID, UserStreamEndSuite
from tests.contracts.catalog.stores import CatalogueStores, memory_stores
from tests.rpc.catalog.assembled import assembled


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
        async with assembled(tmp_path, store) as mesh:
            yield World(mesh, memory_stores(store))
