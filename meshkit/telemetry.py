"""Metrics for Prometheus and, where an OTLP endpoint is set, traces.

Metric names of RPCs follow gRPC's proposal A66; names of ours begin with ``segue_``. Labels are
bounded: never a user, a track or a session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import prometheus_client
from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

RPC_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 3600)

server_calls = Histogram(
    "grpc_server_call_duration_seconds",
    "Time from the start of a call to its status, by the server.",
    ["grpc_method", "grpc_status"],
    buckets=RPC_BUCKETS_S,
)
client_calls = Histogram(
    "grpc_client_call_duration_seconds",
    "Time from the start of a call to its status, by the client, retries included.",
    ["grpc_method", "grpc_status"],
    buckets=RPC_BUCKETS_S,
)
streams_held = Gauge("segue_streams_held", "Streams that are open now.", ["grpc_method"])
calls_shed = Counter("segue_calls_shed", "Calls refused because of overload.", ["grpc_method"])
degraded = Counter(
    "segue_degraded",
    "Times that a part was unavailable and the service went on without it.",
    ["part", "mode"],
)

_provider: TracerProvider | None = None
_NO_SPAN = nullcontext()


def counter(name: str, text: str, labels: Sequence[str] = ()) -> Counter:
    """A counter named ``segue_<name>``."""
    return Counter(f"segue_{name}", text, labels)


def gauge(name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
    """A gauge named ``segue_<name>``."""
    return Gauge(f"segue_{name}", text, labels)


def histogram(
    name: str, text: str, labels: Sequence[str] = (), buckets: Sequence[float] = RPC_BUCKETS_S
) -> Histogram:
    """A histogram named ``segue_<name>``; buckets in the unit that the name says."""
    return Histogram(f"segue_{name}", text, labels, buckets=tuple(buckets))


def serve_metrics(listen: str) -> None:
    """Serves ``/metrics`` on ``host:port`` from a thread of its own."""
    host, _, port = listen.rpartition(":")
    prometheus_client.start_http_server(int(port), addr=host)


def start_tracing(*, endpoint: str, service: str, instance: str, ratio: float) -> None:
    """Sends spans of a share of the calls to an OTLP/gRPC endpoint from now on."""
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    resource = Resource.create({"service.name": service, "service.instance.id": instance})
    provider = TracerProvider(resource=resource, sampler=ParentBased(TraceIdRatioBased(ratio)))
    insecure = not endpoint.startswith("https://")
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=insecure))
    )
    global _provider
    _provider = provider


def flush() -> None:
    """Sends what is still held and makes no spans from then on; a process's last doing."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
        _provider = None


def send_spans() -> None:
    """Sends the spans that have ended by now, without waiting for more of them."""
    if _provider is not None:
        _provider.force_flush()


def tracing() -> bool:
    """Whether spans are made at all."""
    return _provider is not None


def rpc_attributes(path: str) -> dict[str, str]:
    """What OpenTelemetry's conventions ask of a span of the gRPC method at ``path``."""
    service, _, method = path.strip("/").partition("/")
    return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}


def server_span(name: str, headers: Mapping[str, str], attributes: Mapping[str, str]) -> Any:
    """Starts the server's span of a request as a child of its caller's; None without tracing.

    ``headers`` by lower-case names. End it by :func:`finish`.
    """
    if _provider is None:
        return None
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    parent = TraceContextTextMapPropagator().extract(headers)
    return _provider.get_tracer("segue").start_span(
        name, context=parent, kind=SpanKind.SERVER, attributes=attributes
    )


def finish(span: Any, attributes: Mapping[str, str | int], *, error: str = "") -> None:
    """Ends a span; ``error`` names what is the matter, where something of ours is."""
    span.set_attributes(attributes)
    if error:
        _fail(span, error)
    span.end()


def _fail(span: Any, error: str) -> None:
    from opentelemetry.trace import StatusCode

    span.set_attribute("error.type", error)
    span.set_status(StatusCode.ERROR, error)


def current(span: Any) -> AbstractContextManager[Any]:
    """Within it ``span`` is the parent of what is started; for None nothing changes."""
    if span is None:
        return _NO_SPAN
    from opentelemetry.trace import use_span

    manager: AbstractContextManager[Any] = use_span(
        span, end_on_exit=False, record_exception=False, set_status_on_exception=False
    )
    return manager


@contextmanager
def span(name: str, **attributes: str | int | float | bool) -> Iterator[None]:
    """A span of ours around a piece of work; costs one comparison where tracing is off."""
    if _provider is None:
        yield
        return
    with _provider.get_tracer("segue").start_as_current_span(name, attributes=attributes):
        yield


def client_span(
    name: str, attributes: Mapping[str, str | int]
) -> AbstractContextManager[dict[str, str | int]]:
    """A span around a call of a store or a service, where one that is recorded is current.

    Without such a parent nothing is made: what a process does by itself has no trace. What is put
    into the answer becomes attributes at the end, and an ``error.type`` among it the span's status.
    An exception is told by its type alone: its words may hold what was stored.
    """
    if _provider is None:
        return nullcontext({})
    from opentelemetry.trace import get_current_span

    if not get_current_span().is_recording():
        return nullcontext({})
    return _client_span(_provider, name, attributes)


def open_client_span(name: str, attributes: Mapping[str, str | int]) -> Any:
    """As ``client_span`` for a call that outlives the block in which it was made; None without one.

    End it by :func:`finish`.
    """
    if _provider is None:
        return None
    from opentelemetry.trace import SpanKind, get_current_span

    if not get_current_span().is_recording():
        return None
    return _provider.get_tracer("segue").start_span(
        name, kind=SpanKind.CLIENT, attributes=attributes
    )


@contextmanager
def _client_span(
    provider: TracerProvider, name: str, attributes: Mapping[str, str | int]
) -> Iterator[dict[str, str | int]]:
    from opentelemetry.trace import SpanKind

    found: dict[str, str | int] = {}
    with provider.get_tracer("segue").start_as_current_span(
        name,
        kind=SpanKind.CLIENT,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as made:
        try:
            yield found
        except BaseException as error:
            _fail(made, type(error).__name__)
            raise
        finally:
            made.set_attributes(found)
            if "error.type" in found:
                _fail(made, str(found["error.type"]))


def trace_headers() -> list[tuple[str, str]]:
    """The headers that make a called service's span a child of the current one."""
    if _provider is None:
        return []
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return list(carrier.items())
