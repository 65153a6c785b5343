"""Failures as the public API shows them: a google.rpc.Status in JSON and its HTTP status."""

from __future__ import annotations

import json
from typing import Any

from google.rpc import code_pb2
from starlette.responses import Response

from edge.media.domain.ranges import RangeUnsatisfiable
from edge.media.ports import ObjectMissing, StoreUnavailable
from meshkit.faults import Fault, InvalidArgument, NotFound, Unavailable, Unimplemented

_HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
}
_RETRY_AFTER_S = 1.0


def to_fault(error: Exception) -> Fault:
    """What a caller may know of a failure; what it should not know becomes INTERNAL."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, ObjectMissing):
        return NotFound("There is no such object.", metadata={"resource": "object", "id": ""})
    if isinstance(error, StoreUnavailable):
        return Unavailable("The media cannot be read now.", retry_after_s=_RETRY_AFTER_S)
    if isinstance(error, RangeUnsatisfiable):
        return InvalidArgument.field("range", f"outside of the {error.total} bytes that there are")
    return Fault("Something failed inside Segue.")


def error_response(fault: Fault, *, status: int | None = None) -> Response:
    """The JSON answer of a failure; ``status`` where HTTP has a finer word than the code's."""
    headers = {"cache-control": "no-store"}
    if fault.retry_after_s is not None:
        headers["retry-after"] = str(max(1, round(fault.retry_after_s)))
    return Response(
        json.dumps(_status(fault), ensure_ascii=False),
        status_code=status or _HTTP_STATUS.get(fault.code, 500),
        headers=headers,
        media_type="application/json",
    )


def no_such_path() -> Response:
    """The answer to a path that nothing is served at."""
    return error_response(
        NotFound("There is nothing here.", metadata={"resource": "path", "id": ""})
    )


def no_such_method() -> Response:
    """The answer to a method other than GET, HEAD and OPTIONS."""
    response = error_response(Unimplemented("Media are read with GET or HEAD."), status=405)
    response.headers["allow"] = "GET, HEAD, OPTIONS"
    return response


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
