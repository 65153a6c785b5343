"""The telemetry stage: one histogram and, for a share of the calls, one span a call."""

from __future__ import annotations

import time
from typing import Any

import grpc

from meshkit import telemetry
from meshkit.contracts import MethodContract

# The codes that say that a server has failed; others say that its caller has to do something else.
_OURS = (
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
)


class MethodTelemetry:
    """The metrics of one method, with the children of its labels resolved once."""

    __slots__ = ("_attributes", "_by_status", "_held", "_path", "_shed")

    def __init__(self, contract: MethodContract) -> None:
        self._path = contract.path
        self._attributes = telemetry.rpc_attributes(contract.path)
        self._by_status: dict[grpc.StatusCode, Any] = {}
        self._held = telemetry.streams_held.labels(contract.path) if contract.is_stream else None
        self._shed = telemetry.calls_shed.labels(contract.path)

    def begin(self, headers: dict[str, str]) -> tuple[float, Any]:
        """Starts the clock and the span of a call."""
        if self._held is not None:
            self._held.inc()
        name = self._path.lstrip("/")
        return time.perf_counter(), telemetry.server_span(name, headers, self._attributes)

    def shed(self) -> None:
        """Counts a call that was refused because of overload."""
        self._shed.inc()

    def answered(self, begun: tuple[float, Any]) -> tuple[float, Any]:
        """Ends the span of a stream that has begun to answer and may be held for hours.

        Whoever looks at a trace waits for its spans; how the stream ends is counted at its end.
        """
        started, span = begun
        if span is not None:
            span.end()
        return started, None

    def end(self, begun: tuple[float, Any], code: grpc.StatusCode) -> None:
        """Records how the call ended."""
        started, span = begun
        if self._held is not None:
            self._held.dec()
        child = self._by_status.get(code)
        if child is None:
            child = telemetry.server_calls.labels(self._path, code.name)
            self._by_status[code] = child
        child.observe(time.perf_counter() - started)
        if span is not None:
            _finish(span, code)


def _finish(span: Any, code: grpc.StatusCode) -> None:
    error = code.name if code in _OURS else ""
    telemetry.finish(span, {"rpc.grpc.status_code": code.value[0]}, error=error)
