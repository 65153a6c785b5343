"""Which passwords are too common: what who guesses tries first."""

from __future__ import annotations

from collections.abc import Container
from itertools import pairwise

_LONGEST_UNIT = 4


def is_common(text: str, commonest: Container[str]) -> bool:
    """Whether a password is among ``commonest``, or little more than one of them.

    ``commonest`` are in lower case. Also common, in any case: one of them repeated, or with digits
    and punctuation at its ends that are no longer than itself; a run of neighbours such as
    ``abcdefghij`` or ``9876543210``; and up to four characters again and again.
    """
    lower = text.lower()
    unit = _unit(lower)
    return (
        len(unit) <= _LONGEST_UNIT
        or _is_run(lower)
        # On keyboards 0 comes after 9.
        or _is_run(lower.replace("0", chr(ord("9") + 1)))
        or any(_is_word(part, commonest) for part in (lower, unit))
    )


def _is_word(text: str, commonest: Container[str]) -> bool:
    if text in commonest:
        return True
    word = _core(text)
    return 2 * len(word) >= len(text) and word in commonest


def _core(text: str) -> str:
    """What stands between the first letter and the last."""
    letters = [at for at, character in enumerate(text) if character.isalpha()]
    return text[letters[0] : letters[-1] + 1] if letters else ""


def _unit(text: str) -> str:
    """The shortest text that ``text`` repeats; itself where it repeats none."""
    # A text stands in its double before its own length only if it is turned onto itself.
    return text[: (text + text).find(text, 1)]


def _is_run(text: str) -> bool:
    """Whether each character is the next of the one before, or each the one before that."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return steps in ({1}, {-1})
