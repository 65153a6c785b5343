"""Checks of what requests bring; each raises InvalidArgument naming the field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from meshkit.faults import InvalidArgument, PageTokenInvalid
from meshkit.paging import SortKey
from meshkit.ulids import is_ulid
from playlist_svc.domain.ids import to_raw
from playlist_svc.domain.order import MAX_TRACKS
from playlist_svc.domain.playlist import DESCRIPTION_LENGTH, TITLE_LENGTH

_YEAR_10000_MS = 253_402_300_800_000
_CONTROL = ("Cc", "Cs", "Zl", "Zp")
# What shows nothing: formats, spaces, and the letters and signs that are drawn as blanks.
_BLANK_CATEGORIES = ("Cc", "Cf", "Zs", "Zl", "Zp", "Cn", "Co")
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def ulid(field: str, text: str) -> str:
    """``text`` if it is a ULID."""
    if not is_ulid(text):
        raise InvalidArgument.field(field, "must be a ULID, 26 upper-case characters")
    return text


def optional_ulid(field: str, text: str) -> str:
    """``text`` if it is a ULID or empty."""
    return ulid(field, text) if text else ""


def raw_id(field: str, text: str) -> bytes:
    """The 16 bytes of a ULID."""
    return to_raw(ulid(field, text))


def ids(field: str, texts: Sequence[str], *, least: int = 1, most: int = MAX_TRACKS) -> list[str]:
    """``least`` to ``most`` ULIDs; the same may come again."""
    if not least <= len(texts) <= most:
        raise InvalidArgument.field(field, f"must be {least} to {most} ids")
    return [ulid(f"{field}[{index}]", text) for index, text in enumerate(texts)]


def raw_ids(field: str, texts: Sequence[str]) -> list[bytes]:
    """1 to 10,000 ids, each as 16 bytes."""
    return [to_raw(text) for text in ids(field, texts)]


def title(field: str, text: str) -> str:
    """A title without the spaces around it: 1 to 200 characters, one of them visible at least."""
    trimmed = text[: 4 * TITLE_LENGTH].strip()
    if not trimmed or len(trimmed) > TITLE_LENGTH or len(text) > 4 * TITLE_LENGTH:
        raise InvalidArgument.field(field, f"must be 1 to {TITLE_LENGTH} characters")
    if any(unicodedata.category(character) in _CONTROL for character in trimmed):
        raise InvalidArgument.field(field, "must have no control characters")
    if all(_is_blank(character) for character in trimmed):
        raise InvalidArgument.field(field, "must have a character that can be seen")
    return trimmed


def description(text: str, path: str = "") -> str:
    """A description: at most 2,000 characters; line feeds and tabs are its only controls."""
    field = f"{path}description"
    if len(text) > DESCRIPTION_LENGTH:
        raise InvalidArgument.field(field, f"must be at most {DESCRIPTION_LENGTH} characters")
    for character in text:
        if character not in "\n\r\t" and unicodedata.category(character) in ("Cc", "Cs"):
            raise InvalidArgument.field(field, "must have no control characters")
    return text


def _is_blank(character: str) -> bool:
    return (
        unicodedata.category(character) in _BLANK_CATEGORIES
        or character in _BLANKS
        or _SELECTORS.match(character) is not None
    )


def numbered_key(after: SortKey | None, *, below: int = _YEAR_10000_MS) -> tuple[int, str] | None:
    """A sort key of a number from 0 to ``below``, and an id. PageTokenInvalid for any other."""
    match after:
        case None:
            return None
        case (int(number), str(name)) if 0 <= number < below and is_ulid(name):
            return number, name
        case _:
            raise foreign_token()


def foreign_token() -> InvalidArgument:
    """The fault for a page token that says what this list never said."""
    return PageTokenInvalid.field("page_token", "was not made for this request")
