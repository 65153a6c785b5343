"""What the processes of a mesh tell of themselves: series by Prometheus, spans over OTLP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as pb_grpc
from prometheus_client.parser import text_string_to_metric_families

from localmesh.discovery import find_mesh
from localmesh.processes import EDGE


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure of one process."""

    process: str
    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Signals:
    """All figures of all processes at a time, and which series each process tells at all."""

    samples: list[Sample]
    told: dict[str, set[str]]

    def __call__(self, name: str, **labels: str) -> float:
        """The sum of a series over the processes and over the labels that are not given."""
        return sum(
            each.value
            for each in self.samples
            # The parser gives counters of other makers the ending that ours have.
            if each.name in (name, f"{name}_total") and labels.items() <= each.labels.items()
        )


async def read_signals(folder: Path, *, edge: bool = True) -> Signals:
    """The page of every process; that of the edge, which is long, may be left out."""
    pages = {name: url for name, url in find_mesh(folder).metrics.items() if edge or name != EDGE}
    texts = await asyncio.gather(*(asyncio.to_thread(_page, url) for url in pages.values()))
    samples, told = list[Sample](), dict[str, set[str]]()
    for process, text in zip(pages, texts, strict=True):
        families = list(text_string_to_metric_families(text))
        told[process] = {family.name for family in families}
        for family in families:
            samples += [Sample(process, one.name, one.labels, one.value) for one in family.samples]
    return Signals(samples, told)


def _page(url: str) -> str:
    with urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


@dataclass(frozen=True, slots=True)
class Told:
    """A span and the service that made it."""

    service: str
    span: Any

    @property
    def attributes(self) -> dict[str, str]:
        return {one.key: one.value.string_value for one in self.span.attributes}


@dataclass
class Collector(pb_grpc.TraceServiceServicer):
    """Keeps the spans that it is sent, from a thread of its own."""

    endpoint: str = ""
    _told: list[Told] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def Export(
        self, request: pb.ExportTraceServiceRequest, context: Any
    ) -> pb.ExportTraceServiceResponse:
        for resource in request.resource_spans:
            names = (one for one in resource.resource.attributes if one.key == "service.name")
            service = next(names).value.string_value
            spans = [Told(service, span) for scope in resource.scope_spans for span in scope.spans]
            with self._guard:
                self._told += spans
        return pb.ExportTraceServiceResponse()

    def of(self, trace: str) -> list[Told]:
        """What came of a trace until now."""
        with self._guard:
            return [one for one in self._told if one.span.trace_id.hex() == trace]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a port of its own."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(4))
    pb_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    collector.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(0).wait()
