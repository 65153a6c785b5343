"""Spans reach an OTLP endpoint, and a call's span continues its caller's trace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from segue.catalog.v1 import catalog_service_pb2, catalog_service_pb2_grpc
from segue.identity.v1 import identity_service_pb2, identity_service_pb2_grpc

from meshkit import postgres, telemetry, valkey
from meshkit.clients import Channels
from meshkit.faults import NotFound
from meshkit.server import Context
from meshkit.testing.otlp import Collector, attributes_of, collecting
from meshkit.testing.rpc import served, service_settings
from meshkit.testing.stores import open_pool

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


KNOWN = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
MISSING = "01JD4Q8Z7Y1V9K2M5N6P7R8S9V"


class Catalog(catalog_service_pb2_grpc.CatalogServiceServicer):
    async def GetTrack(self, request: Any, context: Context) -> Any:
        if request.id == MISSING:
            raise NotFound("no such track")
        with telemetry.span("look up", kind="test"):
            return catalog_service_pb2.GetTrackResponse()


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as found:
        yield found


async def test_a_call_is_a_span_of_its_callers_trace(tmp_path: Path, collector: Collector) -> None:
    add = catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server
    async with served(tmp_path, (add, Catalog())) as mesh:
        stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(mesh.channel())
        metadata = (*mesh.token(), ("traceparent", PARENT))
        await stub.GetTrack(catalog_service_pb2.GetTrackRequest(id=KNOWN), metadata=metadata)
        with pytest.raises(grpc.aio.AioRpcError):
            request = catalog_service_pb2.GetTrackRequest(id=MISSING)
            await stub.GetTrack(request, metadata=metadata)
    await asyncio.to_thread(telemetry.flush)
    calls = [span for span in collector.spans if span.name.endswith("CatalogService/GetTrack")]
    (inner,) = (span for span in collector.spans if span.name == "look up")
    assert len(calls) == 2
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE_ID}
    assert inner.parent_span_id in {span.span_id for span in calls}
    codes = {
        attribute.value.int_value
        for span in calls
        for attribute in span.attributes
        if attribute.key == "rpc.grpc.status_code"
    }
    assert codes == {0, grpc.StatusCode.NOT_FOUND.value[0]}


class Plans(identity_service_pb2_grpc.PlanServiceServicer):
    async def ListPlans(self, request: Any, context: Context) -> Any:
        return identity_service_pb2.ListPlansResponse()


class Asking(catalog_service_pb2_grpc.CatalogServiceServicer):
    """Asks another service and both stores before it answers."""

    def __init__(self, plans: Any, pool: postgres.Pool, client: Any) -> None:
        self._plans = plans
        self._pool = pool
        self._client = client

    async def GetTrack(self, request: Any, context: Context) -> Any:
        await self._plans.ListPlans(identity_service_pb2.ListPlansRequest())

        async def query(connection: postgres.Connection) -> None:
            await connection.execute("SELECT 1")

        await postgres.read(self._pool, query)
        async with postgres.transaction(self._pool) as connection:
            await query(connection)
        await self._client.get("key")
        async with self._client.pipeline() as pipeline:
            await pipeline.get("key").execute()
        with pytest.raises(psycopg.errors.UndefinedTable):
            await postgres.read(self._pool, _unknown_table)
        return catalog_service_pb2.GetTrackResponse()


async def _unknown_table(connection: postgres.Connection) -> None:
    await connection.execute("SELECT secret FROM nowhere")


async def test_one_call_is_one_trace_down_to_the_stores(
    tmp_path: Path, collector: Collector, database_dsn: str, valkey_url: str
) -> None:
    contracts = identity_service_pb2.DESCRIPTOR.services_by_name["PlanService"]
    plans = (identity_service_pb2_grpc.add_PlanServiceServicer_to_server, Plans())
    async with (
        served(tmp_path, plans, workload="identity") as back,
        Channels(service_settings(tmp_path, "playback")) as channels,
        open_pool(database_dsn, schema="catalog") as pool,
        valkey.open_client(valkey_url) as client,
    ):
        channel = channels.open(f"ipv4:127.0.0.1:{back.port}", "identity", contracts)
        asking = Asking(identity_service_pb2_grpc.PlanServiceStub(channel), pool, client)
        add = catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server
        async with served(tmp_path, (add, asking)) as mesh:
            stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(mesh.channel())
            metadata = (*mesh.token(), ("traceparent", PARENT))
            await stub.GetTrack(catalog_service_pb2.GetTrackRequest(id=KNOWN), metadata=metadata)
    await asyncio.to_thread(telemetry.flush)
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE_ID}
    by_kind = {(span.kind, span.name): span for span in collector.spans}
    server = by_kind[Span.SPAN_KIND_SERVER, "segue.catalog.v1.CatalogService/GetTrack"]
    client_span = by_kind[Span.SPAN_KIND_CLIENT, "segue.identity.v1.PlanService/ListPlans"]
    asked = by_kind[Span.SPAN_KIND_SERVER, "segue.identity.v1.PlanService/ListPlans"]
    assert client_span.parent_span_id == server.span_id
    assert asked.parent_span_id == client_span.span_id
    assert attributes_of(asked) == {
        "rpc.system": "grpc",
        "rpc.service": "segue.identity.v1.PlanService",
        "rpc.method": "ListPlans",
        "rpc.grpc.status_code": 0,
    }
    stores = {
        span.name: attributes_of(span)
        for span in collector.spans
        if span.kind == Span.SPAN_KIND_CLIENT and span.parent_span_id == server.span_id
    }
    assert stores.keys() == {
        "segue.identity.v1.PlanService/ListPlans",
        "read catalog",
        "transaction catalog",
        "GET",
        "PIPELINE",
    }
    assert stores["transaction catalog"] == {
        "db.system.name": "postgresql",
        "db.namespace": "catalog",
        "db.operation.name": "transaction",
    }
    assert stores["GET"] == {"db.system.name": "redis", "db.operation.name": "GET"}


async def test_a_failure_of_a_store_is_told_by_its_kind_alone(
    collector: Collector, database_dsn: str
) -> None:
    async with open_pool(database_dsn, schema="catalog") as pool:
        with telemetry.span("work"), pytest.raises(psycopg.errors.UndefinedTable):
            await postgres.read(pool, _unknown_table)
        with pytest.raises(psycopg.errors.UndefinedTable):
            await postgres.read(pool, _unknown_table)
    await asyncio.to_thread(telemetry.flush)
    # The second has no parent: what a process does by itself has no trace.
    (read,) = (span for span in collector.spans if span.name == "read catalog")
    assert attributes_of(read)["error.type"] == "UndefinedTable"
    assert read.status.code == Status.STATUS_CODE_ERROR
    assert "secret" not in str(read)
