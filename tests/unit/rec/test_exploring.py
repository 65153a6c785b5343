"""Places for what is little known: drawn within the bounds of a list, with chances that hold."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rec_svc.domain.experiments import Ranking
from rec_svc.domain.exploring import POOL, with_explored
from rec_svc.domain.ranking import first_rows, little_known
from rec_svc.domain.recommended import MOST_OF_ARTIST, Reason, ReasonKind, Recommended, Wanted
from rec_svc.domain.tracks import Track
from tests.unit.rec.test_model import SCORERS, made

ALL = Wanted(left_out=frozenset(), blocked_artists=frozenset(), premium=True)


def track(number: int, artist: int | None = None, *, premium: bool = False) -> Track:
    artist = number if artist is None else artist
    return Track(
        id=f"t{number}",
        title="",
        artist="",
        artist_id=f"a{artist}",
        duration_ms=1,
        premium=premium,
    )


def ranked(tracks: Sequence[Track]) -> list[Recommended]:
    return [Recommended(one, 0.5, Reason(ReasonKind.SIMILAR_LISTENERS)) for one in tracks]


def drawn(
    first: Sequence[Track],
    candidates: Sequence[Track],
    places: float,
    seed: int = 1,
    wanted: Wanted = ALL,
) -> list[Recommended]:
    return with_explored(
        ranked(first),
        candidates,
        wanted=wanted,
        places=places,
        score=lambda _: 0.1,
        chance=random.Random(seed),
    )


def explored(found: Sequence[Recommended]) -> list[Recommended]:
    return [one for one in found if one.reason.kind is ReasonKind.EXPLORED]


@given(
    artists=st.lists(st.integers(0, 6), min_size=1, max_size=12),
    others=st.lists(st.integers(0, 12), max_size=80),
    places=st.floats(0, 6),
    seed=st.integers(0, 99),
)
def test_a_list_stays_as_long_with_two_an_artist_and_nothing_twice(
    artists: list[int], others: list[int], places: float, seed: int
) -> None:
    listed = [track(n, artist) for n, artist in enumerate(artists)]
    first = list(ALL.chosen(listed, ()))
    candidates = [*first, *(track(100 + n, artist) for n, artist in enumerate(others))]
    found = drawn(first, candidates, min(places, len(first) / 2), seed)
    assert len(found) == len(first)
    assert len({one.track.id for one in found}) == len(found)
    assert max(Counter(one.track.artist_id for one in found).values()) <= MOST_OF_ARTIST
    assert all(0 < one.propensity <= 1 for one in found)
    # What was first stays in its order.
    stays = [one.track for one in found if one.reason.kind is not ReasonKind.EXPLORED]
    assert stays == first[: len(stays)]


def test_what_is_blocked_premium_or_left_out_is_never_drawn() -> None:
    wanted = Wanted(
        left_out=frozenset({"t100"}), blocked_artists=frozenset({"a101"}), premium=False
    )
    candidates = [track(100), track(101), track(102, premium=True)]
    candidates += [track(number) for number in range(103, 107)]
    for seed in range(50):
        found = drawn([track(n) for n in range(4)], candidates, 2, seed, wanted)
        assert len(explored(found)) == 2
        assert {one.track.id for one in explored(found)} <= {"t103", "t104", "t105", "t106"}


def test_where_too_few_are_left_nothing_is_drawn() -> None:
    first = [track(n) for n in range(4)]
    others = [track(n) for n in range(9, 13)]
    assert len(explored(drawn(first, others, 2))) == 2
    assert drawn(first, others[:3], 2) == ranked(first)
    assert drawn(first, first, 1) == ranked(first)
    assert drawn([], [track(9)], 1) == []
    assert drawn(first, [track(9)], 0) == ranked(first)


def test_the_same_seed_draws_the_same() -> None:
    first, candidates = [track(n) for n in range(9)], [track(n) for n in range(20, 60)]
    assert drawn(first, candidates, 2.5, seed=3) == drawn(first, candidates, 2.5, seed=3)
    assert len({tuple(drawn(first, candidates, 2.5, seed)) for seed in range(9)}) > 5


@pytest.mark.parametrize("places", [0.25, 1.0, 2.4])
def test_a_track_stands_in_a_list_as_often_as_its_propensity_says(places: float) -> None:
    first, candidates = [track(n) for n in range(6)], [track(n) for n in range(20, 20 + POOL + 9)]
    times, lists = 4_000, Counter[str]()
    told: dict[str, float] = {}
    for seed in range(times):
        for one in drawn(first, candidates, places, seed):
            lists[one.track.id] += 1
            told[one.track.id] = min(one.propensity, told.get(one.track.id, 1.0))
    assert len(told) <= len(first) + POOL
    for id_, propensity in told.items():
        spread = (propensity * (1 - propensity) / times) ** 0.5
        assert lists[id_] / times == pytest.approx(propensity, abs=5 * spread + 1e-9)


def test_outcomes_divided_by_propensities_tell_the_rate_of_what_is_seldom_shown() -> None:
    """A log of lists, in which a track is taken to at a rate of its own whoever is shown it."""
    first, candidates = [track(n) for n in range(10)], [track(n) for n in range(20, 50)]
    rng = np.random.default_rng(5)
    rates = {one.id: rate for one, rate in zip([*first, *candidates], rng.random(40), strict=True)}
    lists, estimates = 20_000, dict.fromkeys(rates, 0.0)
    for seed in range(lists):
        for one in drawn(first, candidates, 0.5, seed):
            taken = rng.random() < rates[one.track.id]
            estimates[one.track.id] += taken / one.propensity / lists
    seldom = [one.id for one in candidates]
    # Each rests on some 330 lists; together they tell the mean closely.
    for id_ in seldom:
        assert estimates[id_] == pytest.approx(rates[id_], abs=0.3)
    mean = sum(rates[id_] for id_ in seldom) / len(seldom)
    assert sum(estimates[id_] for id_ in seldom) / len(seldom) == pytest.approx(mean, abs=0.04)
    assert estimates["t9"] == pytest.approx(rates["t9"], abs=0.03)


def test_what_is_drawn_from_is_near_and_has_the_fewest_listeners() -> None:
    model = made(SCORERS["blend"])
    found = first_rows(model, np.array([1, 9, 17], np.int32), Ranking.SCORE)
    few = little_known(model, found)
    assert set(few) <= set(found.rows[:300])
    assert (np.diff(model.popularity[few]) >= 0).all()
