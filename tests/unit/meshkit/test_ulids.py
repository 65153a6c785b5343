"""Ids as bytes and as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from meshkit.ulids import new_ids, time_ms, to_raw, to_text

LARGEST = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"


@given(st.binary(min_size=16, max_size=16))
def test_text_is_the_ulid_of_the_bytes_and_leads_back_to_them(raw: bytes) -> None:
    assert to_text(raw) == str(ULID.from_bytes(raw))
    assert to_raw(to_text(raw)) == raw


@given(st.lists(st.binary(min_size=16, max_size=16)))
def test_texts_sort_as_bytes_do(raws: list[bytes]) -> None:
    assert [to_text(raw) for raw in sorted(raws)] == sorted(map(to_text, raws))


@pytest.mark.parametrize("raw", [b"", b"\0" * 15, b"\0" * 17])
def test_other_than_16_bytes_have_no_text(raw: bytes) -> None:
    with pytest.raises(ValueError):
        to_text(raw)


@pytest.mark.parametrize(
    "text",
    [
        "",
        LARGEST[:-1],
        LARGEST + "0",
        "8" + "0" * 25,
        "Z" * 26,
        LARGEST.lower(),
        *(f"0{character}{'0' * 24}" for character in "ILOUa_-+ \n\0é٣"),
        "-" + "0" * 25,
        " " + "0" * 25,
        "0_" * 13,
    ],
)
def test_text_that_is_no_ulid_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        to_raw(text)


@given(st.text(min_size=26, max_size=26))
def test_any_text_is_refused_or_means_exactly_itself(text: str) -> None:
    try:
        raw = to_raw(text)
    except ValueError:
        return
    assert to_text(raw) == text


def test_the_largest_id_is_an_id() -> None:
    assert to_raw(LARGEST) == b"\xff" * 16


def test_new_ids_rise_and_carry_the_time() -> None:
    ids = new_ids(500, 1_700_000_000_123)
    assert len(set(ids)) == 500
    assert ids == sorted(ids)
    assert {time_ms(raw) for raw in ids} == {1_700_000_000_123}
    assert all(len(raw) == 16 for raw in ids)


def test_no_ids_are_no_ids() -> None:
    assert new_ids(0, 1) == []


@pytest.mark.parametrize("now_ms", [-1, 1 << 48])
def test_a_time_that_fits_no_id_is_refused(now_ms: int) -> None:
    with pytest.raises(ValueError):
        new_ids(1, now_ms)
