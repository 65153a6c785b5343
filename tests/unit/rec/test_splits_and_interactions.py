"""What is learned from, and what is kept back."""

from __future__ import annotations

import numpy as np

from rec_svc.domain.interactions import Heard, TrackIndex, interactions
from rec_svc.domain.splits import Split, first_heard_since, holdout, temporal
from tests.unit.rec.invented_listeners import heard, invented


def both(one: Heard, other: Heard) -> Heard:
    columns = ("user", "track", "weight", "at_ms")
    return Heard(*(np.concatenate([getattr(one, n), getattr(other, n)]) for n in columns))


def test_a_pair_is_one_however_often_it_was_played() -> None:
    found = interactions(heard([("b", "y"), ("a", "x"), ("a", "x")]))
    assert found.users == ("a", "b")
    assert found.tracks.all() == ("x", "y")
    assert found.matrix.toarray().tolist() == [[1, 0], [0, 1]]


def test_two_early_skips_undo_a_play_and_one_does_not() -> None:
    played = heard([("a", "x"), ("b", "x")])
    skipped = heard([("a", "x"), ("a", "x"), ("b", "x")], weight=-0.5)
    found = interactions(both(played, skipped))
    assert found.matrix.toarray().tolist() == [[0], [1]]


def test_an_index_leaves_out_what_it_does_not_know() -> None:
    index = TrackIndex(["x", "y"])
    assert index.rows(["y", "?", "x"]).tolist() == [1, 0]
    assert index.ids([1]) == ["y"]
    found = interactions(heard([("a", "?"), ("a", "y")]), index)
    assert found.matrix.toarray().tolist() == [[0, 1]]


def test_holdout_takes_a_fifth_of_each_listener_and_leaves_one() -> None:
    whole = invented(each=20)
    split = holdout(whole, 0.2, seed=42)
    had = np.diff(whole.matrix.indptr)
    assert np.diff(split.test.indptr).tolist() == [round(0.2 * size) for size in had]
    alone = holdout(interactions(heard([("a", "x")])), 0.9, seed=1)
    assert alone.train.pairs == 1


def test_holdout_is_the_same_for_the_same_seed() -> None:
    whole = invented()
    one, same, other = (holdout(whole, 0.2, seed=seed).test for seed in (1, 1, 2))
    assert (one != same).nnz == 0
    assert (one != other).nnz > 0


def test_a_temporal_split_cuts_all_at_one_time() -> None:
    early = heard([("a", "x"), ("b", "y")], at_ms=99)
    late = heard([("a", "x"), ("a", "y"), ("b", "z"), ("c", "x")], at_ms=100)
    split = temporal(both(early, late), cut_ms=100)
    assert split.train.users == ("a", "b")
    assert split.train.tracks.all() == ("x", "y")
    assert split.test.toarray().tolist() == [[0, 1], [0, 0]]
    assert temporal(both(early, late), cut_ms=100, until_ms=100).test.nnz == 0


def test_of_a_test_what_was_first_taken_to_since_a_time_is_told() -> None:
    early = heard([("a", "x"), ("b", "y"), ("b", "z")], at_ms=99)
    late = heard([("a", "x"), ("a", "y"), ("b", "x"), ("c", "z")], at_ms=100)
    events = both(early, late)
    whole = interactions(events)
    split = Split(whole.with_matrix(whole.matrix * 0), whole.matrix)
    found = first_heard_since(split, events, 100)
    assert found.toarray().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert (first_heard_since(split, events, 99) != whole.matrix).nnz == 0
