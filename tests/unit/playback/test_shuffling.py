"""Shuffled orders: whole, fair, and with the tracks of an artist apart."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, product
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given

from playback_svc.domain.shuffling import place, shuffled

SEEDS = 12_000

seeds = st.integers(0, 1 << 32)
casts = st.lists(st.sampled_from([b"a", b"b", b"c", b"d"]), min_size=1, max_size=24)


def unpacked(order: bytes) -> list[int]:
    return list(struct.unpack(f">{len(order) // 2}H", order))


def played(
    artists: Sequence[bytes], seed: int, first: int | None = None, avoid_first: int | None = None
) -> list[int]:
    return unpacked(
        shuffled(
            len(artists), first=first, artists=artists, rng=Random(seed), avoid_first=avoid_first
        )
    )


def neighbours(order: list[int], artists: Sequence[bytes]) -> int:
    return sum(artists[one] == artists[other] for one, other in pairwise(order))


def fewest_neighbours(artists: Sequence[bytes], first: int | None) -> int:
    """What arithmetic allows: others part an artist's tracks, one by one."""
    artist, count = Counter(artists).most_common(1)[0]
    others = len(artists) - count
    if first is not None and artists[first] != artist:
        others -= 1
    return max(0, count - 1 - others)


def assert_about_uniform(counts: Counter[int], chances: int, keys: Sequence[int]) -> None:
    """Each within five standard deviations of its share."""
    share = 1 / len(keys)
    bound = 5 * (chances * share * (1 - share)) ** 0.5
    assert all(abs(counts[key] - chances * share) < bound for key in keys), counts


@given(st.data(), st.integers(0, 40), seeds)
def test_a_plain_shuffle_has_every_index_once_and_the_first_in_front(
    data: st.DataObject, size: int, seed: int
) -> None:
    first = data.draw(st.none() | st.integers(0, size - 1)) if size else None
    order = unpacked(shuffled(size, first=first, rng=Random(seed)))
    assert sorted(order) == list(range(size))
    assert first is None or order[0] == first


@given(st.data(), casts, seeds)
def test_a_spread_order_has_every_index_once_and_no_neighbours_that_could_be_parted(
    data: st.DataObject, artists: list[bytes], seed: int
) -> None:
    first = data.draw(st.none() | st.integers(0, len(artists) - 1))
    order = played(artists, seed, first)
    assert sorted(order) == list(range(len(artists)))
    assert first is None or order[0] == first
    if not fewest_neighbours(artists, first):
        assert not neighbours(order, artists)


def test_small_orders_of_every_cast_and_every_first_are_whole_and_parted() -> None:
    for size in range(1, 7):
        for artists in product([b"a", b"b", b"c"], repeat=size):
            for first in (None, *range(size)):
                order = played(artists, size, first)
                assert sorted(order) == list(range(size))
                assert first is None or order[0] == first
                if not fewest_neighbours(artists, first):
                    assert not neighbours(order, artists)


@given(st.integers(2, 8), st.integers(1, 12), seeds)
def test_artists_of_equal_share_never_follow_themselves(
    artist_count: int, share: int, seed: int
) -> None:
    artists = [bytes([index // share]) for index in range(artist_count * share)]
    assert not neighbours(played(artists, seed, first=0), artists)
    assert not neighbours(played(artists, seed), artists)


@given(st.data(), st.integers(1, 10), st.integers(0, 30), seeds)
def test_one_artist_with_too_many_tracks_is_parted_evenly_by_all_others(
    data: st.DataObject, others: int, more: int, seed: int
) -> None:
    size = 2 * others + 2 + more
    artists = [b"other" if index < others else b"most" for index in range(size)]
    first = data.draw(st.none() | st.integers(0, size - 1))
    order = played(artists, seed, first)
    assert sorted(order) == list(range(size))
    assert first is None or order[0] == first
    at = [position for position, index in enumerate(order) if index < others]
    assert all(size // others <= b - a <= -(-size // others) for a, b in pairwise(at))


def test_the_guests_on_the_album_of_one_artist_may_also_come_first_or_last() -> None:
    artists = [b"guest"] * 2 + [b"host"] * 8
    orders = [played(artists, seed) for seed in range(300)]
    assert {artists[order[0]] for order in orders} == {b"guest", b"host"}
    assert {artists[order[-1]] for order in orders} == {b"guest", b"host"}


@given(st.integers(1, 20), seeds)
def test_an_order_of_one_artist_alone_is_a_plain_one(size: int, seed: int) -> None:
    assert sorted(played([b"a"] * size, seed)) == list(range(size))


@pytest.mark.parametrize("seed", range(20))
def test_the_tracks_of_an_artist_keep_about_even_distances(seed: int) -> None:
    artist_count, share = 20, 10
    artists = [bytes([index % artist_count]) for index in range(artist_count * share)]
    order = played(artists, seed, first=0)
    for artist in range(artist_count):
        at = [position for position, index in enumerate(order) if artists[index][0] == artist]
        assert all(artist_count / 2 < b - a < artist_count * 3 / 2 for a, b in pairwise(at))


@pytest.mark.parametrize("spread", [False, True])
def test_every_track_comes_at_every_place_about_as_often(spread: bool) -> None:
    size = 6
    artists = [bytes([index]) for index in range(size)] if spread else None
    at_place: list[Counter[int]] = [Counter() for _ in range(size)]
    rng = Random(20)
    for _ in range(SEEDS):
        for counts, index in zip(
            at_place, unpacked(shuffled(size, artists=artists, rng=rng)), strict=True
        ):
            counts[index] += 1
    for counts in at_place:
        assert_about_uniform(counts, SEEDS, range(size))


@pytest.mark.parametrize("spread", [False, True])
def test_behind_a_given_first_all_others_come_next_about_as_often(spread: bool) -> None:
    artists = [bytes([index]) for index in range(5)] if spread else None
    rng = Random(21)
    second = Counter(
        unpacked(shuffled(5, first=4, artists=artists, rng=rng))[1] for _ in range(SEEDS)
    )
    assert_about_uniform(second, SEEDS, range(4))


def test_which_track_of_an_artist_comes_before_the_others_is_by_chance() -> None:
    artists = [b"a"] * 4 + [b"b"] * 4
    leading = Counter(
        next(index for index in played(artists, seed) if index < 4) for seed in range(SEEDS)
    )
    assert_about_uniform(leading, SEEDS, range(4))


@pytest.mark.parametrize("avoided", [0, 2, 5])
@pytest.mark.parametrize("spread", [False, True])
def test_who_must_not_come_first_does_not_and_all_others_do_about_as_often(
    spread: bool, avoided: int
) -> None:
    artists = [b"a", b"b"] * 3 if spread else None
    rng = Random(22)
    leading = Counter(
        unpacked(shuffled(6, artists=artists, rng=rng, avoid_first=avoided))[0]
        for _ in range(SEEDS)
    )
    assert leading[avoided] == 0
    assert_about_uniform(leading, SEEDS, [index for index in range(6) if index != avoided])


def test_of_two_tracks_the_other_comes_first() -> None:
    assert {unpacked(shuffled(2, rng=Random(seed), avoid_first=1))[0] for seed in range(9)} == {0}


def test_a_track_that_is_alone_comes_first_all_the_same() -> None:
    assert unpacked(shuffled(1, rng=Random(0), avoid_first=0)) == [0]


def test_the_same_chance_makes_the_same_order_and_another_makes_another() -> None:
    artists = [bytes([index % 7]) for index in range(50)]
    assert played(artists, 1) == played(artists, 1)
    assert played(artists, 1) != played(artists, 2)


def test_ten_thousand_tracks_with_a_few_favourites_are_spread() -> None:
    rng = Random(3)
    artists = [str(int(1 / (1 - rng.random() * 0.999))).encode() for _ in range(10_000)]
    order = played(artists, 4, first=9_999)
    assert sorted(order) == list(range(10_000))
    assert neighbours(order, artists) <= fewest_neighbours(artists, 9_999) + 1


def test_the_index_at_a_place_is_read_from_the_packed_order() -> None:
    order = struct.pack(">3H", 2, 300, 0)
    assert [place(order, position) for position in range(3)] == [2, 300, 0]
    for outside in (-1, 3):
        with pytest.raises(IndexError):
            place(order, outside)


@pytest.mark.parametrize(
    ("size", "first", "artists"),
    [(-1, None, None), (65_537, None, None), (3, 3, None), (3, -1, None), (3, None, [b"a"] * 2)],
)
def test_arguments_that_do_not_fit_are_refused(
    size: int, first: int | None, artists: list[bytes] | None
) -> None:
    with pytest.raises(ValueError):
        shuffled(size, first=first, artists=artists, rng=Random(0))
