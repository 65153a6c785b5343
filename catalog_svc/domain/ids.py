"""ULIDs: 26 upper-case characters that sort by the time they were made."""

from __future__ import annotations

from ulid import ULID

from meshkit.faults import InvalidArgument
from meshkit.ulids import is_ulid


def new_id() -> str:
    """A ULID of now."""
    return str(ULID())


def check_id(value: str, field: str = "id") -> str:
    """``value`` when it is a ULID; else raises ``InvalidArgument`` naming ``field``."""
    if not is_ulid(value):
        raise InvalidArgument.field(field, "must be a ULID: 26 upper-case characters")
    return value
