"""Rules evaluated in Python, track by track."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from playlist_svc.domain.daily_shuffle import DAY_MS, PRIME, number_of, shuffle
from playlist_svc.domain.folding import comparable, sortable
from playlist_svc.domain.rules import Condition, Field, Operator, Ordering, Rule, RuleMatch
from playlist_svc.ports.tracks import Track


def select(
    rule: Rule, tracks: Iterable[Track], saved_at: Mapping[str, int], owner_id: str, now_ms: int
) -> list[Track]:
    """Those of the tracks that the rule chooses, in its order; ``saved_at`` says what its owner
    has saved and when, in Unix milliseconds."""
    together = all if rule.match is RuleMatch.ALL else any
    matching = [
        track
        for track in tracks
        if not rule.conditions
        or together(holds(condition, track, saved_at, now_ms) for condition in rule.conditions)
    ]
    key = _key(rule.order, saved_at, shuffle(owner_id, now_ms))
    ordered = sorted(matching, key=lambda t: (*key(t), t.track_id), reverse=rule.descending)
    if rule.order is Ordering.SAVED:
        ordered.sort(key=lambda track: track.track_id not in saved_at)
    return ordered[: rule.limit]


def holds(condition: Condition, track: Track, saved_at: Mapping[str, int], now_ms: int) -> bool:
    """Whether the condition holds for the track."""
    if condition.field is Field.SAVED:
        said = "true" if track.track_id in saved_at else "false"
        return (said in condition.values) is (condition.operator is Operator.IS)
    if condition.field is Field.ADDED:
        age_ms = now_ms - track.created_at_ms
        recent = age_ms <= int(condition.values[0]) * DAY_MS
        return recent is (condition.operator is Operator.IN_LAST_DAYS)
    if condition.field in _TEXTS:
        texts = [comparable(text) for text in _TEXTS[condition.field](track)]
        return _text_holds(condition, texts)
    return _number_holds(condition, _NUMBERS[condition.field](track))


_TEXTS: Mapping[Field, Callable[[Track], Iterable[str]]] = {
    Field.GENRE: lambda track: track.genres,
    Field.ARTIST: lambda track: [track.artist],
    Field.ALBUM: lambda track: [track.album],
    Field.TITLE: lambda track: [track.title],
}
_NUMBERS: Mapping[Field, Callable[[Track], int]] = {
    Field.YEAR: lambda track: track.year,
    Field.DURATION: lambda track: track.duration_ms // 1000,
    Field.STREAMS: lambda track: track.streams_total,
}


def _text_holds(condition: Condition, texts: list[str]) -> bool:
    values = [comparable(value) for value in condition.values]
    if condition.operator is Operator.CONTAINS:
        return any(value in text for value in values for text in texts)
    equal = any(value == text for value in values for text in texts)
    return equal is (condition.operator is Operator.IS)


def _number_holds(condition: Condition, number: int) -> bool:
    values = [int(value) for value in condition.values]
    if condition.operator is Operator.IS:
        return number in values
    if condition.operator is Operator.IS_NOT:
        return number not in values
    if condition.field is Field.YEAR and number == 0:
        return False
    if condition.operator is Operator.AT_LEAST:
        return number >= values[0]
    if condition.operator is Operator.AT_MOST:
        return number <= values[0]
    return values[0] <= number <= values[1]


def _key(
    order: Ordering, saved_at: Mapping[str, int], chance: tuple[int, int]
) -> Callable[[Track], tuple[Any, ...]]:
    factor, summand = chance
    keys: Mapping[Ordering, Callable[[Track], tuple[Any, ...]]] = {
        Ordering.ADDED: lambda t: (t.created_at_ms,),
        Ordering.TITLE: lambda t: (sortable(t.title),),
        Ordering.ARTIST: lambda t: (sortable(t.artist), *_on_album(t)),
        Ordering.ALBUM: _on_album,
        Ordering.YEAR: lambda t: (t.year,),
        Ordering.DURATION: lambda t: (t.duration_ms,),
        Ordering.STREAMS: lambda t: (t.streams_total,),
        Ordering.SAVED: lambda t: (saved_at.get(t.track_id, 0),),
        Ordering.RANDOM: lambda t: ((number_of(t.track_id) * factor + summand) % PRIME,),
    }
    return keys[order]


def _on_album(track: Track) -> tuple[Any, ...]:
    return sortable(track.album), track.disc_number, track.track_number
