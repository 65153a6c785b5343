"""The normaliser that identity, the index and queries share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_svc.domain.text import fold, index_words, query_words, without_featured


@pytest.mark.parametrize(
    ("written", "also_written"),
    [
        ("Beyoncé", "BEYONCE"),
        ("Sigur Rós", "Sigur Ro\u0301s"),
        ("Motörhead", "motorhead"),
        ("Mø", "MO"),
        ("STRASSE", "Straße"),
        ("İstanbul", "istanbul"),
        ("Simon & Garfunkel", "Simon and Garfunkel"),
        ("Florence + the Machine", "Florence & The Machine"),
        ("Beatles, The", "The Beatles"),
        ("P!nk", "Pink"),
        ("Ke$ha", "Kesha"),
        ("$uicideboy$", "suicideboys"),
        ("Joey Bada$$", "Joey Badass"),
        ("AC/DC", "ac dc"),
        ("R.E.M.", "REM"),
        ("N.W.A", "n.w.a."),
        ("Don\u2019t Stop", "Dont stop!"),
        ("  a\t b\n", "A B"),
        ("\uff21\uff22\uff23", "abc"),
        ("ﾀﾞ", "ダ"),
        ("Nothing\u200b Else", "nothing else"),
    ],
)
def test_spellings_that_people_take_for_the_same_fold_alike(
    written: str, also_written: str
) -> None:
    assert fold(written) == fold(also_written)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("かき", "がき"),
        ("!!!", "???"),
        ("東京", "京東"),
        ("हिन्दी", "हन्द"),
        ("하나", "한아"),
        ("+", "-"),
        ("Wham", "Whom"),
    ],
)
def test_what_differs_stays_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("signs", ["!!!", "+/-", "$", "🔥", "..."])
def test_a_name_of_signs_alone_keeps_a_key(signs: str) -> None:
    assert fold(signs) == signs


@pytest.mark.parametrize("nothing", ["", " ", "\x00", "\u200b", "\t\n"])
def test_a_text_that_shows_nothing_has_no_key(nothing: str) -> None:
    assert fold(nothing) == ""


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=60))
def test_every_word_asked_for_is_among_the_words_indexed(text: str) -> None:
    assert set(query_words(text)) <= set(index_words(text))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Song (feat. Someone)", "Song"),
        ("Song [ft. A & B] (Live)", "Song (Live)"),
        ("Song featuring Someone Else", "Song"),
        ("Song Feat. Someone", "Song"),
        ("A ft B", "A"),
        ("10 Ft. Tall", "10 Ft. Tall"),
        ("Left Foot", "Left Foot"),
        ("Featherweight", "Featherweight"),
        ("Feat. Someone", "Feat. Someone"),
        ("(feat. Someone)", "(feat. Someone)"),
    ],
)
def test_guests_are_taken_off_a_title(title: str, expected: str) -> None:
    assert without_featured(title) == expected


def test_what_punctuation_parts_is_found_joined_too() -> None:
    assert {"ac", "dc", "acdc"} <= set(index_words("AC/DC"))
    assert {"blink", "182", "blink182"} <= set(index_words("blink-182"))
    assert "randb" not in index_words("R&B")


def test_text_without_spaces_is_searched_by_pairs() -> None:
    assert query_words("東京事変") == ["東京", "京事", "事変"]
    assert index_words("東京事変")[-1] == "変"
    assert query_words("方 live") == ["方", "live"]
