"""ULIDs: 26 upper-case characters that sort by the time they were made."""

from __future__ import annotations

from ulid import ULID


def new_id() -> str:
    """A ULID of now."""
    return str(ULID())
