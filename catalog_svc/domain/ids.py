"""ULIDs: 26 upper-case characters that sort by the time they were made."""

from __future__ import annotations

import re

from ulid import ULID

from meshkit.faults import InvalidArgument

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def new_id() -> str:
    """A ULID of now."""
    return str(ULID())


def is_id(value: str) -> bool:
    """Whether ``value`` is a ULID."""
    return _ULID.fullmatch(value) is not None


def check_id(value: str, field: str = "id") -> str:
    """``value`` when it is a ULID; else raises ``InvalidArgument`` naming ``field``."""
    if not is_id(value):
        raise InvalidArgument.field(field, "must be a ULID: 26 upper-case characters")
    return value
