"""The supervisor's socket: one JSON object a line in, one a line out.

    {"op": "status"}                                      state, address and every process
    {"op": "scale", "service": "catalog", "replicas": 2}  add or remove instances
    {"op": "logs"}                                        the folder of the log files
    {"op": "down"}                                        stop everything; answered at once

An answer has ``"ok": true``, or ``"ok": false`` and ``"error"`` in words for a person.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from localmesh.faults import CommandRefused, MeshFault, MeshNotRunning
from localmesh.layout import Layout

Message = Mapping[str, Any]
Answer = Callable[[Message], Awaitable[Message]]

_LINE_BYTES = 64 * 1024


@asynccontextmanager
async def serve(path: Path, answer: Answer) -> AsyncIterator[None]:
    """Answer requests on the socket at ``path`` (0600) while the context lasts.

    ``answer`` raises MeshFault to refuse.
    """
    _remove(path)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await _reply(line, answer)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            return
        finally:
            writer.close()

    server = await asyncio.start_unix_server(converse, path, limit=_LINE_BYTES)
    try:
        _close_to_others(path)
        yield
    finally:
        server.close()
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _close_to_others(path: Path) -> None:
    path.chmod(0o600)


async def _reply(line: bytes, answer: Answer) -> Message:
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise CommandRefused("a request is a JSON object")
        return {"ok": True, **await answer(request)}
    except MeshFault as fault:
        return {"ok": False, "error": str(fault)}
    except ValueError:
        return {"ok": False, "error": "a request is one line of JSON"}


async def ask(layout: Layout, request: Message, timeout_s: float = 10.0) -> Message:
    """One request to the mesh in ``layout``, and its answer.

    Raises MeshNotRunning when nobody listens, CommandRefused when the mesh refuses or does not
    answer within ``timeout_s``.
    """
    try:
        layout.link()
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_unix_connection(layout.control)
            try:
                writer.write(json.dumps(request).encode() + b"\n")
                line = await reader.readline()
            finally:
                writer.close()
    except TimeoutError:
        raise CommandRefused(f"the mesh did not answer within {timeout_s:g} s") from None
    except OSError:
        raise MeshNotRunning(layout.root) from None
    if not line:
        raise CommandRefused("the mesh ended before it answered")
    answer: dict[str, Any] = json.loads(line)
    if not answer.pop("ok"):
        raise CommandRefused(str(answer["error"]))
    return answer
