"""Serves an ASGI application in the loop of its process, beside whatever else that does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from meshkit.credentials import Credentials

UNIX = "unix:"
"""What an address begins with that is the path of a Unix socket."""

_BACKLOG = 512


class ListenError(Exception):
    """The address to listen on is malformed, taken, or not ours."""


class _Server(Server):
    """On a socket that is bound already, so that nobody shares it and port 0 is any free one."""

    def __init__(self, app: ASGIApp, listener: socket.socket, tls: Credentials | None) -> None:
        # ASGINL, without lifespan: there is nothing to open. http auto: HTTP/1.1 and h2c.
        files: dict[str, Any] = {}
        if tls is not None:
            files = {"ssl_cert": tls.cert_file, "ssl_key": tls.key_file, "ssl_ca": tls.ca_file}
            files["ssl_client_verify"] = True
        kind = Interfaces.ASGINL
        super().__init__(app, interface=kind, log_enabled=False, websockets=False, **files)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        holder: Any = SocketHolder
        local = self._listener.family == socket.AF_UNIX
        self._shd = holder(self._listener.detach(), local, _BACKLOG)


@dataclass(frozen=True, slots=True)
class HttpServing:
    """A server that listens on ``port``, 0 where on a Unix socket; ``running`` ends before its
    time only where it failed.
    """

    port: int
    running: asyncio.Task[None]


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, listen: str, *, grace_s: float, tls: Credentials | None = None
) -> AsyncIterator[HttpServing]:
    """Serves ``app`` on ``host:port`` or ``unix:/path`` in this loop; takes no signals.

    With ``tls``, whoever calls over TCP must have a certificate of the same authority. A Unix
    socket is its owner's alone (0600) and needs none. Requests in flight get ``grace_s`` at the
    end, a second at least. Raises ``ListenError``.
    """
    path = Path(listen.removeprefix(UNIX)) if listen.startswith(UNIX) else None
    listener = _listener(listen) if path is None else _local_listener(path)
    port = int(listener.getsockname()[1]) if path is None else 0
    server = _Server(app, listener, tls if path is None else None)
    server.workers_kill_timeout = max(1, round(grace_s))
    running = asyncio.create_task(server.serve(), name="http server")
    try:
        yield HttpServing(port, running)
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await running
        if path is not None:
            path.unlink(missing_ok=True)


def _local_listener(path: Path) -> socket.socket:
    """What a killed process left at ``path`` is replaced."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        path.unlink(missing_ok=True)
        # From its first moment on; nothing else of this process makes a file meanwhile.
        others = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(others)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(f"cannot listen on {UNIX}{path} for HTTP: {error}") from error
    return listener


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
