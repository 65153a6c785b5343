"""What lies between two contents, and putting it into effect."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_playlist_order import content, entry, item, order

from playlist_svc.domain.content import Content
from playlist_svc.domain.diff import (
    Added,
    DescriptionChanged,
    Moved,
    PatchDoesNotFit,
    Removed,
    TitleChanged,
    diff,
    longest_rising,
    moved,
    patch,
)
from playlist_svc.domain.order import Order

lists = st.lists(st.sampled_from("abcdefghij"), unique=True).map("".join)


def test_equal_contents_differ_in_nothing() -> None:
    assert diff(content("abc"), content("abc")) == ()


def test_each_kind_of_change_is_told_in_order() -> None:
    changes = diff(content("abcde"), content("xcbde"[:4] + "y", "new", "text"))
    assert changes == (
        TitleChanged("t", "new"),
        DescriptionChanged("d", "text"),
        Removed(entry("a"), 0),
        Removed(entry("e"), 4),
        Added(entry("x"), 0),
        *(change for change in changes if isinstance(change, Moved)),
        Added(entry("y"), 4),
    )
    assert len([change for change in changes if isinstance(change, Moved)]) == 1


def test_one_item_that_went_far_is_one_move() -> None:
    assert diff(content("abcdef"), content("bcdefa")) == (Moved(entry("a"), 0, 5),)
    assert diff(content("abcdef"), content("fabcde")) == (Moved(entry("f"), 5, 0),)


def test_an_item_with_another_record_left_and_came() -> None:
    other = Order.of([entry("a"), entry("b")._replace(duration_ms=5)])
    changes = diff(content("ab"), Content("t", "d", other))
    assert changes == (Removed(entry("b"), 1), Added(other.entry(1), 1))


@given(lists, lists)
def test_patching_with_the_difference_gives_the_other_list(a: str, b: str) -> None:
    old, new = content(a, "t", a), content(b, b, "d")
    assert patch(old, diff(old, new)) == new


@given(lists, lists)
def test_every_item_of_one_list_alone_is_added_or_removed_once(a: str, b: str) -> None:
    changes = diff(content(a), content(b))
    added = [c.entry.item_id for c in changes if isinstance(c, Added)]
    removed = [c.entry.item_id for c in changes if isinstance(c, Removed)]
    assert added == [item(letter) for letter in b if letter not in a]
    assert removed == [item(letter) for letter in a if letter not in b]


@given(st.permutations("abcdef"))
def test_moves_are_as_few_as_there_can_be(shuffled: list[str]) -> None:
    longest = max(
        size
        for size in range(len(shuffled) + 1)
        for kept in combinations(shuffled, size)
        if sorted(kept) == list(kept)
    )
    changes = diff(content("abcdef"), content("".join(shuffled)))
    assert len(changes) == len(shuffled) - longest


@given(st.lists(st.integers(), unique=True))
def test_the_longest_rising_run_rises(values: list[int]) -> None:
    chosen = longest_rising(values)
    assert chosen == sorted(set(chosen))
    assert [values[index] for index in chosen] == sorted(values[index] for index in chosen)


def test_moved_keys_are_keys_of_both_lists() -> None:
    assert moved([b"a", b"b", b"c"], [b"x", b"c", b"b", b"y"]) in ({b"b"}, {b"c"})


@pytest.mark.parametrize(
    "change",
    [
        Removed(entry("b"), 0),
        Removed(entry("a"), -3),
        Removed(entry("a"), 3),
        Moved(entry("a"), 1, 0),
        Added(entry("x"), 4),
        Added(entry("x"), -1),
        TitleChanged("other", "new"),
        DescriptionChanged("other", "new"),
    ],
)
def test_a_change_of_another_content_does_not_fit(
    change: Removed | Moved | Added | TitleChanged | DescriptionChanged,
) -> None:
    with pytest.raises(PatchDoesNotFit):
        patch(Content("t", "d", order("abc")), [change])
