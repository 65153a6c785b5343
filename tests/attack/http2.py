"""HTTP/2 by hand: what no library would write."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    *range(5),
    6,
    7,
    8,
    9,
)
END_STREAM, END_HEADERS = 0x1, 0x4
INITIAL_WINDOW_SIZE = 4
CANCEL = struct.pack(">I", 8)

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# A peer that acknowledges to who does not read has this much room, and no more.
_SMALL_BUFFER = 4096


def frame(kind: int, stream: int = 0, payload: bytes = b"", flags: int = 0) -> bytes:
    """A frame as it is written."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(**values: int) -> bytes:
    """A SETTINGS frame; a name is ``s`` and its number."""
    return frame(
        SETTINGS,
        payload=b"".join(struct.pack(">HI", int(name[1:]), v) for name, v in values.items()),
    )


def field(name: str, value: str) -> bytes:
    """A header as a literal that is not indexed, without Huffman's code."""
    return b"\x00" + _text(name) + _text(value)


def _text(text: str) -> bytes:
    return _integer(len(text), 7) + text.encode("latin-1")


def _integer(number: int, bits: int) -> bytes:
    most = (1 << bits) - 1
    if number < most:
        return bytes([number])
    rest, out = number - most, [most]
    while rest >= 128:
        out.append(rest % 128 + 128)
        rest //= 128
    return bytes([*out, rest])


def block(verb: str, path: str, **headers: str) -> bytes:
    """The headers of a request."""
    said = {":method": verb, ":scheme": "http", ":authority": "edge", ":path": path}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return b"".join(field(name, value) for name, value in (said | named).items())


def streams() -> Iterator[int]:
    """The numbers of a client's streams, in turn."""
    return itertools.count(1, 2)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a connection ended, after how many bytes of the attacker's."""

    how: str
    sent: int


@contextlib.asynccontextmanager
async def opened(
    target: str, first: bytes = frame(SETTINGS)
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection that has said its preface and these first frames."""
    host, _, port = target.rpartition(":")
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
    door.setblocking(False)
    await asyncio.get_running_loop().sock_connect(door, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=door, limit=_SMALL_BUFFER)
    writer.write(_PREFACE + first)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def abused(
    target: str, chunks: Iterable[bytes], *, reads: bool, patience_s: float, first: bytes
) -> Ended:
    """Writes all chunks, or until the peer hangs up; reads what is said, or lets it wait.

    Not reading ends with the last chunk: then it is looked whether the peer has hung up.
    """
    async with opened(target, first) as (reader, writer):
        sent = 0
        listening = asyncio.create_task(_end_of(reader)) if reads else None
        try:
            async with asyncio.timeout(patience_s):
                for chunk in chunks:
                    writer.write(chunk)
                    sent += len(chunk)
                    await writer.drain()
                    if listening is not None and listening.done():
                        break
                    await asyncio.sleep(0)
                how = await (listening or asyncio.create_task(_end_of(reader)))
        except ConnectionError:
            how = "hung up"
        except TimeoutError:
            how = "open"
        finally:
            if listening is not None:
                listening.cancel()
    return Ended(how, sent)


async def _end_of(reader: asyncio.StreamReader) -> str:
    """Reads to the end; what the peer's GOAWAY said, if it said one."""
    how = "hung up"
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readexactly(9)
            payload = await reader.readexactly(int.from_bytes(head[:3]))
            if head[3] == GOAWAY:
                how = f"GOAWAY {int.from_bytes(payload[4:8])}"
    return how
