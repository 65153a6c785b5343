"""Checks of what requests bring; each raises InvalidArgument naming the field."""

from __future__ import annotations

import re
import unicodedata

from meshkit.faults import InvalidArgument, PageTokenInvalid
from meshkit.paging import SortKey
from meshkit.ulids import is_ulid

_YEAR_10000_MS = 253_402_300_800_000
_CONTROL = ("Cc", "Cs", "Zl", "Zp")
# What shows nothing: formats, spaces, and the letters and signs that are drawn as blanks.
_BLANK_CATEGORIES = ("Cc", "Cf", "Zs", "Zl", "Zp", "Cn", "Co")
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def title(field: str, text: str) -> str:
    """A title without the spaces around it; one of its characters at least can be seen."""
    trimmed = text.strip()
    if any(unicodedata.category(character) in _CONTROL for character in trimmed):
        raise InvalidArgument.field(field, "must have no control characters")
    if all(_is_blank(character) for character in trimmed):
        raise InvalidArgument.field(field, "must have a character that can be seen")
    return trimmed


def description(text: str, path: str = "") -> str:
    """A description, in which line feeds and tabs are the only controls."""
    field = f"{path}description"
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
            raise foreign_token_error()


def foreign_token_error() -> InvalidArgument:
    """The fault for a page token that says what this list never said."""
    return PageTokenInvalid.field("page_token", "was not made for this request")
