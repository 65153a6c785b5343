"""Rules of smart playlists as people write them: ``genre=rock year=1990..1999 added<30d``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from segue.playlist.v1 import playlist_pb2

from player.commands.outcome import CommandFailed
from player.commands.terminal_text import plain

_FIELD = playlist_pb2.Rule.Condition.Field
_OPERATOR = playlist_pb2.Rule.Condition.Operator
_ORDER = playlist_pb2.Rule.Order

_TEXTS: Final = {
    "genre": _FIELD.GENRE,
    "artist": _FIELD.ARTIST,
    "album": _FIELD.ALBUM,
    "title": _FIELD.TITLE,
}
_NUMBERS: Final = {
    "year": _FIELD.YEAR,
    "duration": _FIELD.DURATION,
    "streams": _FIELD.STREAMS,
}
_TERM: Final = re.compile(r"([a-z]+)\s*(!=|>=|<=|=|~|<|>)\s*(.*)", re.DOTALL | re.IGNORECASE)
_DAYS: Final = {"d": 1, "w": 7, "y": 365}
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_FORMS: Final = (
    "a rule is such as genre=rock, artist~beatles, year=1990..1999, duration=..4m, added=..30d, "
    "saved; see segue playlist smart --help"
)


class RuleNotUnderstood(CommandFailed):
    """A rule is not of the forms that there are."""

    def __init__(self, term: str, why: str) -> None:
        super().__init__(f"the rule {plain(term)!r} is not understood: {why}\n{_FORMS}")


def parse_rule(
    terms: Sequence[str], *, any_of: bool, order: str, descending: bool, limit: int
) -> Any:
    """The Rule that terms mean; ``order`` is a name of Rule.Order in lower case.

    Raises RuleNotUnderstood.
    """
    matches = playlist_pb2.Rule.Match
    return playlist_pb2.Rule(
        match=matches.ANY if any_of else matches.ALL,
        conditions=[parse_condition(term) for term in terms],
        limit=limit,
        order=_ORDER.Value(order.upper()),
        descending=descending,
    )


def parse_condition(term: str) -> Any:
    """One Condition. Raises RuleNotUnderstood."""
    if term.lower() in ("saved", "unsaved"):
        return _condition(
            _FIELD.SAVED, _OPERATOR.IS, "true" if term.lower() == "saved" else "false"
        )
    match = _TERM.fullmatch(term.strip())
    if match is None:
        raise RuleNotUnderstood(term, "it has no sign such as = or ~ after the name of a field")
    name, sign, value = match[1].lower(), match[2], match[3].strip()
    if not value:
        raise RuleNotUnderstood(term, f"nothing stands after {sign}")
    if name in _TEXTS:
        return _text_condition(term, _TEXTS[name], sign, value)
    if name in _NUMBERS:
        return _number_condition(term, name, sign, value)
    if name == "added":
        return _added_condition(term, sign, value)
    raise RuleNotUnderstood(term, f"there is no field {name}")


def _condition(field: Any, operator: Any, *values: str) -> Any:
    return playlist_pb2.Rule.Condition(field=field, comparison=operator, values=values)


def _text_condition(term: str, field: Any, sign: str, value: str) -> Any:
    operators = {"=": _OPERATOR.IS, "!=": _OPERATOR.IS_NOT, "~": _OPERATOR.CONTAINS}
    if sign not in operators:
        raise RuleNotUnderstood(term, "texts go with =, != and ~ (contains)")
    values = [part.strip() for part in value.split(",") if part.strip()]
    if not values:
        raise RuleNotUnderstood(term, f"nothing stands after {sign}")
    return _condition(field, operators[sign], *values)


def _number_condition(term: str, name: str, sign: str, value: str) -> Any:
    field = _NUMBERS[name]

    def number(text: str) -> int:
        return _seconds(term, text) if name == "duration" else _whole(term, text)

    if sign == "=" and ".." in value:
        low, _, high = value.partition("..")
        return _range(term, field, number(low) if low else None, number(high) if high else None)
    if sign in ("=", "!="):
        values = [str(number(part.strip())) for part in value.split(",")]
        return _condition(field, _OPERATOR.IS if sign == "=" else _OPERATOR.IS_NOT, *values)
    if sign == "~":
        raise RuleNotUnderstood(term, "numbers go with =, !=, <, <=, > and >=")
    bound = number(value)
    if sign.startswith(">"):
        return _range(term, field, bound + (sign == ">"), None)
    return _range(term, field, None, bound - (sign == "<"))


def _range(term: str, field: Any, low: int | None, high: int | None) -> Any:
    if low is not None and high is not None:
        if low > high:
            raise RuleNotUnderstood(term, "the first number is above the second")
        return _condition(field, _OPERATOR.BETWEEN, str(low), str(high))
    if low is not None:
        return _condition(field, _OPERATOR.AT_LEAST, str(low))
    if high is None or high < 0:
        raise RuleNotUnderstood(term, "no number is within it")
    return _condition(field, _OPERATOR.AT_MOST, str(high))


def _added_condition(term: str, sign: str, value: str) -> Any:
    """``added<30d`` and ``added=..30d`` are the last 30 days; ``added>30d`` and ``added=30d..``
    what came before them."""
    recent = sign in ("<", "<=") or (sign == "=" and value.startswith(".."))
    older = sign in (">", ">=") or (sign == "=" and value.endswith(".."))
    match = re.fullmatch(r"([0-9]{1,5})([dwy])", value.strip("."))
    if match is None or recent == older:
        raise RuleNotUnderstood(term, "write added<30d or added=..30d, with d, w or y")
    days = int(match[1]) * _DAYS[match[2]]
    operator = _OPERATOR.IN_LAST_DAYS if recent else _OPERATOR.NOT_IN_LAST_DAYS
    return _condition(_FIELD.ADDED, operator, str(days))


def _whole(term: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,15}", text):
        raise RuleNotUnderstood(term, f"{plain(text)!r} is no whole number")
    return int(text)


def _seconds(term: str, text: str) -> int:
    """``240``, ``240s``, ``4m``, ``1h`` or ``3:30``."""
    clock = re.fullmatch("([0-9]{1,4}):([0-5][0-9])", text)
    if clock is not None:
        return int(clock[1]) * 60 + int(clock[2])
    match = re.fullmatch("([0-9]{1,9})([smh]?)", text)
    if match is None:
        raise RuleNotUnderstood(term, f"{plain(text)!r} is no length; write 240, 4m or 3:30")
    return int(match[1]) * _SECONDS[match[2]]


def rule_words(rule: Any) -> str:
    """A Rule as it is written: what ``parse_rule`` would read as the same."""
    words = [_condition_words(condition) for condition in rule.conditions] or ["every track"]
    joined = (" or " if rule.match == playlist_pb2.Rule.Match.ANY else "  ").join(words)
    order = _ORDER.Name(rule.order or _ORDER.ADDED).lower()
    turned = " --descending" if rule.descending else ""
    return f"{joined}  --order {order}{turned} --limit {rule.limit}"


def _condition_words(condition: Any) -> str:
    name, operator = _FIELD.Name(condition.field).lower(), condition.comparison
    values = [plain(value) for value in condition.values]
    if condition.field == _FIELD.SAVED:
        is_saved = (values[0] == "true") == (operator != _OPERATOR.IS_NOT)
        return "saved" if is_saved else "unsaved"
    forms = {
        _OPERATOR.IS_NOT: lambda: f"{name}!={','.join(values)}",
        _OPERATOR.CONTAINS: lambda: f"{name}~{','.join(values)}",
        _OPERATOR.AT_LEAST: lambda: f"{name}={values[0]}..",
        _OPERATOR.AT_MOST: lambda: f"{name}=..{values[0]}",
        _OPERATOR.BETWEEN: lambda: f"{name}={values[0]}..{values[1]}",
        _OPERATOR.IN_LAST_DAYS: lambda: f"{name}=..{values[0]}d",
        _OPERATOR.NOT_IN_LAST_DAYS: lambda: f"{name}={values[0]}d..",
    }
    return forms.get(operator, lambda: f"{name}={','.join(values)}")()
