"""Failures as HTTP callers see them: a google.rpc.Status in JSON and its HTTP status."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from google.rpc import code_pb2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from meshkit.faults import Fault, NotFound, Unimplemented

HTTP_STATUS = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
}
"""The HTTP status that belongs to each canonical code; the edge answers the same."""


def error_response(fault: Fault, *, status: int | None = None) -> Response:
    """The JSON answer of a failure; ``status`` where HTTP has a finer word than the code's."""
    headers = {"cache-control": "no-store"}
    if fault.retry_after is not None:
        headers["retry-after"] = fault.retry_after
    return Response(
        json.dumps(_status(fault), ensure_ascii=False),
        status_code=status or HTTP_STATUS.get(fault.code, 500),
        headers=headers,
        media_type="application/json",
    )


def no_such_path() -> Response:
    """The answer to a path that nothing is served at."""
    return error_response(
        NotFound("There is nothing here.", metadata={"resource": "path", "id": ""})
    )


def no_such_method(allowed: Sequence[str]) -> Response:
    """The answer to a method other than the ``allowed`` ones."""
    words = ", ".join(allowed)
    response = error_response(Unimplemented(f"This path takes {words}."), status=405)
    response.headers["allow"] = words
    return response


def unrouted(*allowed: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Starlette's handler of HTTPException, for an app whose every path takes ``allowed``."""

    async def answer(request: Request, error: Exception) -> Response:
        del request
        status = error.status_code if isinstance(error, HTTPException) else 500
        match status:
            case 404:
                return no_such_path()
            case 405:
                return no_such_method(allowed)
            case _:
                return error_response(Fault("Something failed inside Segue."), status=status)

    return answer


def _status(fault: Fault) -> dict[str, Any]:
    details: list[dict[str, Any]] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": fault.reason,
            "domain": "segue",
            "metadata": fault.metadata,
        }
    ]
    if fault.retry_after_s is not None:
        details.append(
            {
                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retry_delay": f"{fault.retry_after_s:g}s",
            }
        )
    if fault.violations:
        fields = [{"field": v.field, "description": v.description} for v in fault.violations]
        details.append(
            {"@type": "type.googleapis.com/google.rpc.BadRequest", "field_violations": fields}
        )
    return {
        "code": code_pb2.Code.Value(fault.code),
        "message": fault.message,
        "details": details,
    }
