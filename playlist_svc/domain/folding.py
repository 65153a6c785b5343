"""Texts as rules compare them and as lists sort them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

COMPARED: Final = 500
"""The most characters of a comparing key; what folding makes longer is cut."""
SORTED: Final = 200
"""The most characters of a sorting key: two of them fit into one entry of a B-tree."""

# Letters that do not decompose into a plain one and a mark.
_LETTERS: Final = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ħ": "h",
        "\u0131": "i",
    }
)
# The accents of Latin, Greek and Cyrillic. The marks of other scripts tell words apart.
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_ARTICLE: Final = "the "


def comparable(text: str) -> str:
    """The key under which texts are equal whatever their case, accents, width and spacing.

    Words joined by single spaces, at most ``COMPARED`` characters. Folding it again changes
    nothing.
    """
    folded = text.lower() if text.isascii() else _without_accents(_without_accents(text))
    return " ".join(folded.split())[:COMPARED].rstrip()


@lru_cache(maxsize=1 << 16)
def sortable(text: str) -> str:
    """The key that texts are sorted by, character by character: ``comparable`` without a leading
    "the ", at most ``SORTED`` characters."""
    return comparable(text).removeprefix(_ARTICLE)[:SORTED]


def _without_accents(text: str) -> str:
    """Folded once. Case folding makes some characters anew, so that it takes two rounds."""
    # With its accents, for of some of them case folding makes letters.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    # Composed, so that Hangul takes one character a syllable.
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", folded).translate(_LETTERS))
