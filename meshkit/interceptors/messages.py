"""What is no request of the method: bytes that are no message, and fields that break its contract.

Both are told as INVALID_ARGUMENT, not in a decoder's words or a driver's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from meshkit.faults import InvalidArgument
from meshkit.validation import Checker


def reader(
    deserialize: Callable[[bytes], Any] | None, check: Checker | None, *, streams: bool
) -> Callable[[bytes], Any] | None:
    """A deserializer that knows a malformed message.

    gRPC runs it inside the servicer's iteration where requests stream: there it raises
    InvalidArgument, also for what ``check`` finds. A single request is read before any handler
    runs: there it returns the fault of a malformed one, for :func:`require_valid` to raise.
    """
    if deserialize is None:
        return None

    def read(content: bytes) -> Any:
        try:
            return deserialize(content)
        except DecodeError:
            return InvalidArgument.field("message", "is not a message of this method")

    def read_next(content: bytes) -> Any:
        message = read(content)
        require_valid(message, check)
        return message

    return read_next if streams else read


def require_valid(request: Any, check: Checker | None) -> None:
    """Raises InvalidArgument for what :func:`reader` could not read or ``check`` finds wrong."""
    if request.__class__ is InvalidArgument:
        raise request
    if check is not None and (wrong := check(request)) is not None:
        raise InvalidArgument.field(wrong.field, wrong.description)
