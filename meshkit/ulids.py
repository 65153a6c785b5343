"""What a ULID looks like on the wire: 26 upper-case characters of Crockford's base 32."""

from __future__ import annotations

import re

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def is_ulid(text: str) -> bool:
    """Whether ``text`` is a ULID as every service writes them."""
    return _ULID.fullmatch(text) is not None
