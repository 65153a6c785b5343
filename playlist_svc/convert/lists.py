"""What lists and batches of the library and of following have in common."""

from __future__ import annotations

from meshkit.paging import Page
from playlist_svc.convert import fields

_YEAR_10000_US = 253_402_300_800_000_000


def place(page: Page) -> tuple[int, str] | None:
    """After which time (Unix microseconds) and id the page begins; None for the first page.

    PageTokenInvalid for a token that names no such place.
    """
    return fields.numbered_key(page.after, below=_YEAR_10000_US)
