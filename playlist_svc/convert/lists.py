"""What lists and batches of the library and of following have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from meshkit.faults import InvalidArgument
from meshkit.paging import Page
from playlist_svc.convert import fields

MOST_IDS = 500
"""How many ids a call can name."""

_YEAR_10000_US = 253_402_300_800_000_000

T = TypeVar("T")


def batch(field: str, texts: Sequence[str], *, least: int = 1) -> list[str]:
    """``least`` to ``MOST_IDS`` ULIDs; the same may come again."""
    if not least <= len(texts) <= MOST_IDS:
        raise InvalidArgument.field(field, f"must be {least} to {MOST_IDS} ids")
    return [fields.ulid(f"{field}[{index}]", text) for index, text in enumerate(texts)]


def timestamp(unix_us: int) -> Timestamp:
    """Unix microseconds as the wire has them."""
    stamp = Timestamp()
    stamp.FromMicroseconds(unix_us)
    return stamp


def place(page: Page) -> tuple[int, str] | None:
    """After which time (Unix microseconds) and id the page begins; None for the first page.

    PageTokenInvalid for a token that names no such place.
    """
    match page.after:
        case None:
            return None
        case (int(unix_us), str(name)) if 0 <= unix_us < _YEAR_10000_US and fields.is_ulid(name):
            return unix_us, name
        case _:
            raise fields.foreign_token()


def cut(
    page: Page, found: Sequence[T], key: Callable[[T], tuple[int, str]]
) -> tuple[Sequence[T], str]:
    """The page of ``found``, which has one more if there is a next page, and that one's token."""
    shown = found[: page.size]
    return shown, page.next_token(key(shown[-1])) if len(found) > page.size else ""
