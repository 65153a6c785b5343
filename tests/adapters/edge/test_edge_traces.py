"""Traces: a caller's context goes on; whether it is recorded is for the edge alone to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from edge_world import TRACK_ID, World, open_world
from media_origin import Origin
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as pb_grpc

TRACE, PARENT = "ab" * 16, "cd" * 8
TOLD = "/search/suggest?q=traceparent"


class Collector(pb_grpc.TraceServiceServicer):
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        self.spans: list[Any] = []

    async def Export(
        self, request: pb.ExportTraceServiceRequest, context: Any
    ) -> pb.ExportTraceServiceResponse:
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return pb.ExportTraceServiceResponse()

    async def until(self, count: int) -> list[Any]:
        """The spans, once there are as many."""
        async with asyncio.timeout(30):
            while len(self.spans) < count:
                await asyncio.sleep(0.1)
        return self.spans


@asynccontextmanager
async def traced(
    folder: Path, origin: Origin, percent: float
) -> AsyncIterator[tuple[World, Collector]]:
    """A world whose edge traces a share of the calls."""
    server, collector = grpc.aio.server(), Collector()
    pb_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    told = {"otlp_endpoint": f"http://127.0.0.1:{port}", "trace_percent": percent}
    async with open_world(folder, origin, **told) as world:
        yield world, collector
    await server.stop(0)


async def context_at_the_service(world: World, **headers: str) -> str:
    """The context that the service of a call is told."""
    answer = await world.call("GET", TOLD, headers={**world.bearer(), **headers})
    return str(answer.json()["suggestions"][0]["text"])


@pytest.mark.parametrize("flags", ["00", "01"])
async def test_nothing_that_a_caller_sends_makes_the_edge_record(
    tmp_path: Path, origin: Origin, flags: str
) -> None:
    async with traced(tmp_path, origin, percent=0) as (world, collector):
        asked = {
            "traceparent": f"00-{TRACE}-{PARENT}-{flags}",
            "x-client-trace-id": "x",
            "x-envoy-force-trace": "1",
            "x-request-id": "00000000-0000-9000-8000-000000000000",
        }
        version, trace, _, recorded = (await context_at_the_service(world, **asked)).split("-")
        assert (version, trace, recorded) == ("00", TRACE, "00")
        del asked["traceparent"]
        assert (await context_at_the_service(world, **asked)).endswith("-00")
        stats = await world.admin("/stats?filter=opentelemetry.spans_sent")
        assert stats.split() == ["tracing.opentelemetry.spans_sent:", "0"]
        assert collector.spans == []


@pytest.mark.parametrize("flags", ["00", "01"])
async def test_what_is_recorded_stands_in_the_callers_trace(
    tmp_path: Path, origin: Origin, flags: str
) -> None:
    async with traced(tmp_path, origin, percent=100) as (world, collector):
        await collector.until(1)
        asked = {"traceparent": f"00-{TRACE}-{PARENT}-{flags}"}
        version, trace, span, recorded = (await context_at_the_service(world, **asked)).split("-")
        assert (version, trace, recorded) == ("00", TRACE, "01")
        for _ in range(5):
            await world.call("GET", f"/tracks/{TRACK_ID}", headers=world.bearer())
        await collector.until(6)
        (ours,) = [one for one in collector.spans if one.trace_id.hex() == TRACE]
        assert (ours.span_id.hex(), ours.parent_span_id.hex()) == (span, PARENT)


async def test_paths_that_are_permissions_are_recorded_for_nobody(
    tmp_path: Path, origin: Origin
) -> None:
    async with traced(tmp_path, origin, percent=100) as (world, collector):
        asked = {"traceparent": f"00-{TRACE}-{PARENT}-01", "x-client-trace-id": "x"}
        for path in ("/s/SECRET", "/S/SECRET", "/media/v1/SECRET", "/SECRET"):
            await world.call("GET", path, headers=asked)
        await collector.until(1)
        await context_at_the_service(world, traceparent=f"00-{TRACE}-{PARENT}-01")
        for _ in range(5):
            await context_at_the_service(world)
        spans = await collector.until(6)
        assert "SECRET" not in str(spans)


@pytest.mark.parametrize("wrong", ["", "x", "00", f"00-{TRACE}", f"ff-{TRACE}-{PARENT}-01"])
async def test_a_context_that_is_none_does_no_harm(
    tmp_path: Path, origin: Origin, wrong: str
) -> None:
    async with traced(tmp_path, origin, percent=0) as (world, _):
        answer = await world.call("GET", TOLD, headers={**world.bearer(), "traceparent": wrong})
        assert answer.status_code == 200
