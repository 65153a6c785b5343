"""Rules of smart playlists: what is refused, how they are kept, how they travel."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from segue.playlist.v1 import playlist_pb2 as pb

from meshkit.faults import InvalidArgument
from playlist_svc.convert import rules as convert
from playlist_svc.domain.rules import (
    Condition,
    Field,
    Operator,
    Ordering,
    Rule,
    RuleMatch,
    from_json,
    require_valid_rule,
    to_json,
)
from tests.contracts.playlist.tracks_world import rules

FINE = Condition(Field.YEAR, Operator.IS, ("1999",))
CONDITION = pb.Rule.Condition
UNKNOWN: Any = 99


def a_rule(*conditions: Condition, limit: int = 100) -> Rule:
    return Rule(RuleMatch.ALL, conditions, limit, Ordering.ADDED, descending=False)


def refused(rule: Rule) -> tuple[str, str]:
    """The field that is refused, and the words."""
    with pytest.raises(InvalidArgument) as raised:
        require_valid_rule(rule)
    [violation] = raised.value.violations
    return violation.field, violation.description


BAD_OPERATORS = [
    (Field.GENRE, Operator.AT_LEAST),
    (Field.TITLE, Operator.BETWEEN),
    (Field.ARTIST, Operator.IN_LAST_DAYS),
    (Field.YEAR, Operator.CONTAINS),
    (Field.DURATION, Operator.IN_LAST_DAYS),
    (Field.ADDED, Operator.IS),
    (Field.ADDED, Operator.AT_LEAST),
    (Field.SAVED, Operator.CONTAINS),
    (Field.SAVED, Operator.AT_MOST),
]

BAD_VALUES = [
    (Field.TITLE, Operator.IS, ()),
    (Field.TITLE, Operator.IS, ("x",) * 51),
    (Field.TITLE, Operator.IS, ("x" * 201,)),
    (Field.TITLE, Operator.CONTAINS, ("fine", " \t")),
    (Field.TITLE, Operator.CONTAINS, ("\u0301",)),
    (Field.GENRE, Operator.IS, ("ro\0ck",)),
    (Field.YEAR, Operator.IS, ()),
    (Field.YEAR, Operator.IS, ("1999", "MCMXCIX")),
    (Field.YEAR, Operator.IS, ("-1",)),
    (Field.YEAR, Operator.IS, ("1999.0",)),
    (Field.YEAR, Operator.IS, (" 1999",)),
    (Field.YEAR, Operator.IS, ("1999\n",)),
    (Field.YEAR, Operator.IS, ("١٩٩٩",)),
    (Field.YEAR, Operator.IS, ("",)),
    (Field.STREAMS, Operator.AT_LEAST, ("1" * 16,)),
    (Field.STREAMS, Operator.AT_LEAST, ()),
    (Field.STREAMS, Operator.AT_LEAST, ("1", "2")),
    (Field.STREAMS, Operator.BETWEEN, ("1",)),
    (Field.STREAMS, Operator.BETWEEN, ("1", "2", "3")),
    (Field.STREAMS, Operator.BETWEEN, ("10", "9")),
    (Field.ADDED, Operator.IN_LAST_DAYS, ("soon",)),
    (Field.ADDED, Operator.IN_LAST_DAYS, ("1", "2")),
    (Field.ADDED, Operator.NOT_IN_LAST_DAYS, ("100001",)),
    (Field.SAVED, Operator.IS, ("yes",)),
    (Field.SAVED, Operator.IS, ("True",)),
    (Field.SAVED, Operator.IS, ("true", "false")),
    (Field.SAVED, Operator.IS_NOT, ()),
]


@pytest.mark.parametrize(("field", "operator"), BAD_OPERATORS)
def test_an_operator_that_does_not_go_with_the_field_is_named(
    field: Field, operator: Operator
) -> None:
    path, words = refused(a_rule(FINE, Condition(field, operator, ("1",))))
    assert path == "rule.conditions[1].comparison"
    assert words.startswith(f"{field.name} goes with ")


@pytest.mark.parametrize(("field", "operator", "values"), BAD_VALUES)
def test_wrong_values_are_named_by_their_condition(
    field: Field, operator: Operator, values: tuple[str, ...]
) -> None:
    path, _ = refused(a_rule(FINE, FINE, Condition(field, operator, values)))
    assert path == "rule.conditions[2].values"


@pytest.mark.parametrize("limit", [-1, 0, 10_001])
def test_a_limit_out_of_range_is_named(limit: int) -> None:
    assert refused(a_rule(limit=limit))[0] == "rule.limit"


def test_more_than_ten_conditions_are_refused() -> None:
    require_valid_rule(a_rule(*[FINE] * 10))
    assert refused(a_rule(*[FINE] * 11))[0] == "rule.conditions"


@pytest.mark.parametrize(
    "searching",
    [
        (Field.TITLE, Operator.CONTAINS),
        (Field.GENRE, Operator.IS),
        (Field.GENRE, Operator.IS_NOT),
        (Field.GENRE, Operator.CONTAINS),
    ],
)
def test_of_what_searches_texts_each_value_counts(searching: tuple[Field, Operator]) -> None:
    seven, eight = (Condition(*searching, ("rock",) * count) for count in (7, 8))
    require_valid_rule(a_rule(seven, FINE, FINE, FINE))
    assert refused(a_rule(eight, FINE, FINE, FINE))[0] == "rule.conditions"
    assert refused(a_rule(seven, FINE, FINE, FINE, FINE))[0] == "rule.conditions"
    assert refused(a_rule(Condition(*searching, ("rock",) * 11)))[0] == "rule.conditions"


@pytest.mark.parametrize("operator", [Operator.IS, Operator.IS_NOT])
def test_of_what_equals_all_values_count_once(operator: Operator) -> None:
    require_valid_rule(a_rule(*[Condition(Field.ARTIST, operator, ("ada",) * 50)] * 10))


@pytest.mark.parametrize(
    "condition",
    [
        Condition(Field.TITLE, Operator.IS, ("x" * 200,) * 50),
        Condition(Field.TITLE, Operator.IS, ("!!!",)),
        Condition(Field.YEAR, Operator.BETWEEN, ("1999", "1999")),
        Condition(Field.YEAR, Operator.BETWEEN, ("9", "0010")),
        Condition(Field.STREAMS, Operator.AT_LEAST, ("9" * 15,)),
        Condition(Field.ADDED, Operator.IN_LAST_DAYS, ("0",)),
        Condition(Field.ADDED, Operator.IN_LAST_DAYS, ("100000",)),
        Condition(Field.SAVED, Operator.IS_NOT, ("true",)),
    ],
)
def test_what_is_just_within_the_bounds_is_accepted(condition: Condition) -> None:
    require_valid_rule(a_rule(condition, limit=10_000))


@given(rules())
def test_a_rule_survives_its_json(rule: Rule) -> None:
    assert from_json(json.loads(json.dumps(to_json(rule)))) == rule


@given(rules())
def test_a_rule_survives_the_wire(rule: Rule) -> None:
    message = pb.Rule.FromString(convert.rule(rule).SerializeToString())
    assert convert.rule_of(message) == rule


@pytest.mark.parametrize("stored", [{}, {**to_json(a_rule()), "match": "NONE"}])
def test_what_is_no_rule_is_not_read_as_one(stored: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        from_json(stored)


def test_what_a_request_leaves_out_has_the_defaults_of_the_contract() -> None:
    conditions = [CONDITION(field=CONDITION.GENRE, values=["rock"])]
    assert convert.rule_of(pb.Rule(conditions=conditions)) == Rule(
        RuleMatch.ALL,
        (Condition(Field.GENRE, Operator.IS, ("rock",)),),
        100,
        Ordering.ADDED,
        descending=False,
    )


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (pb.Rule(conditions=[CONDITION(values=["x"])]), "smart.conditions[0].field"),
        (pb.Rule(conditions=[CONDITION(field=UNKNOWN, values=["x"])]), "smart.conditions[0].field"),
        (
            pb.Rule(conditions=[CONDITION(field=CONDITION.YEAR, comparison=UNKNOWN, values=["1"])]),
            "smart.conditions[0].comparison",
        ),
        (pb.Rule(match=UNKNOWN), "smart.match"),
        (pb.Rule(order=UNKNOWN), "smart.order"),
        (pb.Rule(limit=-1), "smart.limit"),
        (pb.Rule(conditions=[CONDITION(field=CONDITION.YEAR)]), "smart.conditions[0].values"),
    ],
)
def test_a_wrong_request_is_told_which_field_is_wrong(message: pb.Rule, path: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        convert.rule_of(message, "smart")
    assert raised.value.metadata["field"] == path


@pytest.mark.parametrize(
    ("kind", "wire"),
    [
        (RuleMatch, pb.Rule.Match),
        (Ordering, pb.Rule.Order),
        (Field, CONDITION.Field),
        (Operator, CONDITION.Operator),
    ],
)
def test_every_name_of_the_contract_is_known(
    kind: type[RuleMatch], wire: type[pb.Rule.Match]
) -> None:
    numbered = {name for name, number in wire.items() if number}
    assert {member.name for member in kind} == numbered
