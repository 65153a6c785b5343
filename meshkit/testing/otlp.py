"""An OTLP endpoint that keeps the spans which this process sends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from meshkit import telemetry


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """The collector's service; ``spans`` are those that were sent, in their order."""

    def __init__(self) -> None:
        self.spans: list[Any] = []

    async def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
        """Keeps what is sent."""
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return trace_service_pb2.ExportTraceServiceResponse()


@contextlib.asynccontextmanager
async def collecting(*, service: str = "catalog") -> AsyncIterator[Collector]:
    """Traces every call of this process until left, under the name ``service``."""
    found = Collector()
    server = grpc.aio.server()
    add: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add(found, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    telemetry.start_tracing(
        endpoint=f"http://127.0.0.1:{port}",
        service=service,
        instance=f"{service}-1",
        ratio=1.0,
    )
    try:
        yield found
    finally:
        await asyncio.to_thread(telemetry.flush)
        await server.stop(0)


def attributes_of(span: Any) -> dict[str, Any]:
    """The attributes of a span, texts and whole numbers."""
    values = ((one.key, one.value) for one in span.attributes)
    return {key: value.string_value or value.int_value for key, value in values}
