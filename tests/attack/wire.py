"""HTTP/1.1 as an attacker writes it: bytes as they are, over a connection that is kept."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

from tests.attack.answers import Outcome, of_http

PATIENCE_S = 60.0
# What the peer does where it hangs up: with an end, or with a reset.
HUNG_UP = (ConnectionError, asyncio.IncompleteReadError)
_STREAMS = ("text/event-stream", "application/grpc", "application/connect+")


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer. ``cut``: its stream had not ended when the test stopped to listen."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool = False

    @property
    def outcome(self) -> Outcome:
        """What the call came to."""
        if self.cut:
            return Outcome("OK", standing=True)
        return of_http(self.status, self.headers, self.body)


@dataclass(slots=True)
class Wire:
    """A connection to ``target`` (``host:port``), opened when it is needed and not there."""

    target: str
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = field(default=None)

    async def ask(
        self,
        request: bytes,
        *,
        half_closed: bool = False,
        linger_s: float = PATIENCE_S,
        patience_s: float = PATIENCE_S,
    ) -> Heard | None:
        """What is answered; None where the peer hung up instead.

        A stream is listened to for ``linger_s``. ``half_closed`` says that no more will come.
        Raises TimeoutError where nothing at all is answered within ``patience_s``.
        """
        try:
            async with asyncio.timeout(patience_s):
                reader, writer = await self._connected()
                writer.write(request)
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
                if half_closed:
                    writer.write_eof()
                status, headers = await _head(reader)
                while status == 100:
                    status, headers = await _head(reader)
            return await self._rest(reader, request, status, headers, linger_s)
        except HUNG_UP:
            await self.close()
            return None
        except TimeoutError:
            await self.close()
            raise

    async def close(self) -> None:
        """Hangs up; the next request opens another."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            host, _, port = self.target.rpartition(":")
            self._reader, self._writer = await asyncio.open_connection(
                host, int(port), limit=1 << 20
            )
        return self._reader, self._writer

    async def _rest(
        self,
        reader: asyncio.StreamReader,
        request: bytes,
        status: int,
        headers: dict[str, str],
        linger_s: float,
    ) -> Heard:
        if request.startswith(b"HEAD ") or status in (204, 304):
            return Heard(status, headers, b"")
        body, cut = bytearray(), False
        lasts = headers.get("content-type", "").startswith(_STREAMS)
        try:
            async with asyncio.timeout(linger_s if lasts else PATIENCE_S):
                await _read_body(reader, headers, body)
        except TimeoutError:
            if not lasts:
                raise
            cut = True
        if cut or headers.get("connection") == "close":
            await self.close()
        return Heard(status, headers, bytes(body), cut)


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = text[:-4].split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}


async def _read_body(
    reader: asyncio.StreamReader, headers: dict[str, str], body: bytearray
) -> None:
    if headers.get("transfer-encoding") != "chunked":
        if "content-length" in headers:
            body += await reader.readexactly(int(headers["content-length"]))
        else:
            body += await reader.read()
        return
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass


def request(
    verb: str,
    path: str,
    body: bytes = b"",
    *,
    kind: str = "",
    headers: dict[str, str] | None = None,
) -> bytes:
    """A request as it is written, with the length of its body."""
    said = {"host": "edge", **(headers or {})}
    if kind:
        said["content-type"] = kind
    if body or verb in ("POST", "PUT", "PATCH"):
        said["content-length"] = str(len(body))
    lines = [f"{verb} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body
