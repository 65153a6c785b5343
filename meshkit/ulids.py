"""ULIDs as every service makes, checks and keeps them.

They are shown as 26 upper-case characters of Crockford's base 32 and kept, where there are many, as
16 raw bytes. A page of 300 tracks converts some 900 ids, so both ways are a few table look-ups: 26
characters of 5 bits are the first byte (2 characters) and eight groups of 15 bits (3 characters
each).
"""

from __future__ import annotations

import os
import re

from ulid import ULID

RAW_SIZE = 16
TEXT_SIZE = 26

_TAIL_SIZE = 10
_TIME_LIMIT_MS = 1 << 48
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [_ALPHABET[n >> 5] + _ALPHABET[n & 31] for n in range(256)]
_TRIPLES = [a + b + c for a in _ALPHABET for b in _ALPHABET for c in _ALPHABET]
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def is_ulid(text: str) -> bool:
    """Whether ``text`` is a ULID as every service writes them."""
    return _ULID.fullmatch(text) is not None


def new_id() -> str:
    """A new ULID, later in order than those of earlier milliseconds."""
    return str(ULID())


def _digits() -> bytes:
    """Crockford's characters as the digits of ``int(…, 32)``; every other byte as no digit."""
    table = bytearray(b"!" * 256)
    for value, character in enumerate(_ALPHABET):
        table[ord(character)] = ord("0123456789abcdefghijklmnopqrstuv"[value])
    return bytes(table)


_DIGITS = _digits()


def to_text(raw: bytes) -> str:
    """The 26 characters of 16 raw bytes. ValueError when there are not 16."""
    if len(raw) != RAW_SIZE:
        raise ValueError(f"an id is {RAW_SIZE} bytes, not {len(raw)}")
    n = int.from_bytes(raw, "big")
    triples = _TRIPLES
    return (
        _PAIRS[raw[0]]
        + triples[n >> 105 & 32767]
        + triples[n >> 90 & 32767]
        + triples[n >> 75 & 32767]
        + triples[n >> 60 & 32767]
        + triples[n >> 45 & 32767]
        + triples[n >> 30 & 32767]
        + triples[n >> 15 & 32767]
        + triples[n & 32767]
    )


def to_raw(text: str) -> bytes:
    """The 16 bytes of 26 upper-case characters; ValueError for anything that is no such ULID."""
    # A first character above 7 would need more than 128 bits.
    if len(text) != TEXT_SIZE or text[0] > "7":
        raise ValueError("not a ULID")
    return int(text.encode("ascii").translate(_DIGITS), 32).to_bytes(RAW_SIZE, "big")


def time_ms(raw: bytes) -> int:
    """The moment in an id, in milliseconds since 1970."""
    return int.from_bytes(raw[:6], "big")


def new_ids(n: int, now_ms: int) -> list[bytes]:
    """``n`` fresh ids of this millisecond, rising, so that the order of a batch stays visible.

    ValueError when ``now_ms`` does not fit the 48 bits of a ULID's time.
    """
    if not 0 <= now_ms < _TIME_LIMIT_MS:
        raise ValueError("the time does not fit an id")
    moment = now_ms.to_bytes(6, "big")
    chance = os.urandom(_TAIL_SIZE * n)
    return sorted(
        moment + chance[start : start + _TAIL_SIZE]
        for start in range(0, _TAIL_SIZE * n, _TAIL_SIZE)
    )
