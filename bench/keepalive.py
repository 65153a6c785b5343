"""An HTTP/1.1 client that costs next to nothing: one connection, one request at a time.

A client library's own time would drown that of the server.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Response:
    """Status, body, and when the first byte of the body was here (``perf_counter``)."""

    status: int
    body: bytes
    first_byte_at: float


class KeepAlive:
    """A connection to ``host:port`` that stays open between calls."""

    def __init__(self, authority: str) -> None:
        self._authority = authority

    async def __aenter__(self) -> Self:
        host, _, port = self._authority.rpartition(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port))
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
        """One request and its whole answer; underscores in header names become dashes."""
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._authority}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"content-length: {len(body)}")
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        fields = dict(line.split(b": ", 1) for line in head[1:] if line)
        status = int(head[0].split()[1])
        if fields.get(b"transfer-encoding") == b"chunked":
            return await self._chunked(status)
        left = int(fields.get(b"content-length", b"0"))
        first = await self._reader.read(left) if left else b""
        arrived = time.perf_counter()
        rest = await self._reader.readexactly(left - len(first))
        return Response(status, first + rest, arrived)

    async def _chunked(self, status: int) -> Response:
        parts: list[bytes] = []
        arrived = 0.0
        while size := int(await self._reader.readline(), 16):
            arrived = arrived or time.perf_counter()
            parts.append((await self._reader.readexactly(size + 2))[:-2])
        await self._reader.readline()
        return Response(status, b"".join(parts), arrived or time.perf_counter())
