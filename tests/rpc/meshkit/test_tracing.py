"""Spans reach an OTLP endpoint, and a call's span continues its caller's trace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from segue.catalog.v1 import catalog_service_pb2, catalog_service_pb2_grpc

from meshkit import telemetry
from meshkit.faults import NotFound
from meshkit.server import Context
from meshkit.testing.rpc import served

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


KNOWN = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
MISSING = "01JD4Q8Z7Y1V9K2M5N6P7R8S9V"


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self) -> None:
        self.spans: list[Any] = []

    async def Export(self, request: Any, context: Context) -> Any:
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return trace_service_pb2.ExportTraceServiceResponse()


class Catalog(catalog_service_pb2_grpc.CatalogServiceServicer):
    async def GetTrack(self, request: Any, context: Context) -> Any:
        if request.id == MISSING:
            raise NotFound("no such track")
        with telemetry.span("look up", kind="test"):
            return catalog_service_pb2.GetTrackResponse()


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    found = Collector()
    server = grpc.aio.server()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(found, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    telemetry.start_tracing(
        endpoint=f"http://127.0.0.1:{port}", service="catalog", instance="catalog-1", ratio=1.0
    )
    yield found
    await asyncio.to_thread(telemetry.flush)
    await server.stop(0)


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
