"""ULIDs as every service makes and writes them: 26 upper-case characters of Crockford's base 32."""

from __future__ import annotations

import re

from ulid import ULID

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def is_ulid(text: str) -> bool:
    """Whether ``text`` is a ULID as every service writes them."""
    return _ULID.fullmatch(text) is not None


def new_id() -> str:
    """A new ULID, later in order than those of earlier milliseconds."""
    return str(ULID())
