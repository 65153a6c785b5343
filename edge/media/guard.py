"""What every answer of the origin has in common: headers for browsers, errors as JSON, a clean log.

The signed path is a bearer secret, so nothing here writes a path before ``masked`` has seen it.
"""

from __future__ import annotations

import re
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.media.convert import to_fault
from edge.media.domain.ranges import RangeUnsatisfiable
from meshkit import telemetry
from meshkit.http_status import error_response

_CAPABILITY = re.compile(r"^(/media/v1/)(?!artwork/)[^/]+")
_PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD, OPTIONS",
    "access-control-allow-headers": "range, if-range, if-none-match, if-modified-since",
    "access-control-max-age": "86400",
}
_FAILED = 500
_EXPOSED = "content-length, content-range, content-encoding, accept-ranges, etag, retry-after"


def masked(path: str) -> str:
    """A path that may be logged: its capability is struck out."""
    return _CAPABILITY.sub(r"\1***", path)


class Guard:
    """ASGI middleware. Any origin may read, without credentials: the path is the permission."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; every failure becomes an answer or, once it began, its cut."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = False, 0

        async def guarded(message: Message) -> None:
            nonlocal begun, status
            if message["type"] == "http.response.start":
                begun, status = True, message["status"]
                _add_headers(message)
            await send(message)

        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, guarded)
            return
        span = _span(scope)
        try:
            with telemetry.current(span):
                await self._app(scope, receive, guarded)
        except Exception as error:  # noqa: BLE001 - nothing may reach the server unmasked
            response = _answer(error, scope)
            if begun:
                # The head is out: only a cut connection tells the client that bytes are missing.
                raise ConnectionAbortedError from None
            await response(scope, receive, guarded)
        finally:
            if span is not None:
                error_type = str(status) if status >= _FAILED else ""
                told = {"http.response.status_code": status} if status else {}
                telemetry.finish(span, told, error=error_type)


def _span(scope: Scope) -> Any:
    """The server's span of a request; None without tracing."""
    if not telemetry.tracing():
        return None
    attributes = {"http.request.method": scope["method"], "url.path": masked(scope["path"])}
    return telemetry.server_span(f"{scope['method']} media", Headers(scope=scope), attributes)


def _add_headers(message: Message) -> None:
    headers = MutableHeaders(scope=message)
    headers["access-control-allow-origin"] = "*"
    headers["access-control-expose-headers"] = _EXPOSED
    headers["x-content-type-options"] = "nosniff"
    headers["cross-origin-resource-policy"] = "cross-origin"


def _answer(error: Exception, scope: Scope) -> Response:
    fault = to_fault(error)
    if isinstance(error, RangeUnsatisfiable):
        response = error_response(fault, status=416)
        response.headers["content-range"] = f"bytes */{error.total}"
        return response
    if fault.code in ("INTERNAL", "UNAVAILABLE"):
        structlog.get_logger().error(
            "media_request_failed",
            path=masked(scope["path"]),
            request_id=Headers(scope=scope).get("x-request-id", ""),
            cause=f"{type(error).__name__}: {masked(str(error))}",
            exc_info=error if fault.code == "INTERNAL" else None,
        )
    return error_response(fault)
