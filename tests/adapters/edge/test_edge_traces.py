"""Traces: a caller's context goes on; whether it is recorded is for the edge alone to say."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from edge_world import World, open_world
from media_origin import Origin
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as pb_grpc

PARENT = "cd" * 8
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

    async def of(self, trace: str) -> list[Any]:
        """The spans of a trace, once there are any."""
        async with asyncio.timeout(30):
            while not (found := [one for one in self.spans if one.trace_id.hex() == trace]):
                await asyncio.sleep(0.1)
        return found


@dataclass
class Traced:
    """A world whose edge traces a share of the calls, and what it sent."""

    world: World
    collector: Collector


@asynccontextmanager
async def traced(folder: Path, origin: Origin, percent: float) -> AsyncIterator[Traced]:
    server, collector = grpc.aio.server(), Collector()
    pb_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    told = {"otlp_endpoint": f"http://127.0.0.1:{port}", "trace_percent": percent}
    async with open_world(folder, origin, **told) as world:
        yield Traced(world, collector)
    await server.stop(0)


@pytest.fixture(scope="module")
async def never(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> AsyncIterator[Traced]:
    """An edge that traces nothing."""
    async with traced(tmp_path_factory.mktemp("never"), origin, 0) as found:
        yield found


@pytest.fixture(scope="module")
async def always(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> AsyncIterator[Traced]:
    """An edge that traces every call."""
    async with traced(tmp_path_factory.mktemp("always"), origin, 100) as found:
        yield found


def context(trace: str, flags: str) -> str:
    return f"00-{trace}-{PARENT}-{flags}"


async def context_at_the_service(world: World, **headers: str) -> str:
    """The context that the service of a call is told."""
    answer = await world.call("GET", TOLD, headers={**world.bearer(), **headers})
    return str(answer.json()["suggestions"][0]["text"])


@pytest.mark.parametrize("flags", ["00", "01"])
async def test_nothing_that_a_caller_sends_makes_the_edge_record(never: Traced, flags: str) -> None:
    trace = secrets.token_hex(16)
    asked = {
        "traceparent": context(trace, flags),
        "x-client-trace-id": "x",
        "x-envoy-force-trace": "1",
        "x-request-id": "00000000-0000-9000-8000-000000000000",
    }
    told = (await context_at_the_service(never.world, **asked)).split("-")
    assert (told[1], told[3]) == (trace, "00")
    del asked["traceparent"]
    assert (await context_at_the_service(never.world, **asked)).endswith("-00")
    stats = await never.world.admin("/stats?filter=opentelemetry.spans_sent")
    assert stats.split() == ["tracing.opentelemetry.spans_sent:", "0"]
    assert never.collector.spans == []


@pytest.mark.parametrize("flags", ["00", "01"])
async def test_what_is_recorded_stands_in_the_callers_trace(always: Traced, flags: str) -> None:
    trace = secrets.token_hex(16)
    told = await context_at_the_service(always.world, traceparent=context(trace, flags))
    version, same, span, recorded = told.split("-")
    assert (version, same, recorded) == ("00", trace, "01")
    (ours,) = await always.collector.of(trace)
    assert (ours.span_id.hex(), ours.parent_span_id.hex()) == (span, PARENT)


async def test_paths_that_are_permissions_are_recorded_for_nobody(always: Traced) -> None:
    asked = {"traceparent": context(secrets.token_hex(16), "01"), "x-client-trace-id": "x"}
    for path in ("/s/SECRET", "/S/SECRET", "/media/v1/SECRET", "/SECRET"):
        await always.world.call("GET", path, headers=asked)
    last = secrets.token_hex(16)
    await context_at_the_service(always.world, traceparent=context(last, "01"))
    await always.collector.of(last)
    assert "SECRET" not in str(always.collector.spans)


@pytest.mark.parametrize("wrong", ["", "x", "00", f"00-{'a' * 32}", f"ff-{'a' * 32}-{PARENT}-01"])
async def test_a_context_that_is_none_does_no_harm(never: Traced, wrong: str) -> None:
    headers = {**never.world.bearer(), "traceparent": wrong}
    assert (await never.world.call("GET", TOLD, headers=headers)).status_code == 200
