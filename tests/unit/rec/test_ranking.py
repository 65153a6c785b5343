"""What comes first for a history, and which of its tracks a place is owed to."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rec_svc.domain.experiments import Ranking
from rec_svc.domain.ranking import causes, first_rows
from rec_svc.domain.recommended import MOST_OF_ARTIST, Reason, ReasonKind, Recommended, Wanted
from tests.contracts.rec.tracks_suite import a_track
from tests.unit.rec.test_model import BLEND, SCORERS, TRAIN, made

histories = st.lists(st.integers(0, TRAIN.shape[1] - 1), min_size=1, max_size=20, unique=True)


@given(history=histories, name=st.sampled_from(sorted(SCORERS)))
def test_the_best_scores_come_first_and_nothing_of_the_history(
    history: list[int], name: str
) -> None:
    model, rows = made(SCORERS[name]), np.array(history, np.int32)
    found = first_rows(model, rows, Ranking.SCORE)
    assert set(found.rows.tolist()) == set(range(TRAIN.shape[1])) - set(history)
    assert (np.diff(found.scores[found.rows]) <= 0).all()
    assert ((found.chances >= 0) & (found.chances <= 1)).all()


def test_by_popularity_the_most_heard_come_first_whatever_the_model_says() -> None:
    model = made(BLEND)
    found = first_rows(model, np.array([0, 3], np.int32), Ranking.POPULARITY)
    assert (np.diff(model.popularity[found.rows]) <= 0).all()


@given(history=histories, name=st.sampled_from(sorted(SCORERS)))
def test_without_the_track_that_is_named_the_score_is_lower(history: list[int], name: str) -> None:
    model, rows = made(SCORERS[name]), np.array(history, np.int32)
    found = first_rows(model, rows, Ranking.SCORE)
    first = found.rows[:10]
    owed = causes(model, rows, first)
    for row, cause in zip(first.tolist(), owed, strict=True):
        if cause is not None:
            assert cause in history
            assert model.scores(rows[rows != cause])[row] < found.scores[row]


@given(history=histories, most=st.integers(1, 5))
def test_few_tracks_are_named_where_few_are_asked_for(history: list[int], most: int) -> None:
    model, rows = made(BLEND), np.array(history, np.int32)
    first = first_rows(model, rows, Ranking.SCORE).rows[:20]
    owed = causes(model, rows, first, most)
    named = {cause for cause in owed if cause is not None}
    assert len(named) <= most
    for row, cause in zip(first.tolist(), owed, strict=True):
        if cause is not None:
            assert model.scores(rows[rows != cause])[row] < model.scores(rows)[row]


def test_most_of_what_comes_first_is_owed_to_a_track() -> None:
    model, rows = made(BLEND), np.array([1, 5, 9, 12], np.int32)
    found = first_rows(model, rows, Ranking.SCORE)
    owed = causes(model, rows, found.rows[:10])
    assert sum(cause is not None for cause in owed) >= 5
    assert causes(model, rows, found.rows[:0]) == []


def test_of_one_artist_two_stand_in_a_list_and_nothing_that_may_not() -> None:
    one, two, three = (a_track(artist_id="A") for _ in range(3))
    held, blocked, premium, free = (
        a_track(),
        a_track(artist_id="B"),
        a_track(premium=True),
        a_track(),
    )
    wanted = Wanted(left_out=frozenset({held.id}), blocked_artists=frozenset({"B"}), premium=False)
    all_of = [one, two, three, held, blocked, premium, free, free]
    assert list(wanted.chosen(all_of, ())) == [one, two, free]
    before = [Recommended(one, 1.0, Reason(ReasonKind.POPULAR))] * MOST_OF_ARTIST
    assert list(wanted.chosen(all_of, before)) == [free]
