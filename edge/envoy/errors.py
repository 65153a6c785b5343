"""Envoy's own answers (no token, too large, no upstream, …) in the words of the errors contract.

JSON callers get a google.rpc.Status as body, gRPC callers the same Status as trailer, each with the
ErrorInfo of a reason from the contract.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from segue.errors.v1 import errors_pb2
from segue.errors.v1.errors_pb2 import ErrorReason, ReasonSpec

from edge.envoy.resources import Json, extension
from edge.envoy.scripts import CONNECT, REFUSED_BY_TRANSCODER

_RETRY_AFTER_S = 1
_NOT_TRANSCODED = "grpc_json_transcode_failure"
_CONTENT_OF_GRPC: Json = {
    "name": "content-type",
    "string_match": {"prefix": "application/grpc"},
    "treat_missing_header_as_empty": True,
}
_CONNECT: Json = {
    "or_filter": {
        "filters": [
            {"header_filter": {"header": {"name": CONNECT, "present_match": True}}},
            # Refused before a script marked it.
            {
                "and_filter": {
                    "filters": [
                        {
                            "header_filter": {
                                "header": {"name": ":path", "string_match": {"prefix": "/segue."}}
                            }
                        },
                        {"header_filter": {"header": {**_CONTENT_OF_GRPC, "invert_match": True}}},
                    ]
                }
            },
        ]
    }
}
_NOT_GRPC: Json = {
    "or_filter": {
        "filters": [
            # Transcoded: by now its content type is gRPC's.
            {
                "header_filter": {
                    "header": {"name": "x-envoy-original-method", "present_match": True}
                }
            },
            {"header_filter": {"header": {**_CONTENT_OF_GRPC, "invert_match": True}}},
        ]
    }
}
_GRPC: Json = {
    "and_filter": {
        "filters": [
            {
                "header_filter": {
                    "header": {
                        "name": "x-envoy-original-method",
                        "present_match": True,
                        "invert_match": True,
                    }
                }
            },
            {"header_filter": {"header": _CONTENT_OF_GRPC}},
        ]
    }
}


@dataclass(frozen=True, slots=True)
class LocalReply:
    """One kind of answer of Envoy's: how it is told, and what it means.

    ``status`` is the HTTP status that Envoy chose; 0 stands for every error. ``cause`` is a part of
    its response code details, any when empty. ``answer`` replaces the status. ``says`` is what is
    wrong with the field that the metadata name.
    """

    status: int
    reason: str
    cause: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    grpc_reason: str = ""
    answer: int = 0
    says: str = ""

    @property
    def field(self) -> str:
        """What is wrong of the request; empty: nothing of it."""
        return dict(self.metadata).get("field", "")


def _invalid(status: int, field: str, says: str, *, cause: str = "", answer: int = 0) -> LocalReply:
    metadata = (("field", field),)
    return LocalReply(
        status, "INVALID_FIELD", cause=cause, metadata=metadata, answer=answer, says=says
    )


# Order matters: the first that fits is taken.
LOCAL_REPLIES = (
    LocalReply(401, "TOKEN_MISSING", cause="Jwt_is_missing"),
    LocalReply(401, "TOKEN_EXPIRED", cause="Jwt_is_expired"),
    LocalReply(401, "STORE_UNAVAILABLE", cause="Jwks_remote_fetch_is_failed", answer=503),
    LocalReply(401, "TOKEN_INVALID"),
    LocalReply(403, "TOKEN_INVALID", cause="jwt_authn", answer=401),
    LocalReply(403, "PERMISSION_DENIED"),
    LocalReply(
        404, "NOT_FOUND", metadata=(("resource", "path"), ("id", "")), grpc_reason="UNIMPLEMENTED"
    ),
    LocalReply(429, "LIMIT_REACHED", metadata=(("limit", "requests"),)),
    _invalid(400, "request", "is malformed", cause=_NOT_TRANSCODED),
    _invalid(400, "request", "is malformed"),
    _invalid(405, "method", "is not for this path"),
    _invalid(413, "body", "is too large"),
    # Envoy's word for HTTP/1.0, and for a transfer encoding that it does not know.
    _invalid(426, "request", "must be HTTP/1.1 or HTTP/2", answer=400),
    _invalid(501, "request", "has a transfer-encoding other than chunked", answer=400),
    _invalid(431, "headers", "are too large or too many"),
    LocalReply(408, "DEADLINE_EXCEEDED"),
    LocalReply(504, "DEADLINE_EXCEEDED"),
    LocalReply(503, "OVERLOADED", cause="overload"),
    LocalReply(503, "STORE_UNAVAILABLE"),
    LocalReply(0, "INTERNAL"),
)


def local_reply_config() -> Json:
    """The mappers of every local reply, for JSON callers and for gRPC callers."""
    mappers = []
    for reply in LOCAL_REPLIES:
        # A call that there is none of is no call by Connect.
        if reply.status != 404 and reply.cause != _NOT_TRANSCODED:
            mappers.append(_connect_mapper(reply))
        mappers += [_json_mapper(reply), _status_mapper(reply, _GRPC, grpc=True)]
    return {"mappers": mappers}


def status_of(reply: LocalReply, *, grpc: bool = False) -> Status:
    """The Status that a caller gets."""
    reason = (grpc and reply.grpc_reason) or reply.reason
    spec = _spec(reason)
    message = f"{reply.field}: {reply.says}" if reply.says else spec.meaning
    details: list[ErrorInfo | RetryInfo | BadRequest] = [
        ErrorInfo(reason=reason, domain="segue", metadata=dict(reply.metadata))
    ]
    if spec.retry_info:
        details.append(RetryInfo(retry_delay=Duration(seconds=_RETRY_AFTER_S)))
    if reply.says:
        violation = BadRequest.FieldViolation(field=reply.field, description=reply.says)
        details.append(BadRequest(field_violations=[violation]))
    status = Status(code=spec.code, message=message)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _json_mapper(reply: LocalReply) -> Json:
    headers = [_header("content-type", "application/json"), _header("cache-control", "no-store")]
    body: Json
    if reply.cause == _NOT_TRANSCODED:
        # Its words say which field; a script makes a Status of them.
        headers.append(_header(REFUSED_BY_TRANSCODER, "1"))
        body = {"text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"}}
    else:
        # Envoy's words name the mesh's parts.
        status = MessageToDict(
            status_of(reply),
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        )
        body = {"json_format": status}
    return {
        **_answer(reply),
        "filter": _filter(reply, _NOT_GRPC),
        "headers_to_add": headers,
        "body_format_override": body,
    }


def _connect_mapper(reply: LocalReply) -> Json:
    mapper = _status_mapper(reply, _CONNECT, grpc=False)
    mapper["headers_to_add"].append(_header(CONNECT, "unary"))
    return mapper


def _status_mapper(reply: LocalReply, caller: Json, *, grpc: bool) -> Json:
    """The whole Status in a header: a script tells callers by Connect what is in it."""
    status = status_of(reply, grpc=grpc)
    encoded = base64.b64encode(status.SerializeToString(deterministic=True)).rstrip(b"=")
    return {
        **_answer(reply),
        "filter": _filter(reply, caller),
        "headers_to_add": [_header("grpc-status-details-bin", encoded.decode())],
        # Becomes grpc-message, which clients compare with the message of the Status.
        "body_format_override": {
            "text_format_source": {"inline_string": status.message.replace("%", "%%")}
        },
    }


def _answer(reply: LocalReply) -> Json:
    return {"status_code": reply.answer} if reply.answer else {}


def _filter(reply: LocalReply, caller: Json) -> Json:
    comparison = {
        "op": "EQ" if reply.status else "GE",
        "value": {
            "default_value": reply.status or 400,
            "runtime_key": f"local_reply.{reply.status}",
        },
    }
    filters = [{"status_code_filter": {"comparison": comparison}}, caller]
    if reply.cause:
        told = extension(
            "envoy.access_loggers.extension_filters.cel",
            "access_loggers.filters.cel.v3.ExpressionFilter",
            expression=f"response.code_details.contains('{reply.cause}')",
        )
        filters.append({"extension_filter": told})
    return {"and_filter": {"filters": filters}}


def _header(key: str, value: str) -> Json:
    return {
        "header": {"key": key, "value": value},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }


def _spec(reason: str) -> ReasonSpec:
    value = ErrorReason.Reason.DESCRIPTOR.values_by_name[reason]
    return value.GetOptions().Extensions[errors_pb2.reason]
