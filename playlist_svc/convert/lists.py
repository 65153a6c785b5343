"""What lists and batches of the library and of following have in common."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from meshkit.paging import Page
from playlist_svc.convert import fields

MOST_IDS = 500
"""How many ids a call can name."""

_YEAR_10000_US = 253_402_300_800_000_000


def batch(field: str, texts: Sequence[str], *, least: int = 1) -> list[str]:
    """``least`` to ``MOST_IDS`` ULIDs; the same may come again."""
    return fields.ids(field, texts, least=least, most=MOST_IDS)


def timestamp(unix_us: int) -> Timestamp:
    """Unix microseconds as the wire has them."""
    stamp = Timestamp()
    stamp.FromMicroseconds(unix_us)
    return stamp


def place(page: Page) -> tuple[int, str] | None:
    """After which time (Unix microseconds) and id the page begins; None for the first page.

    PageTokenInvalid for a token that names no such place.
    """
    return fields.numbered_key(page.after, below=_YEAR_10000_US)
