"""Packed lists of entries behave like plain lists of them."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given
from ulid import ULID

from meshkit.ulids import to_raw, to_text
from playback_svc.domain.listing import (
    MOST_ENTRIES,
    RECORD,
    Entry,
    Listing,
)

ids = st.binary(min_size=16, max_size=16).map(lambda raw: str(ULID(raw)))
# Runs of two bytes, so that one id often stands across the borders of others.
alike = st.builds(lambda n: str(ULID(b"\1" * n + b"\2" * (16 - n))), st.integers(0, 16))
ZEROS = "0" * 26


def lists_of(given_ids: st.SearchStrategy[str]) -> st.SearchStrategy[list[Entry]]:
    return st.lists(st.builds(Entry, given_ids, given_ids | st.just("")), max_size=12)


@given(lists_of(ids.filter(lambda text: text != ZEROS)))
def test_entries_come_back_as_they_went_in(entries: list[Entry]) -> None:
    listing = Listing.of(entries)
    assert len(listing) == len(entries)
    assert [listing.entry(index) for index in range(len(entries))] == entries
    assert len(listing.packed) == 32 * len(entries)


@given(lists_of(alike), st.integers(0, 14), st.none() | st.integers(0, 14))
def test_a_slice_is_that_of_a_list(entries: list[Entry], start: int, stop: int | None) -> None:
    listing = Listing.of(entries)
    assert listing.slice(start, stop) == entries[start:stop]
    assert b"".join(listing.records(start, stop)) == Listing.of(entries[start:stop]).packed


def test_a_slice_that_ends_before_the_list_begins_is_empty() -> None:
    listing = Listing.of([Entry(str(ULID()))] * 3)
    assert listing.slice(0, -1) == []
    assert len(listing.slice(-1, 2)) == 2


@given(lists_of(alike), alike)
def test_an_id_is_found_at_its_first_entry_and_in_its_own_field_alone(
    entries: list[Entry], sought: str
) -> None:
    listing = Listing.of(entries)
    items, tracks = [e.item_id for e in entries], [e.track_id for e in entries]
    assert listing.find_item(sought) == (items.index(sought) if sought in items else None)
    assert listing.find_track(sought) == (tracks.index(sought) if sought in tracks else None)


@pytest.mark.parametrize("sought", ["", ZEROS])
def test_an_entry_without_an_item_is_not_found_by_none(sought: str) -> None:
    listing = Listing.of([Entry(str(ULID()))])
    assert listing.find_item(sought) is None


@pytest.mark.parametrize("index", [-1, 2])
def test_there_is_no_entry_outside_of_the_list(index: int) -> None:
    listing = Listing.of([Entry(str(ULID()))] * 2)
    with pytest.raises(IndexError):
        listing.entry(index)


def test_a_listing_takes_its_most_and_no_more() -> None:
    packed = bytes(RECORD.size * MOST_ENTRIES)
    assert len(Listing(packed)) == MOST_ENTRIES
    with pytest.raises(ValueError, match="at most 10000"):
        Listing(packed + bytes(RECORD.size))


def test_bytes_that_are_not_whole_records_are_refused() -> None:
    with pytest.raises(ValueError, match="whole records"):
        Listing(bytes(RECORD.size + 1))


@given(st.binary(min_size=16, max_size=16))
def test_ids_read_and_write_as_the_ulid_package_has_them(raw: bytes) -> None:
    assert to_text(raw) == str(ULID(raw))
    assert to_raw(to_text(raw)) == raw


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0" * 25,
        "0" * 27,
        "8" + "0" * 25,
        "0" * 25 + "I",
        "0" * 25 + "a",
        "0" * 25 + "_",
        " " + "0" * 25,
        "-" + "0" * 25,
        "0" * 25 + "é",
    ],
)
def test_what_is_no_ulid_makes_no_entry(text: str) -> None:
    with pytest.raises(ValueError):
        Listing.of([Entry(text)])
    with pytest.raises(ValueError):
        Listing().find_track(text)
