"""Rules of smart playlists on the wire."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, TypeVar

from segue.playlist.v1 import playlist_pb2 as pb

from meshkit.faults import InvalidArgument
from playlist_svc.domain.rules import (
    DEFAULT_LIMIT,
    Condition,
    Field,
    Operator,
    Ordering,
    Rule,
    RuleMatch,
    require_valid_rule,
)

E = TypeVar("E", bound=enum.Enum)


def rule_of(message: pb.Rule, path: str = "rule") -> Rule:
    """The rule of a request, with the contract's defaults.

    Raises InvalidArgument naming the wrong field below ``path``.
    """
    rule = Rule(
        match=_named(RuleMatch, pb.Rule.Match, message.match, f"{path}.match", RuleMatch.ALL),
        conditions=tuple(
            _condition_of(condition, f"{path}.conditions[{index}]")
            for index, condition in enumerate(message.conditions)
        ),
        limit=message.limit or DEFAULT_LIMIT,
        order=_named(Ordering, pb.Rule.Order, message.order, f"{path}.order", Ordering.ADDED),
        descending=message.descending,
    )
    require_valid_rule(rule, path)
    return rule


def rule(rule: Rule) -> pb.Rule:
    """The rule as answers show it."""
    return pb.Rule(
        match=pb.Rule.Match.Value(rule.match.name),
        conditions=[
            pb.Rule.Condition(
                field=pb.Rule.Condition.Field.Value(condition.field.name),
                comparison=pb.Rule.Condition.Operator.Value(condition.operator.name),
                values=condition.values,
            )
            for condition in rule.conditions
        ],
        limit=rule.limit,
        order=pb.Rule.Order.Value(rule.order.name),
        descending=rule.descending,
    )


def _condition_of(message: pb.Rule.Condition, path: str) -> Condition:
    kinds = pb.Rule.Condition
    return Condition(
        _named(Field, kinds.Field, message.field, f"{path}.field", None),
        _named(Operator, kinds.Operator, message.comparison, f"{path}.comparison", Operator.IS),
        tuple(message.values),
    )


def _named(kind: type[E], wire: Any, number: int, path: str, default: E | None) -> E:
    """The member of ``kind`` that has the name of ``number``; a newer contract's is unknown."""
    if number == 0 and default is not None:
        return default
    names: Mapping[int, str] = {value: name for name, value in wire.items()}
    member = kind.__members__.get(names.get(number, ""))
    if member is None:
        raise InvalidArgument.field(path, f"must be one of {', '.join(kind.__members__)}")
    return member
