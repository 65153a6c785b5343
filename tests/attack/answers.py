"""What a call came to, told alike for every protocol: the canonical code and our reason."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import grpc
from google.protobuf.message import DecodeError
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

_OURS = "segue"
_TRAILERS = 0x80
_END_OF_STREAM = 0x02


@dataclass(frozen=True, slots=True)
class Outcome:
    """``code`` is OK or what a refusal says; ``reason`` that of our ErrorInfo, empty without one.

    ``standing``: a stream that was let in, and left by the test while nothing had ended it.
    """

    code: str
    reason: str = ""
    standing: bool = False


TAKEN = Outcome("OK")
STANDING = Outcome("OK", standing=True)


def of_grpc(error: grpc.RpcError) -> Outcome:
    """A failed gRPC call."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    if status is None:
        return Outcome(error.code().name)  # type: ignore[attr-defined]
    return _of_status(status)


def of_http(status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
    """An answer over HTTP/1.1, by what it says that it is."""
    kind = headers.get("content-type", "")
    if kind.startswith("application/grpc"):
        return _of_grpc_web(kind, headers, body)
    if kind.startswith("application/connect+"):
        return _of_connect_stream(body)
    if status < 400:
        return TAKEN
    if kind.startswith("application/json"):
        return _of_json(body)
    return Outcome(f"HTTP {status}")


def _of_json(body: bytes) -> Outcome:
    """A Status in JSON, or the error of the Connect protocol, whose code is a word."""
    try:
        told = json.loads(body)
    except ValueError:
        return Outcome("no JSON")
    return _of_error(told) if isinstance(told, dict) else Outcome("no object")


def _of_error(told: Mapping[str, Any]) -> Outcome:
    code = told.get("code")
    details = told.get("details", [])
    if isinstance(code, int):
        infos = [one for one in details if one.get("@type", "").endswith("google.rpc.ErrorInfo")]
        return Outcome(code_pb2.Code.Name(code), _reason(infos))
    word = str(code).upper().replace("CANCELED", "CANCELLED")
    packed = [one["value"] for one in details if one.get("type") == "google.rpc.ErrorInfo"]
    return Outcome(word, _reason(_info(_unpadded(value)) for value in packed))


def _info(content: bytes) -> dict[str, str]:
    info = ErrorInfo.FromString(content)
    return {"domain": info.domain, "reason": info.reason}


def _reason(infos: Iterable[Mapping[str, Any]]) -> str:
    return next((str(one["reason"]) for one in infos if one.get("domain") == _OURS), "")


def _of_status(status: Status) -> Outcome:
    reason, info = "", ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info) and info.domain == _OURS:
            reason = info.reason
    return Outcome(code_pb2.Code.Name(status.code), reason)


def _of_grpc_web(kind: str, headers: Mapping[str, str], body: bytes) -> Outcome:
    told = dict(headers)
    if "grpc-status" not in told:
        content = _texts(body) if kind.startswith("application/grpc-web-text") else body
        for flag, message in frames_of(content):
            if flag & _TRAILERS:
                told |= _trailers(message)
    if "grpc-status" not in told:
        return Outcome("no status")
    code = code_pb2.Code.Name(int(told["grpc-status"]))
    if "grpc-status-details-bin" not in told:
        return TAKEN if code == "OK" else Outcome(code)
    try:
        return _of_status(Status.FromString(_unpadded(told["grpc-status-details-bin"])))
    except (DecodeError, binascii.Error):
        return Outcome(code, "broken details")


def _trailers(content: bytes) -> dict[str, str]:
    lines = content.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}


def _of_connect_stream(body: bytes) -> Outcome:
    for flag, message in frames_of(body):
        if flag & _END_OF_STREAM:
            error = json.loads(message).get("error")
            return _of_error(error) if error else TAKEN
    return Outcome("no end of stream")


def frames_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The frames of gRPC-Web and of Connect's streams: flag and content."""
    while len(content) >= 5:
        flag, size = struct.unpack_from(">BI", content)
        yield flag, content[5 : 5 + size]
        content = content[5 + size :]


def frame(content: bytes, flag: int = 0) -> bytes:
    """The content as one frame."""
    return struct.pack(">BI", flag, len(content)) + content


def _texts(body: bytes) -> bytes:
    """Each frame is in base64 by itself: padding may stand in the middle."""
    parts = body.replace(b"=", b"= ").replace(b"= =", b"==").split()
    return b"".join(base64.b64decode(part) for part in parts)


def _unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))
