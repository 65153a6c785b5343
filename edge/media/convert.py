"""Failures of media as the public API shows them."""

from __future__ import annotations

from edge.media.domain.ranges import RangeUnsatisfiable
from edge.media.ports import ObjectMissing, StoreUnavailable
from meshkit.faults import Fault, InvalidArgument, NotFound, Unavailable

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
