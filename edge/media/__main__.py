"""``python -m edge.media serve``: the media origin as a process."""

from __future__ import annotations

import asyncio
import signal
import sys

from meshkit.startup import lean_imports

with lean_imports():
    import structlog
    import uvloop
    from granian.constants import Interfaces
    from granian.server.embed import Server

    from edge.media.servicer import MediaServicer
    from edge.media.settings import Settings
    from edge.media.wiring import reporting, wire
    from meshkit import logs, telemetry
    from meshkit.capability import KeysUnusable
    from meshkit.settings import load


def main() -> None:
    """Serves until SIGTERM or SIGINT; exits 2 on bad arguments or settings."""
    if sys.argv[1:] != ["serve"]:
        sys.exit("usage: python -m edge.media serve")
    settings = load(Settings)
    logs.configure(
        log_format=settings.log_format,
        log_level=settings.log_level,
        service="media",
        instance=settings.instance,
    )
    try:
        uvloop.run(serve(settings))
    finally:
        telemetry.flush()


async def serve(settings: Settings) -> None:
    """Runs the server, then drains: unhealthy first, then deaf, then told all, then gone."""
    log = structlog.get_logger()
    try:
        origin = wire(settings)
    except (KeysUnusable, ValueError, OSError) as error:
        log.error("media_cannot_start", problem=str(error))
        sys.exit(2)
    if settings.metrics_listen is not None:
        telemetry.serve_metrics(settings.metrics_listen)
    if settings.otlp_endpoint is not None:
        telemetry.start_tracing(
            endpoint=settings.otlp_endpoint,
            service="media",
            instance=settings.instance,
            ratio=settings.trace_ratio,
        )
    async with reporting(settings, origin):
        await _answer(settings, origin.servicer)
    log.info("media_stopped")


async def _answer(settings: Settings, servicer: MediaServicer) -> None:
    """Serves HTTP until SIGTERM or SIGINT."""
    log = structlog.get_logger()
    host, _, port = settings.http_listen.rpartition(":")
    # ASGINL, without lifespan: there is nothing to open. http auto: HTTP/1.1 and h2c.
    server = Server(
        servicer.app(),
        address=host,
        port=int(port),
        interface=Interfaces.ASGINL,
        log_enabled=False,
        websockets=False,
    )
    server.workers_kill_timeout = max(1, round(settings.drain_s))
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    log.info("media_serving", address=settings.http_listen)
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        servicer.drain()
        await asyncio.sleep(settings.drain_notice_s)
        server.stop()  # type: ignore[no-untyped-call]
    await serving


if __name__ == "__main__":
    main()
