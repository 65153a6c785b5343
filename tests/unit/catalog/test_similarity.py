"""How alike two lists of words are."""

from __future__ import annotations

import pytest

from catalog_svc.domain.similarity import letter_distance, similarity, slips_allowed


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("abc", "abc", 0),
        ("abc", "acb", 1),
        ("abc", "ab", 1),
        ("kitten", "sitting", 3),
    ],
)
def test_letters_are_changed_added_left_out_or_swapped(one: str, other: str, slips: int) -> None:
    assert letter_distance(one, other, 5) == slips
    assert letter_distance(other, one, 5) == slips


def test_more_slips_than_asked_for_are_not_counted() -> None:
    assert letter_distance("abcdef", "uvwxyz", 2) == 3
    assert letter_distance("a", "abcdef", 2) == 3


def test_longer_words_may_have_more_slips() -> None:
    assert [slips_allowed(length) for length in (3, 4, 7, 8, 10, 15)] == [0, 1, 1, 1, 2, 3]


def test_the_order_of_words_does_not_matter() -> None:
    assert similarity(["bowie", "david"], ["david", "bowie"]) == 1


def test_a_slip_costs_little_and_another_word_much() -> None:
    assert 0.9 < similarity(["karma", "police"], ["karma", "polise"]) < 1
    assert similarity(["karma", "police"], ["karma", "chameleon"]) < 0.5
    assert similarity(["karma"], ["police"]) == 0


def test_words_may_be_parted_otherwise() -> None:
    assert similarity(["black", "bird"], ["blackbird"]) == 1


def test_nothing_is_like_nothing_and_each_word_counts_once() -> None:
    assert similarity([], []) == 0
    assert similarity(["one"], []) == 0
    assert similarity(["bye", "bye", "bye"], ["bye"]) == 0.5


def test_words_of_absurd_length_are_alike_only_when_equal() -> None:
    assert similarity(["x" * 500], ["x" * 500]) == 1
    assert similarity(["x" * 500], ["x" * 499 + "y"]) == 0
