"""A server's life: a taken port, a stop while it gets ready, health before and after."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from meshkit.server import MeshServer
from meshkit.testing.rpc import service_settings


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        address = f"127.0.0.1:{held.getsockname()[1]}"
        server = MeshServer(service_settings(tmp_path, listen=address))
        with pytest.raises(SystemExit, match=address):
            await server.start()


async def test_a_stop_while_it_gets_ready_ends_what_it_was_doing(tmp_path: Path) -> None:
    server = MeshServer(service_settings(tmp_path))
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def ready() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    serving = asyncio.create_task(server.serve(ready))
    await begun.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(20):
        await serving
    assert cancelled.is_set()


async def test_what_fails_while_it_gets_ready_ends_the_server(tmp_path: Path) -> None:
    server = MeshServer(service_settings(tmp_path))

    async def ready() -> None:
        raise ValueError("no schema")

    with pytest.raises(ValueError, match="no schema"):
        await server.serve(ready)
    await server.drain()
