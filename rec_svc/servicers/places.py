"""Where a page of a list begins, as its token says it."""

from __future__ import annotations

from meshkit.paging import SortKey, foreign_token

_YEAR_10000_MS = 253_402_300_800_000


def newest_after(after: SortKey | None) -> tuple[int, str] | None:
    """The place after which a page begins, where the newest stand first."""
    match after:
        case None:
            return None
        case (int(created_ms), str(thing_id)) if 0 <= created_ms < _YEAR_10000_MS:
            return created_ms, thing_id
        case _:
            raise foreign_token()
