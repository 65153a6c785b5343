"""Buckets: even, independent of each other, the same for ever, and given back by nobody."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rec_svc.domain.buckets import BUCKETS, BucketSet, bucket_of

USERS = [f"01JD4Q8Z7Y1V9K2M5N6P7R{n:04d}" for n in range(50_000)]
FOR_EVER = [2307, 3102, 4972, 7146, 6855]
UNLIKELY = 1e-4
"""Salts are given, so that these tests pass always or never."""


@pytest.mark.parametrize("salt", ["layer:default", "layer:ranking", "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"])
def test_a_salt_fills_its_buckets_evenly(salt: str) -> None:
    hundredths = np.bincount([bucket_of(salt, user) // 100 for user in USERS], minlength=100)
    assert stats.chisquare(hundredths).pvalue > UNLIKELY


@pytest.mark.parametrize(
    "salts", [("layer:a", "layer:b"), ("layer:a", "01JD4Q8Z7Y1V9K2M5N6P7R8S9T")]
)
def test_where_a_user_falls_by_one_salt_says_nothing_of_another(salts: tuple[str, str]) -> None:
    table = np.zeros((10, 10))
    for user in USERS:
        table[tuple(bucket_of(salt, user) // 1000 for salt in salts)] += 1
    assert stats.chi2_contingency(table).pvalue > UNLIKELY


def test_the_test_of_independence_can_fail() -> None:
    table = np.zeros((10, 10))
    for user in USERS[:5_000]:
        place = bucket_of("layer:a", user) // 1000
        table[place, place] += 1
    assert stats.chi2_contingency(table).pvalue < UNLIKELY


def test_a_bucket_follows_from_salt_and_user_for_ever() -> None:
    places = [bucket_of("layer:default", user) for user in USERS[:5]]
    assert places == FOR_EVER
    assert all(0 <= bucket_of("x", user) < BUCKETS for user in USERS[:1_000])


buckets = st.sets(st.integers(0, BUCKETS - 1), max_size=300)


@given(buckets)
def test_a_set_of_buckets_has_what_it_was_made_of(chosen: set[int]) -> None:
    found = BucketSet.of(chosen)
    assert found.all() == chosen
    assert found.size == len(chosen)
    assert all(start < end for start, end in found.ranges)
    assert all(bucket in found for bucket in chosen)


@given(buckets, buckets, st.integers(0, 2_000))
def test_growing_keeps_what_there_was_and_takes_nothing_of_others(
    own: set[int], others: set[int], more: int
) -> None:
    before, taken = BucketSet.of(own - others), BucketSet.of(others)
    grown = before.grown(before.size + more, taken)
    assert grown is not None
    assert grown.size == before.size + more
    assert before.all() <= grown.all()
    assert not grown.all() & others


def test_what_is_not_free_cannot_be_had() -> None:
    taken = BucketSet.of(range(1, BUCKETS))
    assert BucketSet().grown(1, taken) == BucketSet.of([0])
    assert BucketSet().grown(2, taken) is None
