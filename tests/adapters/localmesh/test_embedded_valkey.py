"""Valkey under the mesh's folder: closed without the password, and what survives."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import redis

from catalog_svc.adapters.valkey import most_played
from edge.identity.adapters.valkey import sign_up_limiter
from localmesh.services import SERVICES
from localmesh.supervisor import Supervisor
from localmesh.valkey import EmbeddedValkey, ValkeyUser
from playback_svc.adapters.valkey import events, positions, preferences, skips
from playlist_svc.adapters.valkey import attempts, heads
from rec_svc.adapters.valkey import homes

Wait = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def valkey(short_folder: Path) -> EmbeddedValkey:
    folder = short_folder / 'a "quoted" folder'
    folder.mkdir()
    users = {
        "playback": ValkeyUser("one", ("skips:*",), ("inbox:*",)),
        "playlist": ValkeyUser("two", ("whole", "playlist:*")),
    }
    return EmbeddedValkey(folder, short_folder / "valkey.conf", folder / "a.sock", "word", users)


async def test_nobody_comes_in_without_the_password(
    supervisor: Supervisor, valkey: EmbeddedValkey
) -> None:
    await supervisor.start((valkey.spec(),))
    path = str(valkey.socket)
    strangers = (
        redis.Redis(unix_socket_path=path),
        redis.Redis(unix_socket_path=path, password="word"),
        redis.Redis(unix_socket_path=path, username="playback", password="two"),
    )
    for stranger in strangers:
        with stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    assert stat.S_IMODE(valkey.configuration.stat().st_mode) == 0o600
    assert stat.S_IMODE(valkey.socket.stat().st_mode) == 0o700
    assert not {"one", "two", "word"} & set(valkey.configuration.read_text().split())


async def test_a_service_touches_its_own_and_nothing_that_is_not_for_clients(
    supervisor: Supervisor, valkey: EmbeddedValkey
) -> None:
    await supervisor.start((valkey.spec(),))
    with redis.Redis.from_url(valkey.url("playback")) as client:
        client.eval(
            "redis.call('SET', KEYS[1], 1) redis.call('PUBLISH', ARGV[1], 1)",
            1,
            "skips:a",
            "inbox:b",
        )
        assert client.get("skips:a") == b"1"
        denied = (
            ("GET", "playlist:1"),
            ("EVAL", "return redis.call('GET', KEYS[1])", 1, "playlist:1"),
            ("PUBLISH", "elsewhere", "1"),
            ("KEYS", "*"),
            ("FLUSHALL",),
            ("CONFIG", "GET", "*"),
            ("ACL", "LIST"),
            ("SHUTDOWN",),
            ("CLIENT", "LIST"),
        )
        for words in denied:
            with pytest.raises(redis.ResponseError, match=r"(?i)permission|access key"):
                client.execute_command(*words)
    probe = redis.Redis(unix_socket_path=str(valkey.socket), username="supervisor", password="word")
    with probe, pytest.raises(redis.exceptions.NoPermissionError):
        probe.get("skips:a")


def test_the_patterns_of_a_service_are_of_the_keys_that_it_uses() -> None:
    tag = "01J"
    used = {
        "identity": (sign_up_limiter.key_of("192.0.2.1"),),
        "catalog": (most_played.KEY, most_played.LOADING_KEY),
        "playlist": (heads.key_of(tag), attempts.key_of(tag)),
        "playback": (
            preferences.key_of(tag),
            skips.key_of(tag, 1),
            events.key_of(tag),
            events.INBOX + tag,
            positions.key_of(tag),
            positions.SINCE,
        ),
        "rec": (homes.key_of(tag),),
    }
    assert set(used) == {name for name, service in SERVICES.items() if service.valkey_keys}
    for name, keys in used.items():
        patterns = SERVICES[name].valkey_keys
        for key in keys:
            assert any(key.startswith(pattern.removesuffix("*")) for pattern in patterns), key
    assert SERVICES["playback"].valkey_channels == (f"{events.INBOX}*",)


async def test_what_was_written_survives_a_killed_server(
    supervisor: Supervisor, valkey: EmbeddedValkey, eventually: Wait
) -> None:
    await supervisor.start((valkey.spec(),))
    with redis.Redis.from_url(valkey.url("playback")) as client:
        client.set("skips:{user}", 3)
    os.kill(supervisor.status()[0].pid or 0, signal.SIGKILL)
    await eventually(
        lambda: supervisor.status()[0].restarts > 0 and supervisor.status()[0].state == "ready"
    )
    with redis.Redis.from_url(valkey.url("playback")) as client:
        assert client.get("skips:{user}") == b"3"


async def test_a_write_torn_by_a_power_cut_is_dropped(
    supervisor: Supervisor, valkey: EmbeddedValkey
) -> None:
    await supervisor.start((valkey.spec(),))
    with redis.Redis.from_url(valkey.url("playlist")) as client:
        client.set("whole", 1)
    await supervisor.remove("valkey")
    (log,) = valkey.folder.rglob("*.incr.aof")
    log.write_bytes(log.read_bytes() + b"*3\r\n$3\r\nSET\r\n$4\r\nto")
    await supervisor.start((valkey.spec(),))
    with redis.Redis.from_url(valkey.url("playlist")) as client:
        assert (client.dbsize(), client.get("whole")) == (1, b"1")
