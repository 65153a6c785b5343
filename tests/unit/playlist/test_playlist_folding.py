"""How texts are compared and sorted."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from playlist_svc.domain.folding import COMPARED, SORTED, comparable, sortable

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Déjà Vu", "deja vu"),
        ("STRASSE", "straße"),
        ("Øyvind", "oyvind"),
        ("\uff21\uff22\uff23", "abc"),
        ("  two\twords\n", "Two Words"),
        ("İstanbul", "istanbul"),
        ("Λόγος", "ΛΟΓΟΣ"),
        ("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"),
    ],
)
def test_spellings_of_one_text_compare_equal(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ガラス", "カラス"), ("की", "का"), ("the wall", "wall"), ("a-ha", "aha")]
)
def test_different_texts_compare_different(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("The Beatles", "beatles"),
        ("THE  THE", "the"),
        ("The", "the"),
        ("Theatre", "theatre"),
        ("Über", "uber"),
    ],
)
def test_a_leading_article_is_not_sorted_by(text: str, key: str) -> None:
    assert sortable(text) == key


@given(TEXTS)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert comparable(comparable(text)) == comparable(text)


@example("\u0345")
@example("\u1fb3")
@given(TEXTS)
def test_keys_know_no_case(text: str) -> None:
    assert comparable(text.casefold()) == comparable(text)


@given(TEXTS)
def test_no_key_holds_a_line_break(text: str) -> None:
    assert len(comparable(f"a{text}b").splitlines()) == 1


def test_keys_are_bounded_however_much_a_character_unfolds_to() -> None:
    assert len(comparable("\ufdfa" * 500)) <= COMPARED
    assert len(sortable("x" * 500)) == SORTED
