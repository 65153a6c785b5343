"""Serves an ASGI application in the loop of its process, beside whatever else that does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

_BACKLOG = 512


class ListenError(Exception):
    """The address to listen on is malformed, taken, or not ours."""


class _Server(Server):
    """On a socket that is bound already, so that nobody shares it and port 0 is any free one."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        # ASGINL, without lifespan: there is nothing to open. http auto: HTTP/1.1 and h2c.
        super().__init__(app, interface=Interfaces.ASGINL, log_enabled=False, websockets=False)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        holder: Any = SocketHolder
        self._shd = holder(self._listener.detach(), False, _BACKLOG)


@dataclass(frozen=True, slots=True)
class HttpServing:
    """A server that listens on ``port``; ``running`` ends before its time only where it failed."""

    port: int
    running: asyncio.Task[None]


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listen: str, *, grace_s: float) -> AsyncIterator[HttpServing]:
    """Serves ``app`` on ``host:port`` in this loop; takes no signals.

    Requests in flight get ``grace_s`` at the end, a second at least. Raises ``ListenError``.
    """
    listener = _listener(listen)
    port = int(listener.getsockname()[1])
    server = _Server(app, listener)
    server.workers_kill_timeout = max(1, round(grace_s))
    running = asyncio.create_task(server.serve(), name="http server")
    try:
        yield HttpServing(port, running)
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await running


def _listener(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server(
            (host.strip("[]"), int(port)), family=family, backlog=_BACKLOG
        )
    except (OSError, ValueError, OverflowError) as error:
        raise ListenError(f"cannot listen on {listen} for HTTP: {error}") from error
    # Inherited by what is accepted: else an answer in two pieces waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
