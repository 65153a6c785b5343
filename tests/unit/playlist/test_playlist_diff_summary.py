"""Changes told in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_playlist_order import content, entry

from playlist_svc.domain.diff import diff
from playlist_svc.domain.summary import MAX_LENGTH, sentence

TITLES = {entry("x").track_id: "Title", entry("a").track_id: "First"}
REPLACED = "\N{REPLACEMENT CHARACTER}"


def told(old: str, new: str, title: str = "t", description: str = "d", **rule: str) -> str:
    changes = diff(content(old), content(new, title, description))
    return sentence(changes, lambda t: TITLES.get(t, ""), lambda t: "Artist", **rule)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("abc", "abxc", "added 'Title' by Artist"),
        ("abc", "bc", "removed 'First' by Artist"),
        ("abcd", "bcda", "moved 'First' by Artist"),
        ("abc", "abcy", "added 1 track"),
        ("abc", "abcxyz", "added 3 tracks"),
        ("abc", "a", "removed 2 tracks"),
        ("abcdefghij", "fghijabcde", "moved 5 tracks"),
        ("abc", "bcx", "added 'Title' by Artist and removed 'First' by Artist"),
        ("abc", "abc", "changed nothing"),
    ],
)
def test_tracks_are_named_alone_and_counted_together(old: str, new: str, expected: str) -> None:
    assert told(old, new) == expected


def test_texts_are_told_after_tracks() -> None:
    assert told("ab", "ab", title="Evening") == "renamed to 'Evening'"
    assert told("ab", "ab", description="x") == "changed the description"
    assert (
        told("ab", "abcd", title="Evening", description="x")
        == "added 2 tracks and renamed to 'Evening' and changed the description"
    )


def test_sorting_is_told_in_place_of_the_moves() -> None:
    assert told("abc", "cba", sorted_by="title") == "sorted by title"


def test_a_track_without_artist_is_its_title() -> None:
    changes = diff(content("a"), content("ax"))
    assert sentence(changes, lambda t: "Title") == "added 'Title'"


@pytest.mark.parametrize("character", ["\n", "\0", "\x85", "\u202e", "\u2066", "\u200f", "\u2028"])
def test_characters_that_disguise_are_shown_as_replaced(character: str) -> None:
    assert told("a", "a", title=f"x{character}y") == f"renamed to 'x{REPLACED}y'"
    changes = diff(content(""), content("x"))
    shown = sentence(changes, lambda t: f"T{character}", lambda t: f"A{character}")
    assert shown == f"added 'T{REPLACED}' by A{REPLACED}"


def test_right_to_left_names_and_joined_emoji_are_shown_as_they_are() -> None:
    assert told("a", "a", title="שלום 👩\u200d🎤") == "renamed to 'שלום 👩\u200d🎤'"


@given(st.text(), st.text(), st.text(min_size=1))
def test_a_sentence_is_short_whatever_the_names(title: str, name: str, rule: str) -> None:
    changes = diff(content("abcdef"), content("xbcdfe", title * 50 + "n", "new"))
    for sorted_by in (None, rule * 30):
        shown = sentence(changes, lambda t: name * 90, lambda t: name * 90, sorted_by=sorted_by)
        assert 0 < len(shown) <= MAX_LENGTH
        assert shown.endswith("changed the description")


def test_a_long_title_is_cut() -> None:
    assert told("a", "a", title="x" * 1_000_000) == f"renamed to '{'x' * 59}…'"
