"""Where a page of a list begins, as its token says it."""

from __future__ import annotations

from meshkit.paging import SortKey, foreign_token
from meshkit.ulids import is_ulid

_YEAR_10000_MS = 253_402_300_800_000


def newest_after(after: SortKey | None) -> tuple[int, str] | None:
    """After what a page begins, where the newest stand first. Raises PageTokenInvalid."""
    match after:
        case None:
            return None
        case (int(created_ms), str(id_)) if 0 <= created_ms < _YEAR_10000_MS and is_ulid(id_):
            return created_ms, id_
        case _:
            raise foreign_token()
