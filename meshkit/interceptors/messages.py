"""Bytes that are no message of the method: told as INVALID_ARGUMENT, not as a decoder's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from meshkit.faults import InvalidArgument


def reader(
    deserialize: Callable[[bytes], Any] | None, *, streams: bool
) -> Callable[[bytes], Any] | None:
    """A deserializer that knows a malformed message.

    gRPC runs it inside the servicer's iteration where requests stream: there it raises
    InvalidArgument. A single request is read before any handler runs: there it returns the fault,
    for :func:`check` to raise.
    """
    if deserialize is None:
        return None

    def read(content: bytes) -> Any:
        try:
            return deserialize(content)
        except DecodeError:
            fault = InvalidArgument.field("message", "is not a message of this method")
            if streams:
                raise fault from None
            return fault

    return read


def check(request: Any) -> None:
    """Raises what :func:`reader` returned in place of a request."""
    if request.__class__ is InvalidArgument:
        raise request
