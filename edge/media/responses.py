"""Answers with bytes: stored objects by range, and manifests that are compressed on the way."""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edge.media.domain.ranges import Span, accepts_gzip, not_modified, select
from edge.media.ports.object_store import ObjectStore, StoreUnavailable
from meshkit.telemetry import histogram

IMMUTABLE = "public, max-age=31536000, immutable"
_GZIP_FROM_BYTES = 256

_fetch_seconds = histogram(
    "media_fetch_seconds", "Time from a request to the last byte of its answer.", ["kind"]
)


class ObjectResponse(Response):
    """An object, or a part of it, under its own hash as a strong ETag.

    ``sent`` is told the bytes as they are handed to the server. A file that the server sends by
    itself counts as a whole, even when its receiver goes away meanwhile.
    """

    def __init__(
        self,
        objects: ObjectStore,
        key: str,
        span: Span,
        *,
        headers: Mapping[str, str],
        file: Path | None,
        kind: str,
        sent: Callable[[int], None],
    ) -> None:
        super().__init__(status_code=206 if span.partial else 200, headers=headers)
        self._objects = objects
        self._key = key
        self._span = span
        self._file = file
        self._sent = sent
        self._timer = _fetch_seconds.labels(kind)
        self._started = time.perf_counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the head and, unless HEAD was asked, the bytes."""
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        if self._file is not None and "http.response.pathsend" in scope.get("extensions", {}):
            await send(start)
            await send({"type": "http.response.pathsend", "path": str(self._file)})
            self._sent(self._span.length)
        else:
            # Opened before the head goes out, so that a missing object can still say so.
            chunks = await self._objects.open(self._key, self._span.start, self._span.end)
            await send(start)
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                self._sent(len(chunk))
            await send({"type": "http.response.body", "body": b""})
        self._timer.observe(time.perf_counter() - self._started)


async def object_response(
    objects: ObjectStore,
    key: str,
    request: Headers,
    *,
    content_type: str,
    kind: str,
    size: int | None = None,
    sent: Callable[[int], None] = lambda _: None,
) -> Response:
    """The answer 200, 206 or 304 for the object ``key``, whose last part is its SHA-256.

    ``size`` where it is known, which spares a question to the store; a file of another length is
    damaged. Raises RangeUnsatisfiable, ObjectMissing, StoreUnavailable.
    """
    etag = f'"{key.rpartition("/")[2]}"'
    headers = {"etag": etag, "cache-control": IMMUTABLE, "accept-ranges": "bytes"}
    if not_modified(request.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    local = objects.local_file(key)
    if local is not None and size is not None and local.size != size:
        raise StoreUnavailable(f"{key} is {local.size} bytes long, not {size}")
    if size is None:
        size = local.size if local is not None else await objects.size(key)
    span = select(request.get("range"), request.get("if-range"), etag, size)
    headers |= {"content-type": content_type, "content-length": str(span.length)}
    if span.partial:
        headers["content-range"] = span.content_range
    file = local.path if local is not None and span.length == span.total else None
    return ObjectResponse(objects, key, span, headers=headers, file=file, kind=kind, sent=sent)


def manifest_response(
    text: str, request: Headers, *, content_type: str, max_age_s: int, head: bool
) -> Response:
    """A manifest: private, kept for ``max_age_s``, compressed where the client takes it."""
    body = text.encode()
    headers = {
        # Weak, since the same tag stands for both encodings.
        "etag": f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
        "cache-control": f"private, max-age={max_age_s}",
        "vary": "accept-encoding",
    }
    if not_modified(request.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    headers["content-type"] = content_type
    if len(body) >= _GZIP_FROM_BYTES and accepts_gzip(request.get("accept-encoding")):
        body = gzip.compress(body, compresslevel=6, mtime=0)
        headers["content-encoding"] = "gzip"
    headers["content-length"] = str(len(body))
    return Response(b"" if head else body, headers=headers)
