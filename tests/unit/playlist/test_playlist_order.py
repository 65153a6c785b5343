"""Packed orders; and orders written as words, which the other tests of playlists use."""

from __future__ import annotations

import pytest

from playlist_svc.domain.content import Content
from playlist_svc.domain.order import (
    EMPTY,
    MAX_TRACKS,
    RECORD,
    DuplicateItems,
    Entry,
    Order,
    OrderFull,
)


def item(letter: str) -> bytes:
    """The id of the item that a letter stands for."""
    return ord(letter).to_bytes(16, "big")


def entry(letter: str) -> Entry:
    """An entry for a letter; its track and its duration follow from the letter too."""
    return Entry(item(letter), (ord(letter) + 7000).to_bytes(16, "big"), b"u" * 16, ord(letter))


def entries(letters: str) -> list[Entry]:
    return [entry(letter) for letter in letters]


def order(letters: str) -> Order:
    return Order.of(entries(letters))


def content(letters: str, title: str = "t", description: str = "d") -> Content:
    return Content(title, description, order(letters))


def letters(given: Order | Content) -> str:
    """The letters of an order."""
    packed = given.order if isinstance(given, Content) else given
    return "".join(chr(int.from_bytes(raw, "big")) for raw in packed.item_ids())


def numbered(count: int) -> list[Entry]:
    """That many different entries."""
    return [Entry((n + 1).to_bytes(16, "big"), b"t" * 16, b"u" * 16, n) for n in range(count)]


def test_an_entry_comes_back_as_it_was_packed() -> None:
    packed = order("abc")
    assert len(packed) == 3
    assert packed.entry(1) == entry("b")
    assert packed.slice(0) == entries("abc")
    assert packed.item_ids() == [item(letter) for letter in "abc"]
    assert packed.track_ids() == [entry(letter).track_id for letter in "abc"]
    assert packed.records() == [entry(letter).packed() for letter in "abc"]


@pytest.mark.parametrize("count", [0, 1, 2, MAX_TRACKS])
def test_what_is_played_are_the_tracks_and_then_their_entries(count: int) -> None:
    packed = Order.of(numbered(count))
    entries = packed.slice(0)
    assert packed.played() == b"".join(one.track_id + one.item_id for one in entries)


def test_the_record_is_52_bytes_in_network_order() -> None:
    assert RECORD.size == 52
    assert order("a").packed[-4:] == bytes((0, 0, 0, ord("a")))


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_entry_outside_of_the_list(index: int) -> None:
    with pytest.raises(IndexError):
        order("abc").entry(index)


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, 2, "ab"),
        (1, None, "bc"),
        (2, 99, "c"),
        (3, 5, ""),
        (9, 12, ""),
        (-4, 1, "a"),
        (1, -1, ""),
    ],
)
def test_a_slice_is_what_the_list_has_of_it(start: int, stop: int | None, expected: str) -> None:
    assert order("abc").slice(start, stop) == entries(expected)
    assert order("abc").duration_ms(start, stop) == sum(map(ord, expected))


def test_items_are_found_where_they_stand() -> None:
    packed = order("abc")
    assert [packed.index_of(item(letter)) for letter in "abcd"] == [0, 1, 2, None]
    assert EMPTY.index_of(item("a")) is None


def test_bytes_of_an_item_id_elsewhere_in_a_record_are_no_item() -> None:
    wanted = item("w")
    decoys = [
        Entry(item("a"), wanted, wanted, 0),
        Entry(item("b"), b"x" * 8 + wanted[:8], wanted[8:] + b"x" * 8, 0),
    ]
    assert Order.of(decoys).index_of(wanted) is None
    assert Order.of([*decoys, Entry(wanted, wanted, wanted, 0)]).index_of(wanted) == 2


@pytest.mark.parametrize("wrong", [b"", item("a")[:15], item("a") + b"\0"])
def test_what_is_no_id_is_in_no_list(wrong: bytes) -> None:
    assert order("abc").index_of(wrong) is None


def test_durations_beyond_32_bits_add_up() -> None:
    longest = 2**32 - 1
    packed = Order.of([Entry(item(n), b"t" * 16, b"u" * 16, longest) for n in "abc"])
    assert packed.duration_ms() == 3 * longest
    assert EMPTY.duration_ms() == 0


def test_an_entry_says_when_it_was_added() -> None:
    added = Entry((1234).to_bytes(6, "big") + b"r" * 10, b"t" * 16, b"u" * 16, 0)
    assert added.added_at_ms == 1234


def test_an_item_stands_in_a_list_once() -> None:
    with pytest.raises(DuplicateItems) as refused:
        order("abcab")
    assert refused.value.ids == (item("a"), item("b"))


def test_a_full_list_is_a_list_and_one_more_is_none() -> None:
    assert len(Order.of(numbered(MAX_TRACKS))) == MAX_TRACKS
    with pytest.raises(OrderFull) as refused:
        Order.of(numbered(MAX_TRACKS + 1))
    assert refused.value.limit == MAX_TRACKS


@pytest.mark.parametrize(
    "wrong",
    [
        Entry(b"short", b"t" * 16, b"u" * 16, 0),
        Entry(b"i" * 16, b"t" * 17, b"u" * 16, 0),
        Entry(b"i" * 16, b"t" * 16, b"", 0),
        Entry(b"i" * 16, b"t" * 16, b"u" * 16, -1),
        Entry(b"i" * 16, b"t" * 16, b"u" * 16, 2**32),
    ],
)
def test_an_entry_that_fits_no_record_is_refused(wrong: Entry) -> None:
    with pytest.raises(ValueError):
        Order.of([wrong])


def test_half_a_record_is_no_order() -> None:
    with pytest.raises(ValueError):
        Order(order("ab").packed[:-1])
