"""Many ULIDs at once as 16 bytes each, one after the other, and as their 26 characters.

A list to play has up to 10,000 of them. One by one they would keep a process from all else for
tens of milliseconds; here each byte or character is made for all of them in a few operations.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

RAW_SIZE: Final = 16
TEXT_SIZE: Final = 26
UNKNOWN: Final = "0" * TEXT_SIZE
"""The ULID of nothing, which is 16 zeros when it is packed."""

_ALPHABET: Final = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = bytes(max(0, _ALPHABET.find(bytes([byte]))) for byte in range(256))

# Which units of one kind hold bits of each unit of the other, and what each value adds to it.
_Parts: TypeAlias = list[list[tuple[int, bytes]]]


def _parts(of: list[int], out_of: list[int], limit: int) -> _Parts:
    """The parts of units that end at the bits ``of``, in units that end at the bits ``out_of``.

    ``limit`` is how many values a unit has that is made.
    """
    parts: _Parts = []
    for end in of:
        shifts = [(place, bit - end) for place, bit in enumerate(out_of)]
        tables = [
            (place, bytes(_shifted(v, by, limit) for v in range(256))) for place, by in shifts
        ]
        parts.append([(place, table) for place, table in tables if any(table)])
    return parts


def _shifted(value: int, by: int, limit: int) -> int:
    return (value >> by if by >= 0 else value << -by) % limit


# The first of 26 characters has 2 bits more than 128.
_BYTE_ENDS: Final = [8 * place + 8 for place in range(RAW_SIZE)]
_CHARACTER_ENDS: Final = [5 * place + 3 for place in range(TEXT_SIZE)]
_CHARACTERS: Final = _parts(_CHARACTER_ENDS, _BYTE_ENDS, 32)
_BYTES: Final = [
    [(place, _VALUES.translate(table)) for place, table in parts]
    for parts in _parts(_BYTE_ENDS, _CHARACTER_ENDS, 256)
]


def unpacked(raw: bytes) -> list[str]:
    """The ids in ``raw``. ValueError when there is part of one."""
    if len(raw) % RAW_SIZE:
        raise ValueError("packed ids are 16 bytes each")
    values = _regrouped(raw, RAW_SIZE, _CHARACTERS)
    text = values.translate(_ALPHABET.ljust(256)).decode("ascii")
    return [text[start : start + TEXT_SIZE] for start in range(0, len(text), TEXT_SIZE)]


def packed(ids: Iterable[str]) -> bytes:
    """The ids, which must be ULIDs, in the same order."""
    return bytes(_regrouped("".join(ids).encode("ascii"), TEXT_SIZE, _BYTES))


def _regrouped(given: bytes, size: int, parts: _Parts) -> bytearray:
    """Records of ``size`` units as records of as many units as there are ``parts``."""
    count = len(given) // size
    columns = [given[place::size] for place in range(size)]
    made = bytearray(count * len(parts))
    for place, sources in enumerate(parts):
        column = 0
        for source, table in sources:
            column |= int.from_bytes(columns[source].translate(table), "big")
        made[place :: len(parts)] = column.to_bytes(count, "big")
    return made
