"""The gRPC server of every service: identity, interceptors, health, reflection, channelz, drain."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import grpc
import structlog
import uvloop
from grpc_channelz.v1 import channelz
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from meshkit import contracts, logs, reflection, telemetry
from meshkit.background import unless
from meshkit.interceptors import auth
from meshkit.interceptors.pipeline import Pipeline
from meshkit.server_context import Context
from meshkit.settings import ProcessSettings, ServiceSettings
from meshkit.streams import OpenStreams
from meshkit.tokens import TokenVerifier

__all__ = ["Context", "MeshServer", "configure", "run", "stop_signal"]

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
# Streams are held for hours; Envoy pings idle connections every 10 to 30 s, and gRPC's default of
# one ping in five minutes would cut them as a flood.
_KEEPALIVE_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
)
# Above the 64 KiB that the edge takes: unless told, gRPC refuses more than 8 KiB of headers at
# random and more than 16 always, as a limit that was reached and in words that list the headers.
_METADATA_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_metadata_size", 128 * 1024),
    ("grpc.absolute_max_metadata_size", 128 * 1024),
)

_log = structlog.get_logger("server")


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a process's main coroutine on uvloop and flushes telemetry after it."""
    try:
        uvloop.run(main())
    finally:
        telemetry.flush()


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set from now on."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def configure(settings: ProcessSettings, service: str) -> None:
    """Sets logs, metrics and traces of this process as its settings say."""
    logs.configure(
        log_format=settings.log_format,
        log_level=settings.log_level,
        service=service,
        instance=settings.instance,
    )
    if settings.metrics_listen:
        telemetry.serve_metrics(settings.metrics_listen)
    if settings.otlp_endpoint:
        telemetry.start_tracing(
            endpoint=settings.otlp_endpoint,
            service=service,
            instance=settings.instance,
            ratio=settings.trace_ratio,
        )


class MeshServer:
    """A ``grpc.aio`` server with everything that the mesh asks of one.

    ``tokens`` verifies users; a service without USER methods passes none. ``draining`` is set when
    the server begins to drain, and ``streams`` end, each saying why.
    """

    def __init__(self, settings: ServiceSettings, *, tokens: TokenVerifier | None = None) -> None:
        self._settings = settings
        self._tokens = tokens
        self._drain_callbacks: list[Callable[[], Awaitable[None]]] = []
        self._names: list[str] = []
        self._health = health.aio.HealthServicer()
        self._tasks: list[asyncio.Task[None]] = []
        self.draining = asyncio.Event()
        self.streams = OpenStreams(tokens, spread_s=settings.drain_spread_s)
        self._server = grpc.aio.server(
            interceptors=[self._pipeline()], options=self._options(), compression=None
        )
        self._add_infrastructure()

    def _pipeline(self) -> Pipeline:
        return Pipeline(
            contracts.all_contracts(),
            self._tokens,
            max_calls=self._settings.max_calls,
            max_streams=self._settings.max_streams,
            default_deadline_s=self._settings.default_deadline_s,
        )

    def _options(self) -> list[tuple[str, int]]:
        return [
            *_KEEPALIVE_OPTIONS,
            *_METADATA_OPTIONS,
            ("grpc.so_reuseport", int(self._settings.port_held)),
            ("grpc.max_receive_message_length", self._settings.max_message_bytes),
            ("grpc.max_send_message_length", self._settings.max_message_bytes),
            ("grpc.max_concurrent_streams", self._settings.max_streams),
        ]

    def _add_infrastructure(self) -> None:
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        channelz.add_channelz_servicer(self._server)
        reflection.add_to(self._server, auth.workload_of)

    def add(self, add_servicer_to_server: Callable[[Any, Any], Any], servicer: Any) -> None:
        """Serves a servicer by the generated ``add_…Servicer_to_server``."""
        recorder = _ServiceRecorder(self._server)
        add_servicer_to_server(servicer, recorder)
        self._names.extend(recorder.names)

    def on_drain(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Has ``callback`` awaited when draining begins, while calls are still served."""
        self._drain_callbacks.append(callback)

    async def start(self) -> int:
        """Listens, NOT_SERVING at first, and returns the port; exits when it is taken."""
        await self._set_health(_NOT_SERVING)
        try:
            port = self._server.add_secure_port(self._settings.listen, self._credentials())
        except RuntimeError:
            sys.exit(f"cannot listen on {self._settings.listen}: the port is taken")
        await self._server.start()
        if self._tokens is not None:
            self._tasks.append(asyncio.create_task(self._tokens.run(), name="token keys"))
        return int(port)

    async def set_serving(self) -> None:
        """Tells callers that this instance takes calls."""
        await self._set_health(_SERVING)

    async def serve(self, ready: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Serves until SIGTERM or SIGINT and drains; SERVING once ``ready`` has returned."""
        stop = stop_signal()
        port = await self.start()
        if ready is None or await unless(stop, ready()):
            await self.set_serving()
            _log.info("serving", port=port)
        await stop.wait()
        await self.drain()

    async def drain(self) -> None:
        """NOT_SERVING, ends of streams, callbacks, notice, grace for calls in flight, stop."""
        _log.info("draining")
        await self._health.enter_graceful_shutdown()
        self.draining.set()
        async with asyncio.TaskGroup() as ending:
            ending.create_task(self.streams.drain(over_s=self._settings.drain_notice_s))
            for callback in self._drain_callbacks:
                await callback()
        await asyncio.sleep(self._settings.drain_notice_s)
        await self._server.stop(self._settings.drain_s)
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        _log.info("stopped")

    async def _set_health(self, state: int) -> None:
        for name in ("", *self._names):
            await self._health.set(name, state)

    def _credentials(self) -> grpc.ServerCredentials:
        certificate = self._settings.tls_cert_file.read_bytes()
        key = self._settings.tls_key_file.read_bytes()
        authority = self._settings.tls_ca_file.read_bytes()
        return grpc.ssl_server_credentials(
            [(key, certificate)], root_certificates=authority, require_client_auth=True
        )


class _ServiceRecorder:
    """Stands before the server while a servicer is added, and notes the names of its services."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server
        self.names: list[str] = []

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """Passes handlers on."""
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service_name: str, handlers: Any) -> None:
        """Passes handlers on and notes the service's name."""
        self.names.append(service_name)
        self._server.add_registered_method_handlers(service_name, handlers)
