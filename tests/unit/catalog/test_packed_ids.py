"""Many ids at once, packed and as text."""

from __future__ import annotations

import os

import pytest
from ulid import ULID

from catalog_svc.domain.packed_ids import UNKNOWN, packed, unpacked

EDGES = [bytes(16), b"\xff" * 16, bytes(range(16)), b"\x80" + bytes(15), bytes(15) + b"\x01"]


@pytest.mark.parametrize("count", [0, 1, 2, 10_000])
def test_packed_ids_are_those_that_they_are_one_by_one(count: int) -> None:
    raw = [*EDGES, *(os.urandom(16) for _ in range(count))][-count or len(EDGES) :]
    texts = [str(ULID.from_bytes(one)) for one in raw]
    assert unpacked(b"".join(raw)) == texts
    assert packed(texts) == b"".join(raw)


def test_every_bit_has_its_place() -> None:
    raw = [(1 << bit).to_bytes(16, "big") for bit in range(128)]
    assert unpacked(b"".join(raw)) == [str(ULID.from_bytes(one)) for one in raw]
    assert packed(unpacked(b"".join(raw))) == b"".join(raw)


def test_the_unknown_id_is_zeros() -> None:
    assert packed([UNKNOWN]) == bytes(16)
    assert packed([]) == b""
    assert unpacked(b"") == []


@pytest.mark.parametrize("size", [1, 15, 17])
def test_part_of_an_id_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        unpacked(bytes(size))
