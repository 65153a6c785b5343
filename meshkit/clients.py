"""Channels to other services: mTLS, balancing, health checks, retries by the contract, budgets.

A call is one line: it is bounded by its own ``timeout``, or else the budget of its channel, and by
what remains of the caller's time; where it fails, also in the middle of a stream, it raises the
fault that the service meant (``meshkit.status``)::

    answer = await stub.LookupTracks(request)
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeAlias

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from meshkit import telemetry
from meshkit.contracts import contracts_of
from meshkit.credentials import server_name
from meshkit.deadline import budget
from meshkit.interceptors.request_id import HEADER as REQUEST_ID_HEADER
from meshkit.principal import current_request_id, principal_or_none
from meshkit.status import remote_faults

_UNARY_BUDGET_S = 5.0
_RETRY_POLICY: dict[str, Any] = {
    "maxAttempts": 3,
    "initialBackoff": "0.02s",
    "maxBackoff": "0.5s",
    "backoffMultiplier": 3,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
_RETRY_THROTTLING = {"maxTokens": 20, "tokenRatio": 0.2}

_Continuation: TypeAlias = Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]]


def service_config(services: Iterable[ServiceDescriptor]) -> str:
    """gRPC's service config for a channel: methods that may run twice are retried, others not."""
    retried = [
        {"service": contract.service, "method": contract.path.rpartition("/")[2]}
        for service in services
        for contract in contracts_of(service)
        if contract.retryable
    ]
    methods = [{"name": retried, "retryPolicy": _RETRY_POLICY}] if retried else []
    return json.dumps(
        {
            "loadBalancingConfig": [{"round_robin": {}}],
            "healthCheckConfig": {"serviceName": ""},
            "retryThrottling": _RETRY_THROTTLING,
            "methodConfig": methods,
        }
    )


class CallerSettings(Protocol):
    """What a process calls others with: its certificate, and how large a message may be."""

    @property
    def tls_client_cert_file(self) -> Path | None:
        """PEM certificate with which this workload calls."""
        ...

    @property
    def tls_client_key_file(self) -> Path | None:
        """PEM key of that certificate."""
        ...

    @property
    def tls_ca_file(self) -> Path | None:
        """PEM certificate of the mesh's authority."""
        ...

    @property
    def max_message_bytes(self) -> int:
        """Largest message taken."""
        ...


class Channels:
    """The channels of one process; closes them when it is left.

    Raises ValueError where the process has no certificate.
    """

    def __init__(self, settings: CallerSettings) -> None:
        files = (
            settings.tls_ca_file,
            settings.tls_client_key_file,
            settings.tls_client_cert_file,
        )
        authority, key, certificate = map(_content, files)
        self._credentials = grpc.ssl_channel_credentials(
            root_certificates=authority, private_key=key, certificate_chain=certificate
        )
        self._max_message_bytes = settings.max_message_bytes
        self._opened: list[grpc.aio.Channel] = []

    async def __aenter__(self) -> Channels:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for channel in self._opened:
            await channel.close()

    def open(self, target: str, workload: str, *services: ServiceDescriptor) -> grpc.aio.Channel:
        """A channel to ``target`` whose peers must prove to be ``workload``; connects lazily."""
        channel = grpc.aio.secure_channel(
            target,
            self._credentials,
            options=[
                ("grpc.ssl_target_name_override", server_name(workload)),
                ("grpc.service_config", service_config(services)),
                ("grpc.keepalive_time_ms", 30_000),
                ("grpc.keepalive_timeout_ms", 10_000),
                ("grpc.max_receive_message_length", self._max_message_bytes),
                ("grpc.max_reconnect_backoff_ms", 2_000),
                ("grpc.initial_reconnect_backoff_ms", 100),
            ],
            interceptors=interceptors(),
        )
        self._opened.append(channel)
        return channel


def interceptors(budget_s: float = _UNARY_BUDGET_S) -> Sequence[grpc.aio.ClientInterceptor]:
    """What a channel of ours does to each call: context, budget, faults, telemetry.

    ``budget_s`` bounds the calls with one request and one answer that have no ``timeout``.
    """
    return [_UnaryCalls(budget_s), _StreamCalls(), _Reports(), _Conversations()]


def _content(file: Path | None) -> bytes:
    if file is None:
        raise ValueError("calls to others need a certificate, its key and an authority")
    return file.read_bytes()


def _with_context(details: grpc.aio.ClientCallDetails, timeout: float | None) -> Any:
    """The call with the user, the request id and the trace of the one that is being served."""
    metadata = grpc.aio.Metadata(*(details.metadata or ()))
    principal = principal_or_none()
    if principal is not None and metadata.get("authorization") is None:
        metadata.add("authorization", f"Bearer {principal.token}")
    if current_request_id():
        metadata.add(REQUEST_ID_HEADER, current_request_id())
    for key, value in telemetry.trace_headers():
        metadata.add(key, value)
    return grpc.aio.ClientCallDetails(
        details.method, timeout, metadata, details.credentials, details.wait_for_ready
    )


def _path(details: grpc.aio.ClientCallDetails) -> str:
    return details.method.decode() if isinstance(details.method, bytes) else str(details.method)


class _UnaryCalls(grpc.aio.UnaryUnaryClientInterceptor):
    """Carries the context along and bounds the call by what remains of the caller's time."""

    def __init__(self, budget_s: float) -> None:
        self._budget_s = budget_s

    async def intercept_unary_unary(
        self,
        continuation: _Continuation,
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        """Makes the call; raises the fault that its failure means."""
        timeout = budget(client_call_details.timeout or self._budget_s)
        started = time.perf_counter()
        path = _path(client_call_details)
        with telemetry.client_span(path.lstrip("/"), telemetry.rpc_attributes(path)) as told:
            call = await continuation(_with_context(client_call_details, timeout), request)
            code = await _status(call)
            told["rpc.grpc.status_code"] = code.value[0]
            if code is not grpc.StatusCode.OK:
                told["error.type"] = code.name
        telemetry.client_calls.labels(path, code.name).observe(time.perf_counter() - started)
        if code is not grpc.StatusCode.OK:
            with remote_faults():
                await call
        return call


async def _status(call: Any) -> grpc.StatusCode:
    """How a call ended; where its maker gives up meanwhile, it is cancelled."""
    with contextlib.suppress(grpc.aio.AioRpcError):
        await call
    return await call.code()  # type: ignore[no-any-return]


class _StreamCalls(grpc.aio.UnaryStreamClientInterceptor):
    """Carries the context along; a stream lives as long as its reader wants."""

    async def intercept_unary_stream(
        self,
        continuation: _Continuation,
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        """Makes the call."""
        call, span = await _begun(continuation, client_call_details, request)
        return _answers(call, span)


class _Reports(grpc.aio.StreamUnaryClientInterceptor):
    """Carries the context along where requests stream to one answer."""

    async def intercept_stream_unary(
        self,
        continuation: _Continuation,
        client_call_details: grpc.aio.ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        """Makes the call."""
        call, _span = await _begun(continuation, client_call_details, request_iterator)
        return _Answer(call)


class _Conversations(grpc.aio.StreamStreamClientInterceptor):
    """Carries the context along where both sides stream."""

    async def intercept_stream_stream(
        self,
        continuation: _Continuation,
        client_call_details: grpc.aio.ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        """Makes the call."""
        call, span = await _begun(continuation, client_call_details, request_iterator)
        return _answers(call, span)


async def _begun(
    continuation: _Continuation, details: grpc.aio.ClientCallDetails, request: Any
) -> tuple[Any, _StreamSpan | None]:
    """The call, and its span where one that is recorded is current."""
    path = _path(details)
    span = telemetry.open_client_span(path.lstrip("/"), telemetry.rpc_attributes(path))
    with telemetry.current(span):
        call = await continuation(_with_context(details, details.timeout), request)
    if span is None:
        return call, None
    return call, _StreamSpan(span, call, held=details.timeout is None)


async def _answers(call: Any, span: _StreamSpan | None) -> AsyncIterator[Any]:
    """The messages of a stream; raises the fault that its failure means."""
    with remote_faults():
        async for message in call:
            if span is not None:
                span.answered()
                span = None
            yield message


class _Answer:
    """A call whose one answer is awaited by its maker, who may still have to write requests."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def __await__(self) -> Generator[Any, None, Any]:
        with remote_faults():
            return (yield from self._call.__await__())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)


# The loop itself holds tasks weakly.
_watching: set[asyncio.Task[None]] = set()


class _StreamSpan:
    """The one span of a call that streams: from its start to its status, whatever is told between.

    A call without a deadline may be held for hours, and who looks at a trace waits for its spans:
    the span of such a call ends with the first answer, and then has no status.
    """

    def __init__(self, span: Any, call: Any, *, held: bool) -> None:
        self._span = span
        self._held = held
        self._watching = asyncio.create_task(self._ended(call))
        _watching.add(self._watching)
        self._watching.add_done_callback(_watching.discard)

    def answered(self) -> None:
        """Takes note of the first answer."""
        if self._held and self._watching.cancel():
            self._span.end()

    async def _ended(self, call: Any) -> None:
        code = await call.code()
        error = "" if code is grpc.StatusCode.OK else code.name
        telemetry.finish(self._span, {"rpc.grpc.status_code": code.value[0]}, error=error)
