"""Valkey under the mesh's folder: closed without the password, and what survives."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import redis

from localmesh.free_ports import PortAllocator
from localmesh.supervisor import Supervisor
from localmesh.valkey import EmbeddedValkey

Wait = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def valkey(tmp_path: Path, ports: PortAllocator) -> EmbeddedValkey:
    folder = tmp_path / 'a "quoted" folder'
    folder.mkdir()
    return EmbeddedValkey(folder, tmp_path / "valkey.conf", ports.take(), "word")


async def test_nobody_comes_in_without_the_password(
    supervisor: Supervisor, valkey: EmbeddedValkey
) -> None:
    await supervisor.start((valkey.spec(),))
    with redis.Redis(port=valkey.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    assert stat.S_IMODE(valkey.configuration.stat().st_mode) == 0o600


async def test_what_was_written_survives_a_killed_server(
    supervisor: Supervisor, valkey: EmbeddedValkey, eventually: Wait
) -> None:
    await supervisor.start((valkey.spec(),))
    with redis.Redis.from_url(valkey.url) as client:
        client.set("skips:{user}", 3)
    os.kill(supervisor.status()[0].pid or 0, signal.SIGKILL)
    await eventually(
        lambda: supervisor.status()[0].restarts > 0 and supervisor.status()[0].state == "ready"
    )
    with redis.Redis.from_url(valkey.url) as client:
        assert client.get("skips:{user}") == b"3"


async def test_a_write_torn_by_a_power_cut_is_dropped(
    supervisor: Supervisor, valkey: EmbeddedValkey
) -> None:
    await supervisor.start((valkey.spec(),))
    with redis.Redis.from_url(valkey.url) as client:
        client.set("whole", 1)
    await supervisor.remove("valkey")
    (log,) = valkey.folder.rglob("*.incr.aof")
    log.write_bytes(log.read_bytes() + b"*3\r\n$3\r\nSET\r\n$4\r\nto")
    await supervisor.start((valkey.spec(),))
    with redis.Redis.from_url(valkey.url) as client:
        assert client.keys("*") == [b"whole"]
