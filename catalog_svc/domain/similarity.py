"""How alike two lists of words are: pure functions of letters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_LONGEST: Final = 64
"""Longer words are the same or not alike at all: nobody's slips are worth the time."""


def similarity(one: Sequence[str], other: Sequence[str]) -> float:
    """The share of letters that two lists of words have in common, 0 to 1.

    Words are paired whatever their order, with slips as their length allows; words that are
    parted otherwise (``black bird``) are compared as one.
    """
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    return max(_word_likeness("".join(one), "".join(other)), _paired(one, other))


def _paired(one: Sequence[str], other: Sequence[str]) -> float:
    left = list(other)
    common = 0.0
    for word in sorted(one, key=len, reverse=True):
        scored = [(_word_likeness(word, candidate), candidate) for candidate in left]
        likeness, best = max(scored, default=(0.0, ""))
        if likeness > 0:
            left.remove(best)
            common += likeness * (len(word) + len(best))
    return common / (sum(map(len, one)) + sum(map(len, other)))


def slips_allowed(length: int) -> int:
    """How many letters may be wrong: none below 4, one below 8, then one of every five."""
    return 0 if length < 4 else 1 if length < 8 else length // 5


def _word_likeness(one: str, other: str) -> float:
    if one == other:
        return 1.0
    longer = max(len(one), len(other))
    if longer > _LONGEST:
        return 0.0
    allowed = slips_allowed(min(len(one), len(other)))
    if abs(len(one) - len(other)) > allowed:
        return 0.0
    slips = letter_distance(one, other, allowed)
    return 1 - slips / longer if slips <= allowed else 0.0


@lru_cache(maxsize=8192)
def letter_distance(one: str, other: str, most: int) -> int:
    """Letters to change, add, leave out or swap with their neighbour; above ``most``, no matter."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, other_letter in enumerate(other, 1):
            step = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != other_letter))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == other_letter:
                step = min(step, earlier[j - 2] + 1)
            row.append(step)
        if min(row) > most:
            return most + 1
    return row[-1]
