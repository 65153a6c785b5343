"""Texts out of files of strangers: one line, without control characters, of bounded length."""

from __future__ import annotations

import re
from typing import Final

MAX_TEXT: Final = 2_000
"""The most characters of a title, a name or a location; longer ones are cut."""

_MAX_QUOTED: Final = 60
# Everything that some program takes for the end of a line, and the tab.
_BREAKS: Final = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
# Controls, halves of surrogate pairs (no encoding carries them), and two that XML forbids.
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """``text`` as one trimmed line of at most ``limit`` characters.

    A line break or a tab becomes a space, other control characters are dropped; marks of
    direction and of zero width stay, as scripts need them.
    """
    if not text.isprintable():
        text = _CONTROLS.sub("", _BREAKS.sub(" ", text))
    return text.strip()[:limit].rstrip()


def quoted(text: str) -> str:
    """A short piece of ``text`` in quotation marks, for a message to people."""
    shown = clean(text, _MAX_QUOTED + 1)
    return f'"{shown}"' if len(shown) <= _MAX_QUOTED else f'"{shown[:_MAX_QUOTED]}…"'
