"""Edits of a playlist's content."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_playlist_order import content, entries, item, letters, numbered

from playlist_svc.domain import content as edits
from playlist_svc.domain.content import (
    Content,
    InvalidAnchor,
    PositionOutOfRange,
    UnknownItems,
)
from playlist_svc.domain.order import MAX_TRACKS, DuplicateItems, Order, OrderFull


def items(given: str) -> list[bytes]:
    return [item(letter) for letter in given]


@pytest.mark.parametrize(
    ("position", "expected"), [(None, "abcxy"), (0, "xyabc"), (1, "axybc"), (3, "abcxy")]
)
def test_tracks_are_added_at_a_position(position: int | None, expected: str) -> None:
    assert edits.add(content("abc"), entries("xy"), position) == content(expected)


@pytest.mark.parametrize("position", [-1, 4])
def test_a_position_outside_of_the_list_is_refused(position: int) -> None:
    with pytest.raises(PositionOutOfRange) as refused:
        edits.add(content("abc"), entries("x"), position)
    assert (refused.value.position, refused.value.length) == (position, 3)


def test_tracks_are_added_before_an_item_or_at_the_end() -> None:
    assert letters(edits.add_before(content("abc"), entries("xy"), item("b"))) == "axybc"
    assert letters(edits.add_before(content("abc"), entries("xy"), None)) == "abcxy"


def test_nothing_is_added_before_an_unknown_item() -> None:
    with pytest.raises(UnknownItems) as refused:
        edits.add_before(content("abc"), entries("x"), item("z"))
    assert refused.value.ids == (item("z"),)


def test_an_item_that_is_in_the_list_is_not_added_again() -> None:
    with pytest.raises(DuplicateItems) as refused:
        edits.add(content("abc"), entries("xb"))
    assert refused.value.ids == (item("b"),)


def test_a_full_list_takes_no_more() -> None:
    full = Content("t", "d", Order.of(numbered(MAX_TRACKS)))
    with pytest.raises(OrderFull):
        edits.add(full, entries("\U00010000"))
    assert len(edits.add(full, []).order) == MAX_TRACKS


@pytest.mark.parametrize("given", ["bd", "db", "bdb"])
def test_removed_tracks_come_back_as_they_stood(given: str) -> None:
    left, removed = edits.remove(content("abcde"), items(given))
    assert left == content("ace")
    assert removed == entries("bd")


@pytest.mark.parametrize(
    ("given", "before", "expected"),
    [
        ("b", "e", "acdbe"),
        ("d", "a", "dabce"),
        ("ac", "e", "bdace"),
        ("ca", "e", "bdace"),
        ("ab", None, "cdeab"),
        ("e", None, "abcde"),
        ("bc", "d", "abcde"),
        ("", "a", "abcde"),
        ("abcde", None, "abcde"),
    ],
)
def test_moved_tracks_stand_together_in_the_order_of_the_list(
    given: str, before: str | None, expected: str
) -> None:
    anchor = None if before is None else item(before)
    assert edits.move(content("abcde"), items(given), anchor) == content(expected)


def test_tracks_are_not_moved_before_one_of_themselves() -> None:
    with pytest.raises(InvalidAnchor) as refused:
        edits.move(content("abc"), items("ab"), item("b"))
    assert refused.value.item_id == item("b")


@pytest.mark.parametrize(
    "edit",
    [
        lambda given: edits.remove(given, items("xayx")),
        lambda given: edits.move(given, items("xayx"), None),
    ],
)
def test_unknown_items_are_named_once_and_in_the_order_given(
    edit: Callable[[Content], object],
) -> None:
    with pytest.raises(UnknownItems) as refused:
        edit(content("abc"))
    assert refused.value.ids == (item("x"), item("y"))


def test_nothing_is_moved_before_an_unknown_item() -> None:
    with pytest.raises(UnknownItems) as refused:
        edits.move(content("abc"), items("a"), item("z"))
    assert refused.value.ids == (item("z"),)


def test_many_items_are_found_as_few_are() -> None:
    listed = Content("t", "d", Order.of(numbered(100)))
    odd = listed.order.item_ids()[1::2]
    left, removed = edits.remove(listed, odd)
    assert [gone.item_id for gone in removed] == odd
    assert left.order.item_ids() == listed.order.item_ids()[::2]
    with pytest.raises(UnknownItems):
        edits.remove(left, odd)


@pytest.mark.parametrize(("descending", "expected"), [(False, "bdace"), (True, "eacbd")])
def test_sorting_keeps_the_order_of_equal_keys(descending: bool, expected: str) -> None:
    keys = [2, 1, 2, 1, 3]
    assert letters(edits.sort(content("abcde"), keys, descending=descending)) == expected


def test_sorting_needs_a_key_for_each_track() -> None:
    with pytest.raises(ValueError):
        edits.sort(content("abc"), [1, 2])


def test_the_whole_list_is_replaced() -> None:
    assert edits.replace(content("abc"), entries("xbz")) == content("xbz")


def test_texts_are_changed_and_nothing_else() -> None:
    assert edits.rename(content("ab"), "new") == content("ab", title="new")
    assert edits.describe(content("ab"), "new") == content("ab", description="new")
