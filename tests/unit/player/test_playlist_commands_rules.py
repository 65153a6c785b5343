from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from segue.playlist.v1 import playlist_pb2

from player.commands.playlist_rules import (
    RuleNotUnderstood,
    parse_condition,
    parse_rule,
    rule_words,
)

FIELD = playlist_pb2.Rule.Condition.Field
OPERATOR = playlist_pb2.Rule.Condition.Operator


@pytest.mark.parametrize(
    ("term", "field", "operator", "values"),
    [
        ("genre=rock", FIELD.GENRE, OPERATOR.IS, ["rock"]),
        ("genre=rock, jazz", FIELD.GENRE, OPERATOR.IS, ["rock", "jazz"]),
        ("genre!=rock", FIELD.GENRE, OPERATOR.IS_NOT, ["rock"]),
        ("artist~beatles", FIELD.ARTIST, OPERATOR.CONTAINS, ["beatles"]),
        ("title~a=b", FIELD.TITLE, OPERATOR.CONTAINS, ["a=b"]),
        ("ALBUM = Sgt. Pepper", FIELD.ALBUM, OPERATOR.IS, ["Sgt. Pepper"]),
        ("year=1994", FIELD.YEAR, OPERATOR.IS, ["1994"]),
        ("year!=1994,1995", FIELD.YEAR, OPERATOR.IS_NOT, ["1994", "1995"]),
        ("year=1990..1999", FIELD.YEAR, OPERATOR.BETWEEN, ["1990", "1999"]),
        ("year=1990..", FIELD.YEAR, OPERATOR.AT_LEAST, ["1990"]),
        ("year=..1999", FIELD.YEAR, OPERATOR.AT_MOST, ["1999"]),
        ("year>1990", FIELD.YEAR, OPERATOR.AT_LEAST, ["1991"]),
        ("year>=1990", FIELD.YEAR, OPERATOR.AT_LEAST, ["1990"]),
        ("year<1990", FIELD.YEAR, OPERATOR.AT_MOST, ["1989"]),
        ("year<=1990", FIELD.YEAR, OPERATOR.AT_MOST, ["1990"]),
        ("duration<4m", FIELD.DURATION, OPERATOR.AT_MOST, ["239"]),
        ("duration=3:30..1h", FIELD.DURATION, OPERATOR.BETWEEN, ["210", "3600"]),
        ("streams>=100", FIELD.STREAMS, OPERATOR.AT_LEAST, ["100"]),
        ("added<30d", FIELD.ADDED, OPERATOR.IN_LAST_DAYS, ["30"]),
        ("added=..2w", FIELD.ADDED, OPERATOR.IN_LAST_DAYS, ["14"]),
        ("added>1y", FIELD.ADDED, OPERATOR.NOT_IN_LAST_DAYS, ["365"]),
        ("added=30d..", FIELD.ADDED, OPERATOR.NOT_IN_LAST_DAYS, ["30"]),
        ("saved", FIELD.SAVED, OPERATOR.IS, ["true"]),
        ("UNSAVED", FIELD.SAVED, OPERATOR.IS, ["false"]),
    ],
)
def test_a_term_means_a_condition(term: str, field: int, operator: int, values: list[str]) -> None:
    condition = parse_condition(term)
    assert (condition.field, condition.comparison) == (field, operator)
    assert list(condition.values) == values


@pytest.mark.parametrize(
    "term",
    [
        "",
        "rock",
        "genre",
        "genre=",
        "genre=,",
        "genre<rock",
        "yaer=1990",
        "year=nineties",
        "year~19",
        "year=1999..1990",
        "year=..",
        "year=-5",
        "year<0",
        "duration=4x",
        "duration=3:75",
        "added=30d",
        "added<30",
        "added<..d",
        "added~30d",
        "saved=yes",
    ],
)
def test_a_term_that_means_nothing_is_named_with_the_forms_that_there_are(term: str) -> None:
    with pytest.raises(RuleNotUnderstood, match="genre=rock") as raised:
        parse_condition(term)
    assert repr(term) in str(raised.value)


def test_a_refused_term_moves_no_cursor() -> None:
    with pytest.raises(RuleNotUnderstood) as raised:
        parse_condition("\x1b[2J=1")
    assert "\x1b" not in str(raised.value)


def test_a_rule_holds_its_conditions_order_and_limit() -> None:
    rule = parse_rule(["genre=rock", "saved"], any_of=True, order="year", descending=True, limit=50)
    assert rule.match == playlist_pb2.Rule.Match.ANY
    assert rule.order == playlist_pb2.Rule.Order.YEAR
    assert (rule.descending, rule.limit, len(rule.conditions)) == (True, 50, 2)
    assert rule_words(rule) == "genre=rock or saved  --order year --descending --limit 50"


def test_a_rule_without_conditions_says_so() -> None:
    rule = parse_rule([], any_of=False, order="random", descending=False, limit=9)
    assert rule_words(rule) == "every track  --order random --limit 9"


# A condition reads numbers of nine digits at most.
NUMBERS = st.integers(0, 10**9 - 1)
TERMS = st.one_of(
    st.builds("year={}..{}".format, st.integers(0, 999), st.integers(1000, 9999)),
    st.builds("streams={}..".format, NUMBERS),
    st.builds("duration=..{}".format, NUMBERS),
    st.builds("added=..{}d".format, st.integers(0, 9999)),
    st.builds("added={}d..".format, st.integers(0, 9999)),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["genre", "title"]),
        st.sampled_from(["=", "!=", "~"]),
        st.from_regex("[a-z]+(,[a-z]+)?", fullmatch=True),
    ),
    st.sampled_from(["saved", "unsaved"]),
)


@given(TERMS)
def test_the_words_of_a_condition_read_back_as_the_same(term: str) -> None:
    rule = parse_rule([term], any_of=False, order="added", descending=False, limit=100)
    words = rule_words(rule).partition("  ")[0]
    assert parse_condition(words) == rule.conditions[0]
