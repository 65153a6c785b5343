"""Rules of smart playlists: which tracks of the catalogue, in which order, how many."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshkit.faults import InvalidArgument
from playlist_svc.domain.folding import comparable


class RuleMatch(enum.Enum):
    """How conditions go together."""

    ALL = "ALL"
    ANY = "ANY"


class Field(enum.Enum):
    """What of a track a condition looks at."""

    GENRE = "GENRE"
    YEAR = "YEAR"
    ADDED = "ADDED"
    SAVED = "SAVED"
    ARTIST = "ARTIST"
    DURATION = "DURATION"
    ALBUM = "ALBUM"
    TITLE = "TITLE"
    STREAMS = "STREAMS"


class Operator(enum.Enum):
    """How a condition looks at it."""

    IS = "IS"
    IS_NOT = "IS_NOT"
    CONTAINS = "CONTAINS"
    AT_LEAST = "AT_LEAST"
    AT_MOST = "AT_MOST"
    BETWEEN = "BETWEEN"
    IN_LAST_DAYS = "IN_LAST_DAYS"
    NOT_IN_LAST_DAYS = "NOT_IN_LAST_DAYS"


class Ordering(enum.Enum):
    """What the chosen tracks are ordered by."""

    ADDED = "ADDED"
    TITLE = "TITLE"
    ARTIST = "ARTIST"
    ALBUM = "ALBUM"
    YEAR = "YEAR"
    DURATION = "DURATION"
    STREAMS = "STREAMS"
    SAVED = "SAVED"
    RANDOM = "RANDOM"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; ``values`` are texts, numbers as digits."""

    field: Field
    operator: Operator
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a smart playlist is made of; ``limit`` is 1 to 10,000."""

    match: RuleMatch
    conditions: tuple[Condition, ...]
    limit: int
    order: Ordering
    descending: bool


MOST_LOOKS: Final = 10
"""How often a rule may look at each track: once for each condition, or once for each value of one
that searches within texts, which takes as long."""
MOST_VALUES: Final = 50
"""How many values a condition may have."""
MOST_CHARACTERS: Final = 200
"""How long one value may be."""
MOST_TRACKS: Final = 10_000
DEFAULT_LIMIT: Final = 100
MOST_DAYS: Final = 100_000

TEXTS: Final = frozenset({Field.GENRE, Field.ARTIST, Field.ALBUM, Field.TITLE})
"""Fields that are compared as folded texts."""
NUMBERS: Final = frozenset({Field.YEAR, Field.DURATION, Field.STREAMS})
"""Fields that are compared as whole numbers; a length in whole seconds, rounded down."""

_EQUALITY: Final = frozenset({Operator.IS, Operator.IS_NOT})
_BOUNDS: Final = frozenset({Operator.AT_LEAST, Operator.AT_MOST, Operator.BETWEEN})
_DAYS: Final = frozenset({Operator.IN_LAST_DAYS, Operator.NOT_IN_LAST_DAYS})
_OPERATORS: Final[Mapping[Field, frozenset[Operator]]] = {
    **dict.fromkeys(TEXTS, _EQUALITY | {Operator.CONTAINS}),
    **dict.fromkeys(NUMBERS, _EQUALITY | _BOUNDS),
    Field.ADDED: _DAYS,
    Field.SAVED: _EQUALITY,
}
_WHOLE: Final = re.compile("[0-9]{1,15}")


def require_valid_rule(rule: Rule, path: str = "rule") -> None:
    """Raises InvalidArgument naming the first wrong field below ``path``, as the contract has it:
    ``rule.conditions[2].values``."""
    # Before the conditions, so that it takes no longer the more of them there are.
    if sum(map(_looks, rule.conditions)) > MOST_LOOKS:
        raise InvalidArgument.field(
            f"{path}.conditions",
            f"may be at most {MOST_LOOKS}, of CONTAINS and GENRE each value counted",
        )
    for index, condition in enumerate(rule.conditions):
        _require_valid_condition(condition, f"{path}.conditions[{index}]")
    if not 1 <= rule.limit <= MOST_TRACKS:
        raise InvalidArgument.field(f"{path}.limit", f"must be from 1 to {MOST_TRACKS}")


def _looks(condition: Condition) -> int:
    searches = condition.operator is Operator.CONTAINS or condition.field is Field.GENRE
    return max(1, len(condition.values)) if searches else 1


def _require_valid_condition(condition: Condition, path: str) -> None:
    allowed = _OPERATORS[condition.field]
    if condition.operator not in allowed:
        names = ", ".join(operator.name for operator in Operator if operator in allowed)
        raise InvalidArgument.field(
            f"{path}.comparison", f"{condition.field.name} goes with {names}"
        )
    wrong = _wrong_count(condition) or _wrong_values(condition)
    if wrong:
        raise InvalidArgument.field(f"{path}.values", wrong)


def _wrong_count(condition: Condition) -> str:
    """What is wrong with the number of values; empty when nothing is."""
    count = len(condition.values)
    if condition.operator is Operator.BETWEEN:
        return "" if count == 2 else "must be two numbers, the lower one first"
    if condition.field is Field.SAVED or condition.operator not in _EQUALITY | {Operator.CONTAINS}:
        return "" if count == 1 else "must be one value"
    return "" if 1 <= count <= MOST_VALUES else f"must be 1 to {MOST_VALUES} values"


def _wrong_values(condition: Condition) -> str:
    """What is wrong with the values themselves; empty when nothing is."""
    values = condition.values
    if any(len(value) > MOST_CHARACTERS for value in values):
        return f"may have at most {MOST_CHARACTERS} characters each"
    if condition.field in TEXTS:
        seen = all(comparable(value) and "\0" not in value for value in values)
        return "" if seen else "must be texts with something to compare"
    if condition.field is Field.SAVED:
        return "" if values[0] in ("true", "false") else 'must be "true" or "false"'
    if not all(_WHOLE.fullmatch(value) for value in values):
        return "must be whole numbers of at most 15 digits"
    if condition.operator in _DAYS and int(values[0]) > MOST_DAYS:
        return f"must be at most {MOST_DAYS} days"
    if condition.operator is Operator.BETWEEN and int(values[0]) > int(values[1]):
        return "must rise: the lower number first"
    return ""


def to_json(rule: Rule) -> dict[str, Any]:
    """The rule as JSON keeps it; ``from_json`` reads it."""
    return {
        "match": rule.match.value,
        "conditions": [
            {
                "field": condition.field.value,
                "operator": condition.operator.value,
                "values": list(condition.values),
            }
            for condition in rule.conditions
        ],
        "limit": rule.limit,
        "order": rule.order.value,
        "descending": rule.descending,
    }


def from_json(stored: Mapping[str, Any]) -> Rule:
    """The rule that ``to_json`` wrote. KeyError or ValueError for anything else."""
    return Rule(
        RuleMatch(stored["match"]),
        tuple(
            Condition(
                Field(condition["field"]),
                Operator(condition["operator"]),
                tuple(map(str, condition["values"])),
            )
            for condition in stored["conditions"]
        ),
        int(stored["limit"]),
        Ordering(stored["order"]),
        bool(stored["descending"]),
    )
