"""Abuse of HTTP/2: the edge hangs up on who does it, and serves everybody else meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import pytest

from tests.attack import http2
from tests.attack.http2 import (
    CANCEL,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PING,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    abused,
    block,
    frame,
)
from tests.attack.others import target, under_attack
from tests.attack.tallies import Tally
from tests.profiles import repeated
from tests.running_mesh import RunningMesh

PATIENCE_S = 30.0
MANY = repeated(20_000, 400_000)
BUFFERED = 400_000
CALL = "/segue.catalog.v1.SearchService/Search"


def resets(token: str) -> Iterator[bytes]:
    """Calls that are taken back as soon as they are made."""
    headers = block("POST", CALL, content_type="application/grpc", authorization=f"Bearer {token}")
    for stream in islice(http2.streams(), MANY):
        opening = frame(HEADERS, stream, headers, END_HEADERS)
        yield opening + frame(RST_STREAM, stream, CANCEL)


def refused_resets(token: str) -> Iterator[bytes]:
    """The same of who has no token."""
    del token
    headers = block("GET", "/search")
    for stream in islice(http2.streams(), MANY):
        yield frame(HEADERS, stream, headers, END_HEADERS) + frame(RST_STREAM, stream, CANCEL)


def continuations(token: str) -> Iterator[bytes]:
    """Headers that do not end."""
    del token
    yield frame(HEADERS, 1, block("GET", "/plans"))
    part = b"".join(http2.field(f"x-{number}", "y" * 100) for number in range(100))
    yield from (frame(CONTINUATION, 1, part) for _ in range(MANY // 20))


def empty_continuations(token: str) -> Iterator[bytes]:
    """Headers that do not end, and that nothing is said of."""
    del token
    yield frame(HEADERS, 1, block("GET", "/plans"))
    yield from (frame(CONTINUATION, 1) * 100 for _ in range(MANY // 100))


def empty_data(token: str) -> Iterator[bytes]:
    """A body of nothing, that does not end."""
    headers = block("POST", CALL, content_type="application/grpc", authorization=f"Bearer {token}")
    yield frame(HEADERS, 1, headers, END_HEADERS)
    yield from (frame(DATA, 1) * 100 for _ in range(MANY // 100))


def pings(token: str) -> Iterator[bytes]:
    """Questions whose answers are not read."""
    del token
    yield from (frame(PING, payload=b"12345678") * 1_000 for _ in range(BUFFERED // 1_000))


def settings(token: str) -> Iterator[bytes]:
    """The same by SETTINGS."""
    del token
    yield from (frame(SETTINGS) * 1_000 for _ in range(BUFFERED // 1_000))


def priorities(token: str) -> Iterator[bytes]:
    """Priorities of streams that are not there."""
    del token
    yield from (frame(PRIORITY, 1, b"\0\0\0\0\x10") * 100 for _ in range(MANY // 10))


def windows(token: str) -> Iterator[bytes]:
    """Room that nobody has asked for, a byte at a time."""
    del token
    yield frame(HEADERS, 1, block("GET", "/plans"), END_HEADERS | END_STREAM)
    yield from (frame(WINDOW_UPDATE, 0, b"\0\0\0\1") * 100 for _ in range(MANY // 10))


def overflowing_window(token: str) -> Iterator[bytes]:
    """More room than there is."""
    del token
    yield frame(WINDOW_UPDATE, 0, b"\x7f\xff\xff\xff") * 2


def packed_headers(token: str) -> Iterator[bytes]:
    """A header of 3 KB that is named some ten thousand times by one byte."""
    del token
    large = b"\x40" + http2.field("x-large", "y" * 3_000)[1:]
    yield frame(HEADERS, 1, block("GET", "/plans") + large + b"\xbe" * 12_000, END_HEADERS | 1)


def endless_frame(token: str) -> Iterator[bytes]:
    """A frame longer than any may be."""
    del token
    yield struct.pack(">I", (1 << 24) - 1)[1:] + struct.pack(">BBI", DATA, 0, 1) + b"x" * 60_000


def unknown_streams(token: str) -> Iterator[bytes]:
    """Resets of streams that nobody has opened."""
    del token
    yield from (frame(RST_STREAM, stream, CANCEL) for stream in islice(http2.streams(), 1_000))


@dataclass(frozen=True)
class Abuse:
    """What is written, and whether the answers are read."""

    write: Callable[[str], Iterator[bytes]]
    reads: bool = True


ABUSES = {
    "rapid reset": Abuse(resets),
    "rapid reset without a token": Abuse(refused_resets),
    "CONTINUATION flood": Abuse(continuations),
    "empty CONTINUATION flood": Abuse(empty_continuations),
    "empty DATA flood": Abuse(empty_data),
    "PING flood": Abuse(pings, reads=False),
    "SETTINGS flood": Abuse(settings, reads=False),
    "PRIORITY flood": Abuse(priorities),
    "WINDOW_UPDATE flood": Abuse(windows),
    "window overflow": Abuse(overflowing_window),
    "frame too long": Abuse(endless_frame),
    "RST_STREAM of idle streams": Abuse(unknown_streams),
}


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    tally = Tally(
        "Abuse of HTTP/2", [*ABUSES, "headers by index", "too many streams", "shut windows"]
    )
    yield tally
    tally.show()


@pytest.mark.parametrize("name", ABUSES)
async def test_the_edge_hangs_up_on_who_abuses_http_2(
    mesh: RunningMesh, attacker: str, tally: Tally, name: str
) -> None:
    abuse = ABUSES[name]
    async with under_attack(mesh, attacker) as meanwhile:
        ended = await abused(
            target(mesh),
            abuse.write(attacker),
            reads=abuse.reads,
            patience_s=PATIENCE_S,
            first=frame(SETTINGS),
        )
    tally.add(name, "HTTP/2", f"{ended.how} after {ended.sent:,} bytes; {meanwhile}")
    assert ended.how != "open"


async def test_headers_that_unpack_to_much_are_refused(
    mesh: RunningMesh, attacker: str, tally: Tally
) -> None:
    async with (
        under_attack(mesh, attacker) as meanwhile,
        http2.opened(target(mesh)) as (reader, writer),
    ):
        writer.write(b"".join(packed_headers(attacker)))
        said = await _refused(reader)
    tally.add("headers by index", "HTTP/2", f"{said}; {meanwhile}")


async def test_more_streams_than_a_connection_may_have_are_refused(
    mesh: RunningMesh, attacker: str, tally: Tally
) -> None:
    headers = block(
        "POST", CALL, content_type="application/grpc", authorization=f"Bearer {attacker}"
    )
    async with (
        under_attack(mesh, attacker) as meanwhile,
        http2.opened(target(mesh)) as (reader, writer),
    ):
        for stream in islice(http2.streams(), 2_000):
            writer.write(frame(HEADERS, stream, headers, END_HEADERS))
        said = await _refused(reader)
    tally.add("too many streams", "HTTP/2", f"{said}; {meanwhile}")


async def test_who_takes_nothing_of_what_he_asks_for_holds_little(
    mesh: RunningMesh, attacker: str, tally: Tally
) -> None:
    headers = block("GET", "/openapi.json")
    closed = http2.settings(s4=0)
    connections = repeated(4, 40)
    async with (
        under_attack(mesh, attacker) as meanwhile,
        contextlib.AsyncExitStack() as held,
    ):
        for _ in range(connections):
            _, writer = await held.enter_async_context(http2.opened(target(mesh), closed))
            for stream in islice(http2.streams(), 100):
                writer.write(frame(HEADERS, stream, headers, END_HEADERS | END_STREAM))
            with contextlib.suppress(ConnectionError):
                await writer.drain()
        for _ in range(10):
            await meanwhile.served()
    tally.add("shut windows", "HTTP/2", f"{connections * 100:,} answers left; {meanwhile}")


async def _refused(reader: asyncio.StreamReader) -> str:
    """How the first stream or the connection is refused."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                head = await reader.readexactly(9)
                payload = await reader.readexactly(int.from_bytes(head[:3]))
                if head[3] == RST_STREAM:
                    return f"RST_STREAM {int.from_bytes(payload)}"
                if head[3] == http2.GOAWAY:
                    return f"GOAWAY {int.from_bytes(payload[4:8])}"
    except (ConnectionError, asyncio.IncompleteReadError):
        return "hung up"
