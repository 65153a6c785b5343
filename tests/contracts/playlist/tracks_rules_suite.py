"""The contract of rules: what they choose, and in which order.

Subclass and give it a fixture ``world`` that returns a fresh ``TracksUnderTest``.
"""

from __future__ import annotations

import pytest
from ulid import ULID

from playlist_svc.domain.daily_shuffle import DAY_MS
from playlist_svc.domain.rules import Field, Operator, Ordering, Rule, RuleMatch
from playlist_svc.ports.tracks import Track
from tests.contracts.playlist.tracks_world import (
    NOW,
    OWNER,
    TracksUnderTest,
    a_track,
    condition,
    removed,
)

IS, IS_NOT, CONTAINS = Operator.IS, Operator.IS_NOT, Operator.CONTAINS
AT_LEAST = Operator.AT_LEAST


def world_of_tracks() -> dict[str, Track]:
    """Four tracks that differ in everything; their names rise with every number."""
    return {
        "a": a_track(
            "The Wall",
            artist="Señor",
            album="One",
            genres=("Rock", "Hard Rock"),
            year=0,
            duration_ms=59_999,
            streams=1,
            created_at_ms=NOW - 40 * DAY_MS,
        ),
        "b": a_track(
            "Wallflower",
            artist="The Band",
            album="two",
            genres=("Jazz",),
            year=1979,
            duration_ms=60_000,
            streams=2,
            created_at_ms=NOW - 30 * DAY_MS - 1,
        ),
        "c": a_track(
            "100% Pure_Love",
            artist="ARTIST",
            album="",
            genres=(),
            year=1980,
            duration_ms=60_999,
            streams=3,
            created_at_ms=NOW - 30 * DAY_MS,
        ),
        "d": a_track(
            "Déjà Vu",
            artist="Øyvind Straße",
            album="Three",
            genres=("Rocksteady", "ジャズ"),
            year=1999,
            duration_ms=61_000,
            streams=10**12,
            created_at_ms=NOW,
        ),
    }


MATCHES = [
    (Field.GENRE, IS, ("rock",), "a"),
    (Field.GENRE, IS, ("ROCK", "jazz"), "ab"),
    (Field.GENRE, IS, ("rock hard",), ""),
    (Field.GENRE, IS_NOT, ("rock", "ジャズ"), "bc"),
    (Field.GENRE, CONTAINS, ("rock",), "ad"),
    (Field.GENRE, CONTAINS, ("k h",), ""),
    (Field.ARTIST, IS, ("senor", "oyvind STRASSE"), "ad"),
    (Field.ARTIST, IS_NOT, ("the band",), "acd"),
    (Field.ARTIST, CONTAINS, ("the",), "b"),
    (Field.ALBUM, IS, ("TWO",), "b"),
    (Field.ALBUM, IS_NOT, ("one", "two", "three"), "c"),
    (Field.TITLE, IS, ("the wall", "wallflower"), "ab"),
    (Field.TITLE, IS, ("wall",), ""),
    (Field.TITLE, CONTAINS, ("wall",), "ab"),
    (Field.TITLE, CONTAINS, ("deja", "%", "nothing"), "cd"),
    (Field.TITLE, CONTAINS, ("_",), "c"),
    (Field.TITLE, CONTAINS, (*(f"no {n}" for n in range(49)), "flower"), "b"),
    (Field.YEAR, IS, ("0", "1980"), "ac"),
    (Field.YEAR, IS_NOT, ("1979",), "acd"),
    (Field.YEAR, AT_LEAST, ("1980",), "cd"),
    (Field.YEAR, Operator.AT_MOST, ("1980",), "bc"),
    (Field.YEAR, Operator.BETWEEN, ("0", "1979"), "b"),
    (Field.DURATION, IS, ("60",), "bc"),
    (Field.DURATION, AT_LEAST, ("60",), "bcd"),
    (Field.DURATION, Operator.AT_MOST, ("60",), "abc"),
    (Field.DURATION, Operator.BETWEEN, ("59", "60"), "abc"),
    (Field.STREAMS, AT_LEAST, ("000000000003",), "cd"),
    (Field.STREAMS, AT_LEAST, ("999999999999999",), ""),
    (Field.STREAMS, IS, ("1000000000000",), "d"),
    (Field.ADDED, Operator.IN_LAST_DAYS, ("30",), "cd"),
    (Field.ADDED, Operator.NOT_IN_LAST_DAYS, ("30",), "ab"),
    (Field.ADDED, Operator.NOT_IN_LAST_DAYS, ("100000",), ""),
    (Field.SAVED, IS, ("true",), "bd"),
    (Field.SAVED, IS, ("false",), "ac"),
    (Field.SAVED, IS_NOT, ("true",), "ac"),
]

ORDERS = [
    (Ordering.ADDED, "abcd"),
    (Ordering.TITLE, "cdab"),
    (Ordering.ARTIST, "cbda"),
    (Ordering.ALBUM, "cadb"),
    (Ordering.YEAR, "abcd"),
    (Ordering.DURATION, "abcd"),
    (Ordering.STREAMS, "abcd"),
]


class RulesContract:
    """Which tracks, in which order, how many."""

    @pytest.fixture
    async def named(self, world: TracksUnderTest) -> dict[str, Track]:
        tracks = world_of_tracks()
        await world.tell(*tracks.values())
        await world.save(OWNER, {tracks["d"].track_id: NOW - 5, tracks["b"].track_id: NOW})
        await world.save(str(ULID()), {tracks["a"].track_id: NOW})
        return tracks

    async def test_each_condition_holds_for_its_tracks(
        self, world: TracksUnderTest, named: dict[str, Track]
    ) -> None:
        names = {track.track_id: name for name, track in named.items()}
        found = [
            "".join(names[id_] for id_ in await world.choose(condition(field, operator, *values)))
            for field, operator, values, _ in MATCHES
        ]
        assert list(zip(MATCHES, found, strict=True)) == [(case, case[3]) for case in MATCHES]

    async def test_each_order_goes_both_ways(
        self, world: TracksUnderTest, named: dict[str, Track]
    ) -> None:
        names = {track.track_id: name for name, track in named.items()}
        for order, expected in ORDERS:
            chosen = await world.choose(order=order)
            assert (order, "".join(names[id_] for id_ in chosen)) == (order, expected)
            assert await world.choose(order=order, descending=True) == chosen[::-1]
            assert await world.choose(order=order, limit=3) == chosen[:3]

    async def test_what_is_not_saved_comes_last_both_ways(
        self, world: TracksUnderTest, named: dict[str, Track]
    ) -> None:
        found = await world.choose(order=Ordering.SAVED)
        assert found[:2] == [named["d"].track_id, named["b"].track_id]
        turned = await world.choose(order=Ordering.SAVED, descending=True)
        assert turned == [*found[1::-1], *found[:1:-1]]

    async def test_tracks_of_an_album_are_in_its_order(self, world: TracksUnderTest) -> None:
        places = [(2, 1), (1, 10), (1, 2)]
        tracks = [a_track(place=place) for place in places]
        await world.tell(*tracks)
        expected = [track.track_id for track in reversed(tracks)]
        assert await world.choose(order=Ordering.ARTIST) == expected
        assert await world.choose(order=Ordering.ALBUM) == expected

    async def test_what_is_equal_is_ordered_by_id(self, world: TracksUnderTest) -> None:
        tracks = [a_track() for _ in range(20)]
        await world.tell(*tracks)
        ids = sorted(track.track_id for track in tracks)
        for order in set(Ordering) - {Ordering.RANDOM}:
            assert await world.choose(order=order) == ids
            assert await world.choose(order=order, descending=True) == ids[::-1]

    async def test_conditions_go_together_as_all_or_any(
        self, world: TracksUnderTest, named: dict[str, Track]
    ) -> None:
        both = [condition(Field.YEAR, IS, "1979", "1980"), condition(Field.GENRE, IS_NOT, "jazz")]
        assert await world.choose(*both) == [named["c"].track_id]
        assert await world.choose(*both, match=RuleMatch.ANY) == [
            t.track_id for t in named.values()
        ]

    async def test_no_condition_chooses_every_track(
        self, world: TracksUnderTest, named: dict[str, Track]
    ) -> None:
        assert len(await world.choose(match=RuleMatch.ANY)) == len(named)
        assert len(await world.choose(match=RuleMatch.ALL)) == len(named)

    async def test_a_removed_track_is_not_chosen(
        self, world: TracksUnderTest, named: dict[str, Track]
    ) -> None:
        await world.copy.apply([removed(named["a"], 2)], "")
        any_way = [condition(Field.YEAR, IS, "0"), condition(Field.STREAMS, AT_LEAST, "0")]
        found = await world.choose(*any_way, match=RuleMatch.ANY)
        assert found == [named[name].track_id for name in "bcd"]

    async def test_a_chosen_track_comes_with_its_length(
        self, world: TracksUnderTest, named: dict[str, Track]
    ) -> None:
        wall = condition(Field.TITLE, IS, "the wall")
        rule = Rule(RuleMatch.ALL, (wall,), 1, Ordering.ADDED, descending=False)
        assert await world.tracks.select(rule, OWNER, NOW) == [(named["a"].track_id, 59_999)]

    async def test_chance_is_the_same_all_day_and_another_tomorrow(
        self, world: TracksUnderTest
    ) -> None:
        tracks = [a_track() for _ in range(60)]
        await world.tell(*tracks)
        midnight = NOW - NOW % DAY_MS
        first = await world.choose(order=Ordering.RANDOM, now_ms=midnight)
        assert sorted(first) == sorted(track.track_id for track in tracks)
        assert first not in (sorted(first), sorted(first, reverse=True))
        late = midnight + DAY_MS - 1
        assert await world.choose(order=Ordering.RANDOM, now_ms=late) == first
        assert await world.choose(order=Ordering.RANDOM, now_ms=late + 1) != first
        assert await world.choose(order=Ordering.RANDOM, now_ms=late, owner=str(ULID())) != first

    async def test_what_leaves_moves_nothing_else_in_an_order_by_chance(
        self, world: TracksUnderTest
    ) -> None:
        tracks = [a_track() for _ in range(60)]
        await world.tell(*tracks)
        first = await world.choose(order=Ordering.RANDOM)
        gone = first[30]
        await world.copy.apply([removed(next(t for t in tracks if t.track_id == gone), 2)], "")
        assert await world.choose(order=Ordering.RANDOM) == first[:30] + first[31:]
