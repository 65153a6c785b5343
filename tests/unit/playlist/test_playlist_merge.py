"""Three-way merge of lists written as words: base, target, head."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_playlist_order import content, entry, item, letters, numbered, order

from playlist_svc.domain.merge import MergeConflict, TextConflict, merge, merge_content, merge_text
from playlist_svc.domain.order import MAX_TRACKS, Order, OrderFull

lists = st.lists(st.sampled_from("abcdefghij"), unique=True).map("".join)


def merged(base: str, target: str, head: str, moved: str | None = None) -> str:
    known = None if moved is None else [item(letter) for letter in moved]
    return letters(merge(order(base), order(target), order(head), known))


@pytest.mark.parametrize(
    ("base", "target", "head", "expected"),
    [
        ("abc", "abcx", "abcy", "abcyx"),
        ("abc", "xabc", "yabc", "yxabc"),
        ("abc", "abxc", "cab", "xcab"),
        ("abc", "abxc", "ab", "abx"),
        ("abc", "axbc", "ac", "axc"),
        ("abc", "axyzbc", "cba", "cxyzba"),
        ("abc", "ac", "axbyc", "axyc"),
        ("abc", "ac", "ac", "ac"),
        ("abc", "ac", "bac", "ac"),
        ("abcd", "dabc", "abcdx", "dabcx"),
        ("abcd", "bcda", "abxcd", "bxcda"),
        ("abc", "xyz", "abcd", "dxyz"),
        ("", "xy", "ab", "abxy"),
    ],
    ids=[
        "two appends both stay, the later after the earlier",
        "two at the same place both stay",
        "an insert goes where its anchor went",
        "an insert without its anchor is at the end",
        "an insert whose anchor left takes the next one",
        "a run stays a run",
        "a removal leaves what others added",
        "a removal that others did too is fine",
        "a removal of what others moved removes it",
        "a move beside an append",
        "a move beside an insert",
        "a replacement keeps what others added",
        "two first edits of an empty list",
    ],
)
def test_edits_of_two_sides_both_stand(base: str, target: str, head: str, expected: str) -> None:
    assert merged(base, target, head) == expected


@given(lists, lists)
def test_merging_into_an_unchanged_head_gives_target(base: str, target: str) -> None:
    assert merged(base, target, base) == target


@given(lists, lists)
def test_what_changes_nothing_leaves_head(base: str, head: str) -> None:
    assert merged(base, base, head) == head


@given(lists, lists)
def test_the_same_edit_twice_is_the_edit_once(base: str, target: str) -> None:
    assert merged(base, target, target) == target


@given(lists, lists, st.text("XYZ", max_size=3).map(lambda given: "".join(dict.fromkeys(given))))
def test_an_edit_beside_an_append_is_the_edit_and_the_append(
    base: str, target: str, appended: str
) -> None:
    result = merged(base, target, base + appended)
    assert [letter for letter in result if letter not in appended] == list(target)
    assert [letter for letter in result if letter in appended] == list(appended)


@given(lists, lists, lists)
def test_nothing_is_lost_and_nothing_comes_from_nowhere(base: str, target: str, head: str) -> None:
    try:
        result = merged(base, target, head)
    except MergeConflict as refused:
        conflict = refused
    else:
        removed, added = set(base) - set(target), set(target) - set(base)
        assert sorted(result) == sorted((set(head) - removed) | added)
        return
    assert conflict.items
    assert set(conflict.items) <= {item(n) for n in base if n in target}


def test_an_added_item_that_head_has_stays_where_head_has_it() -> None:
    assert merged("abc", "axbc", "abcx") == "abcx"
    assert merged("abc", "ayxbc", "abcx") == "abcyx"


def test_a_moved_item_that_others_removed_is_a_conflict() -> None:
    with pytest.raises(MergeConflict) as conflict:
        merged("abcd", "dabc", "abc")
    assert (conflict.value.items, conflict.value.why) == ((item("d"),), "removed")


def test_an_item_moved_to_two_places_is_a_conflict() -> None:
    with pytest.raises(MergeConflict) as conflict:
        merged("abcde", "eabcd", "abecd")
    assert (conflict.value.items, conflict.value.why) == ((item("e"),), "moved")


def test_an_item_moved_to_one_place_by_both_is_none() -> None:
    assert merged("abcde", "eabcd", "eabcdx") == "eabcdx"
    assert merged("abcde", "eabcd", "exabcd") == "exabcd"


def test_items_moved_to_one_place_in_two_orders_are_a_conflict() -> None:
    with pytest.raises(MergeConflict) as conflict:
        merged("abcdef", "cdefab", "cdefba")
    assert (conflict.value.items, conflict.value.why) == ((item("a"), item("b")), "moved")


def test_known_moves_are_used_in_place_of_the_fewest() -> None:
    with pytest.raises(MergeConflict):
        merged("abcd", "cdab", "bcd", moved="ab")
    assert merged("abcd", "cdab", "bcd", moved="cd") == "cdb"


def test_known_moves_that_do_not_explain_the_target_are_completed() -> None:
    assert merged("abcd", "dcba", "abcdx", moved="d") == "dcbax"
    assert merged("abcd", "dabc", "abcdx", moved="") == "dabcx"


def test_known_moves_of_other_lists_are_passed_over() -> None:
    assert merged("abc", "abx", "abcy", moved="xzc") == "abyx"


def test_a_merged_list_is_no_longer_than_a_list_may_be() -> None:
    full = numbered(MAX_TRACKS - 1)
    base, head = Order.of(full), Order.of([*full, entry("\U00010000")])
    target = Order.of([*full, entry("\U00010001")])
    with pytest.raises(OrderFull) as refused:
        merge(base, target, head)
    assert refused.value.limit == MAX_TRACKS
    assert len(merge(base, target, base)) == MAX_TRACKS


@pytest.mark.parametrize(
    ("base", "target", "head", "expected"),
    [
        ("a", "a", "b", "b"),
        ("a", "b", "a", "b"),
        ("a", "b", "b", "b"),
        ("a", "a", "a", "a"),
    ],
)
def test_a_text_that_one_side_changed_is_that_text(
    base: str, target: str, head: str, expected: str
) -> None:
    assert merge_text(base, target, head, "title") == expected


def test_a_text_that_both_sides_changed_is_a_conflict() -> None:
    with pytest.raises(TextConflict) as conflict:
        merge_text("a", "b", "c", "title")
    assert conflict.value.field == "title"


def test_a_rename_beside_a_description_beside_an_append_loses_none() -> None:
    base = content("ab")
    head = merge_content(base, content("ab", title="new"), base)
    head = merge_content(base, content("ab", description="text"), head)
    head = merge_content(base, content("abx"), head)
    assert head == content("abx", "new", "text")


@pytest.mark.parametrize("field", ["title", "description"])
def test_a_conflict_names_its_text(field: str) -> None:
    with pytest.raises(TextConflict) as conflict:
        merge_content(content("a"), content("a", **{field: "x"}), content("a", **{field: "y"}))
    assert conflict.value.field == field


def test_content_is_merged_with_the_known_moves() -> None:
    known = [item("c"), item("d")]
    assert merge_content(content("abcd"), content("cdab"), content("bcd"), known) == content("cdb")
