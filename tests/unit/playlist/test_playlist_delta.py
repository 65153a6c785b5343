"""Deltas: their bytes, their effect, and the delta between two lists."""

from __future__ import annotations

from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_playlist_order import content, letters, numbered, order

from playlist_svc.domain.content import Content
from playlist_svc.domain.delta import (
    Delta,
    DeltaDamaged,
    Insert,
    Move,
    Operation,
    Permute,
    Remove,
    SetDescription,
    SetTitle,
    apply,
    between,
    decode,
    difference,
    encode,
    replay,
)
from playlist_svc.domain.order import MAX_TRACKS, Order

lists = st.lists(st.sampled_from("abcdefghijklmnopqrst"), unique=True).map("".join)
indices = st.integers(0, MAX_TRACKS)
operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(Insert, indices, lists.map(lambda given: order(given).packed)),
    st.builds(Remove, indices, indices),
    st.builds(Move, indices, indices, indices),
    st.builds(
        Permute,
        indices,
        st.integers(0, 300)
        .flatmap(lambda count: st.permutations(range(count)))
        .map(lambda chosen: array("H", chosen)),
    ),
    st.builds(SetTitle, st.text()),
    st.builds(SetDescription, st.text()),
)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Insert(1, order("xy").packed), "axybcde"),
        (Insert(5, order("x").packed), "abcdex"),
        (Remove(1, 2), "ade"),
        (Move(0, 2, 3), "cdeab"),
        (Move(3, 2, 0), "deabc"),
        (Move(1, 2, 2), "adbce"),
        (Permute(0, array("H", [4, 3, 2, 1, 0])), "edcba"),
        (Permute(2, array("H", [1, 0])), "abdce"),
    ],
)
def test_an_operation_edits_the_list(operation: Operation, expected: str) -> None:
    assert apply(content("abcde"), (operation,)) == content(expected)


def test_texts_are_set() -> None:
    edited = apply(content("a"), (SetTitle("new"), SetDescription("text")))
    assert edited == content("a", "new", "text")


@pytest.mark.parametrize(
    "operation",
    [
        Insert(4, order("x").packed),
        Insert(-1, order("x").packed),
        Remove(2, 2),
        Remove(-1, 1),
        Remove(1, -1),
        Move(2, 2, 0),
        Move(0, 1, 3),
        Move(0, 1, -1),
        Permute(2, array("H", [1, 0])),
    ],
)
def test_an_operation_outside_of_the_list_is_damage(operation: Operation) -> None:
    with pytest.raises(DeltaDamaged):
        apply(content("abc"), (operation,))


@given(st.lists(operations, max_size=5).map(tuple))
def test_a_delta_comes_back_as_it_was_encoded(delta: Delta) -> None:
    assert decode(encode(delta)) == delta


@given(st.binary(max_size=60))
def test_bytes_are_a_delta_or_damage(chance: bytes) -> None:
    for damaged in (chance, b"\x01" + chance):
        try:
            delta = decode(damaged)
        except DeltaDamaged:
            continue
        assert decode(encode(delta)) == delta


@given(st.lists(operations, min_size=1, max_size=3).map(tuple), st.data())
def test_a_delta_cut_within_its_last_operation_is_damage(delta: Delta, data: st.DataObject) -> None:
    encoded = encode(delta)
    begin = len(encode(delta[:-1]))
    cut = data.draw(st.integers(begin + 1, len(encoded) - 1))
    with pytest.raises(DeltaDamaged):
        decode(encoded[:cut])


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\x00",
        b"\x02",
        b"\x01\x00",
        b"\x01\x07",
        b"\x01\x02\xff\xff\xff\xff\xff\xff",
        b"\x01\x05\x01\xff",
        b"\x01\x04\x00\x02\x00\x00\x00\x00",
        b"\x01\x04\x00\x02\x00\x01\x00\x02",
    ],
    ids=[
        "empty",
        "format 0",
        "format 2",
        "operation 0",
        "operation 7",
        "endless number",
        "no UTF-8",
        "index twice",
        "index beyond",
    ],
)
def test_damaged_bytes_are_told(damaged: bytes) -> None:
    with pytest.raises(DeltaDamaged):
        decode(damaged)


@given(lists, lists)
def test_the_delta_between_two_lists_leads_from_one_to_the_other(a: str, b: str) -> None:
    delta = between(order(a), order(b))
    assert apply(content(a), decode(encode(delta))) == content(b)


@given(st.permutations("abcdefghijklmnop"))
def test_the_delta_to_another_order_leads_there(shuffled: list[str]) -> None:
    target = "".join(shuffled)
    assert (
        letters(
            apply(content("abcdefghijklmnop"), between(order("abcdefghijklmnop"), order(target)))
        )
        == target
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("abc", "abc", ()),
        ("", "ab", (Insert(0, order("ab").packed),)),
        ("abc", "abxyc", (Insert(2, order("xy").packed),)),
        ("abcd", "ad", (Remove(1, 2),)),
        ("abcdef", "adebcf", (Move(1, 2, 3),)),
        ("abcdef", "abfcde", (Move(5, 1, 2),)),
        ("abcdef", "bcdefa", (Move(0, 1, 5),)),
        (
            "abcdef",
            "axcdyf",
            (
                Remove(4, 1),
                Remove(1, 1),
                Insert(1, order("x").packed),
                Insert(4, order("y").packed),
            ),
        ),
    ],
)
def test_one_run_is_one_operation(old: str, new: str, expected: Delta) -> None:
    assert between(order(old), order(new)) == expected


def test_a_reversed_list_is_two_bytes_a_track() -> None:
    listed = numbered(10_000)
    old, new = Order.of(listed), Order.of(listed[::-1])
    delta = between(old, new)
    assert isinstance(delta[0], Permute)
    assert len(encode(delta)) < 2 * 10_000 + 10
    assert apply(Content("", "", old), delta).order == new


def test_one_move_in_a_long_list_is_a_few_bytes() -> None:
    listed = numbered(10_000)
    new = [*listed[:5000], *listed[5100:9000], *listed[5000:5100], *listed[9000:]]
    assert len(encode(between(Order.of(listed), Order.of(new)))) < 10


def test_the_difference_has_only_the_texts_that_differ() -> None:
    assert difference(content("ab"), content("ab", "new")) == (SetTitle("new"),)
    assert difference(content("ab"), content("a", "t", "new")) == (
        SetDescription("new"),
        Remove(1, 1),
    )


@given(st.lists(lists, min_size=1, max_size=12))
def test_replaying_deltas_gives_the_last_version(history: list[str]) -> None:
    versions = [content(given, title=given) for given in history]
    deltas = [encode(difference(a, b)) for a, b in pairwise(versions)]
    for start in range(len(versions)):
        for stop in range(start, len(versions)):
            assert replay(versions[start], deltas[start:stop]) == versions[stop]
