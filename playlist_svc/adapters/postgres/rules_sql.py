"""A rule as one SQL statement over the copy of the tracks. Values are always parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from psycopg import sql

from playlist_svc.domain.daily_shuffle import DAY_MS, PRIME, shuffle
from playlist_svc.domain.folding import comparable
from playlist_svc.domain.rules import NUMBERS, Condition, Field, Operator, Ordering, Rule, RuleMatch

_COLUMNS = {
    Field.GENRE: sql.SQL("t.genre_keys"),
    Field.ARTIST: sql.SQL("t.artist_key"),
    Field.ALBUM: sql.SQL("t.album_key"),
    Field.TITLE: sql.SQL("t.title_key"),
    Field.YEAR: sql.SQL("t.year"),
    # Whole seconds, as players show them.
    Field.DURATION: sql.SQL("t.duration_ms / 1000"),
    Field.STREAMS: sql.SQL("t.streams_total"),
}
_ORDERS: Final[dict[Ordering, tuple[str, ...]]] = {
    Ordering.ADDED: ("t.created_at_ms",),
    Ordering.TITLE: ("t.title_order",),
    Ordering.ARTIST: ("t.artist_order", "t.album_order", "t.disc_number", "t.track_number"),
    Ordering.ALBUM: ("t.album_order", "t.disc_number", "t.track_number"),
    Ordering.YEAR: ("t.year",),
    Ordering.DURATION: ("t.duration_ms",),
    Ordering.STREAMS: ("t.streams_total",),
    Ordering.SAVED: ("s.saved_at",),
    Ordering.RANDOM: (f"(t.chance * %s::bigint + %s) %% {PRIME}",),
}
_STATEMENT = sql.SQL(
    "SELECT t.track_id, t.duration_ms FROM tracks t {saved} WHERE t.available {conditions}"
    " ORDER BY {order} LIMIT %s"
)
_SAVED = sql.SQL("LEFT JOIN saved_tracks s ON s.user_id = %s AND s.track_id = t.track_id")

T = TypeVar("T")
Values = list[Any]


def select(rule: Rule, owner_id: str, now_ms: int) -> tuple[sql.Composed, Values]:
    """The statement that chooses (track_id, duration_ms), and its values."""
    values: Values = []
    saved = sql.SQL("")
    if rule.order is Ordering.SAVED or any(c.field is Field.SAVED for c in rule.conditions):
        saved = _SAVED
        values.append(owner_id)
    conditions = _conditions(rule, now_ms, values)
    order = _order(rule, owner_id, now_ms, values)
    values.append(rule.limit)
    return _STATEMENT.format(saved=saved, conditions=conditions, order=order), values


def _conditions(rule: Rule, now_ms: int, values: Values) -> sql.Composable:
    if not rule.conditions:
        return sql.SQL("")
    parts = [_condition(condition, now_ms, values) for condition in rule.conditions]
    word = sql.SQL(" AND " if rule.match is RuleMatch.ALL else " OR ")
    return sql.SQL("AND ({})").format(word.join(parts))


def _condition(condition: Condition, now_ms: int, values: Values) -> sql.Composable:
    if condition.field is Field.SAVED:
        return _saved(condition)
    if condition.field is Field.ADDED:
        return _added(condition, now_ms, values)
    make = _number if condition.field in NUMBERS else _text
    return make(condition, _COLUMNS[condition.field], values)


def _saved(condition: Condition) -> sql.Composable:
    wanted = (condition.values[0] == "true") is (condition.operator is Operator.IS)
    return sql.SQL("s.track_id IS NOT NULL" if wanted else "s.track_id IS NULL")


def _added(condition: Condition, now_ms: int, values: Values) -> sql.Composable:
    values.append(now_ms - int(condition.values[0]) * DAY_MS)
    recent = condition.operator is Operator.IN_LAST_DAYS
    return sql.SQL("t.created_at_ms >= %s" if recent else "t.created_at_ms < %s")


def _number(condition: Condition, column: sql.SQL, values: Values) -> sql.Composable:
    numbers = [int(value) for value in condition.values]
    if condition.operator in (Operator.IS, Operator.IS_NOT):
        values.append(_hashed(numbers))
        equal = "= ANY" if condition.operator is Operator.IS else "<> ALL"
        # Of one type, or they would not be hashed.
        return sql.SQL(f"({{}})::bigint {equal} (%s::bigint[])").format(column)
    values.extend(numbers)
    compared = sql.SQL(_COMPARISONS[condition.operator]).format(column)
    if condition.field is Field.YEAR:
        # An unknown year is neither before nor after any other.
        return sql.SQL("(t.year > 0 AND {})").format(compared)
    return compared


_COMPARISONS: Final = {
    Operator.AT_LEAST: "{} >= %s",
    Operator.AT_MOST: "{} <= %s",
    Operator.BETWEEN: "{} BETWEEN %s AND %s",
}


def _text(condition: Condition, column: sql.SQL, values: Values) -> sql.Composable:
    texts = list(dict.fromkeys(map(comparable, condition.values)))
    negated = condition.operator is Operator.IS_NOT
    if condition.operator is Operator.CONTAINS:
        return _contains(texts, column, values)
    if condition.field is Field.GENRE:
        found = _contains([f"\n{text}\n" for text in texts], column, values)
        return sql.SQL("NOT {}").format(found) if negated else found
    values.append(_hashed(texts))
    return sql.SQL("{} <> ALL (%s)" if negated else "{} = ANY (%s)").format(column)


def _hashed(values: list[T]) -> list[T]:
    """The same values, some of them again: fewer than nine PostgreSQL compares one by one, which
    takes several times as long as looking them up."""
    return values * -(-_FEWEST_HASHED // len(values)) if len(values) > 1 else values


_FEWEST_HASHED: Final = 9


def _contains(texts: Sequence[str], column: sql.SQL, values: Values) -> sql.Composable:
    """Whether one of the texts is within the column. By LIKE, for which the planner knows how many
    rows it will find; fifty of them take a fifth of the time of one regular expression of all."""
    values.extend(f"%{_literal(text)}%" for text in texts)
    searches = [sql.SQL("{} LIKE %s").format(column) for _ in texts]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(searches))


_SIGNS: Final = re.compile(r"[%_\\]")


def _literal(text: str) -> str:
    """A pattern of LIKE that matches ``text`` alone."""
    return _SIGNS.sub(lambda sign: f"\\{sign[0]}", text)


def _order(rule: Rule, owner_id: str, now_ms: int, values: Values) -> sql.Composable:
    if rule.order is Ordering.RANDOM:
        values.extend(shuffle(owner_id, now_ms))
    direction = sql.SQL(" DESC NULLS LAST" if rule.descending else " ASC NULLS LAST")
    if rule.order is not Ordering.SAVED:
        # Said alike, so that an index on the columns serves both ways.
        direction = sql.SQL(" DESC" if rule.descending else " ASC")
    keys = [*_ORDERS[rule.order], "t.track_id"]
    return sql.SQL(", ").join(sql.SQL(key) + direction for key in keys)
