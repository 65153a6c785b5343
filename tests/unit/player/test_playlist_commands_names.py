from __future__ import annotations

from pathlib import Path

import pytest
from segue.playlist.v1 import playlist_pb2, transfer_service_pb2

from player.commands.outcome import CommandFailed
from player.commands.playlist_files import format_of
from player.commands.playlist_links import code_of, parse_lifetime
from player.commands.playlist_names import (
    ListNotFound,
    Named,
    VersionNotFound,
    choose_list,
    choose_version,
    folded,
    looks_like_id,
    parse_numbers,
)

SUNDAY = Named("01M82YNMXNZEGAW4FDF7F1HN25", "Sunday", "ada")
SUNRISE = Named("01M82YNMXNZEGAW4FDF7F1AAAA", "Sunrise", "ada")
SUN = Named("01M82YNMXNZEGAW4FDF7F1BBBB", "SUN", "bob")
ÜBER = Named("01M82YNMXNZEGAW4FDF7F1CCCC", "Über\u200b uns", "bob")
OTHER_SUNDAY = Named("01M82YNMXNZEGAW4FDF7F1DDDD", "sunday", "eve\x1b[2J")
MINE = [SUNDAY, SUNRISE, SUN, ÜBER]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Sunday", SUNDAY),
        ("sUNDAY", SUNDAY),
        ("sund", SUNDAY),
        ("sunr", SUNRISE),
        ("sun", SUN),
        ("über uns", ÜBER),
        ("  Über   uns ", ÜBER),
        ("1HN25", SUNDAY),
        ("f1hn25", SUNDAY),
        (SUNRISE.playlist_id.lower(), SUNRISE),
    ],
)
def test_a_list_is_meant_by_its_name_how_it_begins_or_how_its_id_ends(
    word: str, meant: Named
) -> None:
    assert choose_list(word, MINE) == meant


def test_a_whole_name_goes_before_a_longer_one_that_begins_so() -> None:
    assert choose_list("sun", [SUNRISE, SUNDAY, SUN]) == SUN


def test_an_ambiguous_word_names_the_candidates_by_the_ends_of_their_ids() -> None:
    with pytest.raises(ListNotFound) as raised:
        choose_list("su", MINE)
    words = str(raised.value)
    assert all(each.playlist_id[-6:] in words for each in (SUNDAY, SUNRISE, SUN))
    assert "Über" not in words


def test_two_lists_of_the_same_name_are_told_apart_and_nothing_moves_the_cursor() -> None:
    with pytest.raises(ListNotFound) as raised:
        choose_list("sunday", [*MINE, OTHER_SUNDAY])
    assert "F1HN25" in str(raised.value)
    assert "F1DDDD" in str(raised.value)
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize("word", ["", " ", "monday", "N25", "unday", "\u200b"])
def test_a_word_for_no_list_says_where_to_see_them(word: str) -> None:
    with pytest.raises(ListNotFound, match="segue playlist list"):
        choose_list(word, MINE)


def test_names_are_compared_without_case_and_invisible_characters() -> None:
    assert folded("A\u202eB\u200d  c") == folded("ab C")


def test_a_ulid_has_26_characters_of_its_alphabet() -> None:
    assert looks_like_id("01m82ynmxnzegaw4fdf7f1hn25")
    assert not looks_like_id("01M82YNMXNZEGAW4FDF7F1HN2")
    assert not looks_like_id("01M82YNMXNZEGAW4FDF7F1HNI5")
    assert not looks_like_id("81M82YNMXNZEGAW4FDF7F1HN25")


def version(revision: int, snapshot_id: str) -> playlist_pb2.Snapshot:
    return playlist_pb2.Snapshot(revision=revision, snapshot_id=snapshot_id)


HISTORY = [
    version(12, "01M82YPXTRCYD6RYDT8PZ0W65X"),
    version(2, "01M82YNP5JQHVW8S3BV2ZP7SEG"),
    version(1, "01M82YNMXNZEGAW4FDF7F1HN24"),
]


@pytest.mark.parametrize(
    ("word", "revision"),
    [("1", 1), ("2", 2), ("12", 12), ("01M82YP", 12), ("01m82ynm", 1), ("01M82YNP5", 2)],
)
def test_a_version_is_meant_by_its_number_or_how_its_id_begins(word: str, revision: int) -> None:
    assert choose_version(word, HISTORY).revision == revision


def test_an_id_that_several_versions_begin_with_names_their_numbers() -> None:
    with pytest.raises(VersionNotFound, match="12, 2, 1"):
        choose_version("01M82Y", HISTORY)


@pytest.mark.parametrize("word", ["3", "99", "0", "", "01M", "-1", "last", "01ZZ"])
def test_a_word_for_no_version_says_where_to_see_them(word: str) -> None:
    with pytest.raises(VersionNotFound, match="segue playlist log"):
        choose_version(word, HISTORY)


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (["3"], [3]),
        (["5-8"], [5, 6, 7, 8]),
        (["5..6", "1"], [5, 6, 1]),
        (["1,4", "2-3"], [1, 4, 2, 3]),
        (["2", "2", "1-3"], [2, 1, 3]),
    ],
)
def test_numbers_are_places_and_ranges_each_once(words: list[str], numbers: list[int]) -> None:
    assert parse_numbers(words, 9) == numbers


@pytest.mark.parametrize("words", [[], [","], ["0"], ["10"], ["8-10"], ["5-3"], ["x"], ["-1"]])
def test_what_is_no_place_in_the_list_is_refused(words: list[str]) -> None:
    with pytest.raises(CommandFailed):
        parse_numbers(words, 9)


@pytest.mark.parametrize(
    ("word", "seconds"),
    [("60s", 60), ("1m", 60), ("12h", 43_200), ("7d", 604_800), ("2W", 1_209_600)],
)
def test_a_lifetime_is_a_number_and_a_unit(word: str, seconds: int) -> None:
    assert parse_lifetime(word) == seconds


@pytest.mark.parametrize("word", ["", "7", "d", "59s", "366d", "-1d", "1.5h", "9999999999d"])
def test_a_lifetime_that_no_link_can_have_is_refused(word: str) -> None:
    with pytest.raises(CommandFailed, match="7d"):
        parse_lifetime(word)


def test_a_code_is_taken_from_its_link_as_well() -> None:
    code = "OHYj0FShP7T4U4Ig31Pu8J"
    assert code_of(code) == code_of(f"http://127.0.0.1:8080/s/{code}/") == code


@pytest.mark.parametrize("word", ["", "/", "http://host/s/a?b", "a b", "x\x1b"])
def test_what_is_no_link_is_refused(word: str) -> None:
    with pytest.raises(CommandFailed, match="neither a link nor its code"):
        code_of(word)


def test_the_suffix_says_the_format_unless_it_is_chosen() -> None:
    formats = transfer_service_pb2.PlaylistFile.Format
    assert format_of(Path("a.XSPF"), None) == formats.XSPF
    assert format_of(Path("a.jspf"), None) == formats.JSPF
    assert format_of(Path("a.m3u"), None) == formats.M3U8
    assert format_of(Path("-"), None) == formats.M3U8
    assert format_of(Path("a.txt"), "jspf") == formats.JSPF
    with pytest.raises(CommandFailed, match="--format"):
        format_of(Path("a.txt"), None)
