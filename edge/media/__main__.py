"""``python -m edge.media serve``: the media origin as a process."""

from __future__ import annotations

import asyncio
import signal
import sys

from meshkit.startup import lean_imports

with lean_imports():
    import structlog
    import uvloop

    from edge.media.assembly import assemble
    from edge.media.servicer import MediaServicer
    from edge.media.settings import Settings
    from edge.media.wiring import beside_playback, connect
    from meshkit import logs, telemetry
    from meshkit.capability import KeysUnusable
    from meshkit.http_server import ListenError, serving
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
        parts = connect(settings)
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
    async with beside_playback(settings, parts):
        try:
            await _answer(settings, assemble(settings, parts))
        except ListenError as error:
            log.error("media_cannot_start", problem=str(error))
            sys.exit(1)
    log.info("media_stopped")


async def _answer(settings: Settings, servicer: MediaServicer) -> None:
    """Serves HTTP until SIGTERM or SIGINT."""
    log = structlog.get_logger()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    app, listen, tls = servicer.app(), settings.http_listen, settings.http_tls
    async with serving(app, listen, grace_s=settings.drain_s, tls=tls) as served:
        log.info("media_serving", address=settings.http_listen)
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({served.running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not served.running.done():
            servicer.drain()
            await asyncio.sleep(settings.drain_notice_s)


if __name__ == "__main__":
    main()
