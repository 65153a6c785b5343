"""Orders by chance that can be made again: another one every day and for everyone.

A track keeps one number. An order multiplies it and adds to it modulo a prime, so that a store can
compute it, and a track that comes or goes moves no other.
"""

from __future__ import annotations

import hashlib
from typing import Final

DAY_MS: Final = 86_400_000
PRIME: Final = 2**31 - 1
"""The product of two numbers below it fits into 63 bits."""


def number_of(track_id: str) -> int:
    """The number that a track keeps, from 0 to ``PRIME`` - 1."""
    return _number(track_id) % PRIME


def shuffle(owner_id: str, now_ms: int) -> tuple[int, int]:
    """Factor and summand of the order of a day (UTC): tracks are ordered by
    ``(number * factor + summand) % PRIME``, what is equal by id."""
    chance = _number(f"{owner_id} {now_ms // DAY_MS}")
    return chance % (PRIME - 1) + 1, (chance >> 32) % PRIME


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
