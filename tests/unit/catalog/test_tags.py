"""Tags within the bounds of the contract, whatever files say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_svc.domain.tags import UNKNOWN_ARTIST, Tags, file_title, identity, make_tags


def test_a_file_without_tags_is_called_after_its_name() -> None:
    tags = make_tags(title=None, artist=None).named_after(b"/music/03 Caf\xe9.flac")
    assert (tags.title, tags.artist, tags.album_artist) == ("03 Caf\ufffd", UNKNOWN_ARTIST, "")


def test_the_album_artist_stands_in_for_the_artist_and_the_other_way_round() -> None:
    one = make_tags(title="T", artist="", album="A", album_artist="Band").named_after(b"x")
    other = make_tags(title="T", artist="Singer", album="A").named_after(b"x")
    assert (one.artist, one.album_artist) == ("Band", "Band")
    assert (other.artist, other.album_artist) == ("Singer", "Singer")


@pytest.mark.parametrize(
    ("raw", "number"),
    [("3", 3), ("03/12", 3), (7, 7), ("x", 0), (None, 0), ("-1", 0), ("123456", 0), ("0", 0)],
)
def test_numbers_are_read_from_what_taggers_write(raw: object, number: int) -> None:
    assert make_tags(title="T", artist="A", number=raw).track_number == number


@pytest.mark.parametrize(
    ("raw", "year"), [("1997", 1997), ("1997-09-22", 1997), ("22.9.1997", 1997), ("97", 0), ("", 0)]
)
def test_years_are_found_in_dates(raw: str, year: int) -> None:
    assert make_tags(title="T", artist="A", year=raw).year == year


def test_genres_are_split_and_come_once() -> None:
    tags = make_tags(title="T", artist="A", genres=["Rock; Pop", "Pop\0Jazz", " "])
    assert tags.genres == ("Rock", "Pop", "Jazz")
    assert len(make_tags(title="T", artist="A", genres=map(str, range(50))).genres) == 20


def test_what_one_reader_misses_comes_from_the_other() -> None:
    fast = Tags(title="Fast", year=0)
    truth = Tags(title="True", artist="A", year=1999)
    assert fast.filled_from(truth) == Tags(title="Fast", artist="A", year=1999)


@given(st.text(max_size=700), st.text(max_size=700), st.floats(allow_nan=False))
def test_no_tag_leaves_the_bounds(title: str, artist: str, duration_s: float) -> None:
    seconds = min(max(duration_s, -1e300), 1e300)
    tags = make_tags(title=title, artist=artist, duration_s=seconds).named_after(b"f.mp3")
    for text in (tags.title, tags.artist):
        assert 1 <= len(text) <= 500
        assert text.encode().decode() == text
        assert not any(ord(letter) < 32 for letter in text)
    assert 0 <= tags.duration_ms < 2**31


@given(st.binary(max_size=300))
def test_every_file_name_makes_a_title(name: bytes) -> None:
    assert 1 <= len(file_title(b"/music/" + name)) <= 500


def test_names_of_punctuation_alone_stay_apart() -> None:
    assert identity("!!!") != identity("???")
    assert identity("Björk") == identity("BJORK")
