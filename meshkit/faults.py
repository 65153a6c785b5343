"""Typed failures that a caller is meant to see. Free of gRPC, so that a domain may raise them.

    Fault                      carries a reason, metadata, and a message for people
    ├── InvalidArgument        a field of the request is wrong; names the fields
    │   ├── PageTokenInvalid   the page token is not ours, or belongs to another request
    │   └── RequestIdReused    the request_id was used before with another body
    ├── Unauthenticated        no token, or one that is forged, expired or revoked
    ├── PermissionDenied       the principal may not do this
    ├── NotFound               no such thing, or none that the caller may know of
    ├── AlreadyExists          the name or id is taken
    ├── FailedPrecondition     the system is not in the state that the call needs
    ├── Aborted                a race was lost; read again and retry
    ├── OutOfRange             a position or resume token outside what is kept
    ├── ResourceExhausted      a limit was reached; says when to come back
    ├── DeadlineExceeded       the time budget of the call ran out
    ├── Unavailable            a store or service cannot answer now
    └── Unimplemented          the call is not served here

A reason is a value of ``segue.errors.v1.ErrorReason.Reason``; the contract's table, not the
class, fixes the status code on the wire. A test proves that class and table agree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One wrong field: its path in the request message and what is wrong with it, for people."""

    field: str
    description: str


class Fault(Exception):
    """A failure with a reason from the errors contract.

    ``metadata`` is machine-readable and bounded: ids and limits, never secrets or driver words.
    ``retry_after_s`` is the number of seconds after which another try may succeed.
    """

    code: ClassVar[str] = "INTERNAL"
    default_reason: ClassVar[str] = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
        violations: tuple[FieldViolation, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.metadata: dict[str, str] = dict(metadata or {})
        self.retry_after_s = retry_after_s
        self.violations = violations

    @property
    def retry_after(self) -> str | None:
        """The header of that name: whole seconds, from 1, rounded up so that none is too early."""
        if self.retry_after_s is None:
            return None
        return str(max(1, math.ceil(self.retry_after_s)))


class InvalidArgument(Fault):
    """A field of the request is wrong."""

    code = "INVALID_ARGUMENT"
    default_reason = "INVALID_FIELD"

    @classmethod
    def field(cls, field: str, description: str, **metadata: str) -> InvalidArgument:
        """The usual case: one field, named, with what it should have been."""
        return cls(
            f"{field}: {description}",
            metadata={"field": field, **metadata},
            violations=(FieldViolation(field, description),),
        )


class PageTokenInvalid(InvalidArgument):
    """The page token is not ours, or was made for another request."""

    default_reason = "PAGE_TOKEN_INVALID"


class RequestIdReused(InvalidArgument):
    """The same request_id came with a different body."""

    default_reason = "REQUEST_ID_REUSED"


class Unauthenticated(Fault):
    """There is no valid access token on the call."""

    code = "UNAUTHENTICATED"
    default_reason = "TOKEN_INVALID"


class PermissionDenied(Fault):
    """The principal is known and may not do this."""

    code = "PERMISSION_DENIED"
    default_reason = "PERMISSION_DENIED"


class NotFound(Fault):
    """There is no such thing, or none that this caller may know of."""

    code = "NOT_FOUND"
    default_reason = "NOT_FOUND"


class AlreadyExists(Fault):
    """The id or unique name is taken."""

    code = "ALREADY_EXISTS"
    default_reason = "ALREADY_EXISTS"


class FailedPrecondition(Fault):
    """The system is not in the state that the call needs; retrying alone will not help."""

    code = "FAILED_PRECONDITION"
    default_reason = "FAILED_PRECONDITION"


class Aborted(Fault):
    """Another writer came first; read again, then retry."""

    code = "ABORTED"
    default_reason = "CONFLICT"


class OutOfRange(Fault):
    """A resume token or position outside what is kept."""

    code = "OUT_OF_RANGE"
    default_reason = "RESUME_TOKEN_EXPIRED"


class ResourceExhausted(Fault):
    """A limit was reached; ``retry_after_s`` says when to come back."""

    code = "RESOURCE_EXHAUSTED"
    default_reason = "LIMIT_REACHED"


class DeadlineExceeded(Fault):
    """The time budget of the call ran out."""

    code = "DEADLINE_EXCEEDED"
    default_reason = "DEADLINE_EXCEEDED"


class Unavailable(Fault):
    """A store or another service cannot answer now; nothing was acknowledged."""

    code = "UNAVAILABLE"
    default_reason = "STORE_UNAVAILABLE"


class Unimplemented(Fault):
    """The call is not served here."""

    code = "UNIMPLEMENTED"
    default_reason = "UNIMPLEMENTED"
