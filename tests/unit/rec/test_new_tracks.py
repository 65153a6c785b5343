"""Tracks that no model has learnt are scored by artist and genre, exactly and beside the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rec_svc.adapters.memory.tracks import MemoryTracks
from rec_svc.domain import ranking
from rec_svc.domain.content import MOST_KIN, Content, with_new_tracks
from rec_svc.domain.experiments import Ranking
from rec_svc.domain.model import Model
from rec_svc.ports.tracks import TrackChange
from rec_svc.usecases import new_tracks
from rec_svc.usecases.new_tracks import READ_AGAIN_MS, NewTracks
from tests.contracts.rec.tracks_suite import a_track
from tests.unit.rec.invented_listeners import GENRES
from tests.unit.rec.test_model import SCORERS, made

MODEL = made(SCORERS["blend"])
KNOWN = len(MODEL.tracks)


def content(number: int, artist: str = "") -> Content:
    """That of a known track: as in the invented listeners' world, and two tracks an artist."""
    genre = number % GENRES
    return Content(artist or f"a{genre}-{number // (2 * GENRES)}", f"g{genre}", 1990 + genre)


CATALOGUE = {id_: content(int(id_[1:])) for id_ in MODEL.tracks.all()}
NEW = {
    "n-artist": Content("a3-1", "g3", 1993),
    "n-genre": Content("nobody", "g3", 1993),
    "n-decade": Content("nobody", "g3", 2020),
    "n-no-genre": Content("a3-1"),
}
EXTENDED_BY = {
    name: with_new_tracks(made(scorer), CATALOGUE | NEW, list(NEW))
    for name, scorer in SCORERS.items()
}
EXTENDED = EXTENDED_BY["blend"]
ROWS = {id_: int(EXTENDED.tracks.rows([id_])[0]) for id_ in NEW}

histories = st.lists(
    st.integers(0, KNOWN + len(NEW) - 1), min_size=1, max_size=20, unique=True
).map(lambda rows: np.array(rows, np.int32))


def of_artist(artist: str) -> list[int]:
    return [row for row, one in enumerate(CATALOGUE.values()) if one.artist_id == artist]


@given(history=histories, name=st.sampled_from(sorted(SCORERS)), weight=st.floats(0.25, 4.0))
def test_contributions_sum_to_the_score_of_new_tracks_and_with_new_ones_in_the_history(
    history: np.ndarray, name: str, weight: float
) -> None:
    model = EXTENDED_BY[name]
    rows = np.array([5, *ROWS.values()], np.int32)
    weights = np.linspace(0.5, weight, len(history), dtype=np.float32)
    parts = model.contributions_of(history, rows, weights)
    assert parts.shape == (len(rows), len(history))
    expected = model.scores(history, weights)[rows]
    assert parts.sum(axis=1) == pytest.approx(expected, rel=1e-3, abs=1e-4)


@given(history=st.lists(st.integers(0, KNOWN - 1), min_size=1, max_size=20, unique=True))
def test_what_was_learnt_is_scored_and_calibrated_as_without_new_ones(history: list[int]) -> None:
    rows = np.array(history, np.int32)
    scores = EXTENDED.scores(rows)
    assert scores[:KNOWN] == pytest.approx(MODEL.scores(rows), abs=1e-6)
    chances = EXTENDED.calibrated(scores)
    assert chances[:KNOWN] == pytest.approx(MODEL.calibrated(MODEL.scores(rows)), abs=1e-6)
    assert 0 <= chances.min() <= chances.max() <= 1


def test_a_new_track_has_the_mean_of_its_artist_shrunk_to_that_of_its_genre() -> None:
    scores = EXTENDED.scores(np.array([3, 19, 35], np.int32))
    artist = scores[of_artist("a3-1")].mean()
    # All of the genre are of one decade.
    genre = scores[[row for row, one in enumerate(CATALOGUE.values()) if one.genre == "g3"]]
    size = len(genre)
    of_genre = genre.mean() * (1 - (1 - size / (size + 10)) * (1 - size / (size + 20)))
    assert scores[ROWS["n-genre"]] == pytest.approx(of_genre, rel=1e-4)
    assert scores[ROWS["n-decade"]] == pytest.approx(genre.mean() * size / (size + 20), rel=1e-4)
    assert scores[ROWS["n-artist"]] == pytest.approx(artist * 2 / 3 + of_genre / 3, rel=1e-4)
    assert scores[ROWS["n-no-genre"]] == pytest.approx(artist * 2 / 3, rel=1e-4)


def test_a_new_track_comes_among_the_first_of_those_who_listen_to_its_artist() -> None:
    history = np.array([row for row in range(3, 60, GENRES) if row not in of_artist("a3-1")])
    found = ranking.first_rows(EXTENDED, history.astype(np.int32), Ranking.SCORE)
    others = set(range(KNOWN)) - set(range(3, KNOWN, GENRES)) - set(history)
    place = found.rows.tolist().index(ROWS["n-artist"])
    assert place < min(found.rows.tolist().index(row) for row in others)
    assert (np.diff(found.chances) <= 0).all()


def test_what_is_of_no_known_artist_or_genre_has_no_row() -> None:
    strange = {"x": Content("nobody", "unheard of", 1999), "y": Content("nobody")}
    model = with_new_tracks(MODEL, CATALOGUE | strange, list(strange))
    assert (len(model.tracks), model.new, model.learnt) == (KNOWN, 0, KNOWN)
    history = np.array([1, 2], np.int32)
    assert model.scores(history) == pytest.approx(MODEL.scores(history))


def test_a_new_track_stands_for_the_most_heard_of_its_artist_or_genre() -> None:
    alone = EXTENDED.scores(np.array([ROWS["n-artist"]], np.int32))
    kin = np.array(of_artist("a3-1"), np.int32)
    expected = EXTENDED.scores(kin, np.full(len(kin), 1 / len(kin), np.float32))
    assert alone == pytest.approx(expected, abs=1e-5)
    genre = np.array([row for row, one in enumerate(CATALOGUE.values()) if one.genre == "g3"])
    heard = genre[np.argsort(-MODEL.popularity[genre], kind="stable")][:MOST_KIN].astype(np.int32)
    of_genre = EXTENDED.scores(np.array([ROWS["n-genre"]], np.int32))
    expected = EXTENDED.scores(heard, np.full(MOST_KIN, 1 / MOST_KIN, np.float32))
    assert of_genre == pytest.approx(expected, abs=1e-5)
    assert EXTENDED.similar(ROWS["n-artist"]).argmax() == ROWS["n-artist"]
    assert len(EXTENDED.similar(3)) == len(EXTENDED.tracks)


@given(history=histories)
def test_an_artist_is_named_where_the_score_were_lower_if_nothing_were_known_of_them(
    history: np.ndarray,
) -> None:
    nobody = {id_: replace(one, artist_id="nobody") for id_, one in NEW.items()}
    unnamed = with_new_tracks(MODEL, CATALOGUE | nobody, list(NEW))
    scores, without = EXTENDED.scores(history), unnamed.scores(history[history < KNOWN])
    rows = np.array([5, ROWS["n-artist"], ROWS["n-genre"]], np.int32)
    found = EXTENDED.owed_to_artists(scores, rows).tolist()
    assert (found[0], found[2]) == (False, False)
    if (history < KNOWN).all():
        lower = without[unnamed.tracks.rows(["n-artist"])[0]] < scores[ROWS["n-artist"]]
        assert found[1] == lower


class World:
    """A catalogue, and the models that a process serves."""

    def __init__(self) -> None:
        self.tracks, self.now_ms = MemoryTracks(), 1
        self.new_tracks = NewTracks(self.tracks, lambda: self.now_ms)

    async def told(self, number: int, **more: object) -> str:
        id_ = f"01JD{number:022}"
        track = a_track(id=id_, **more)
        await self.tracks.apply([TrackChange(id_, number, track)], "t")
        return id_


async def test_tracks_that_are_added_get_rows_and_edits_are_seen_within_a_quarter_of_an_hour() -> (
    None
):
    world = World()
    learnt = [await world.told(number, artist_id="A") for number in range(3)]
    model = replace(MODEL, tracks=type(MODEL.tracks)(learnt), popularity=np.ones(3, np.float32))
    model = replace(model, scorer=_first_three(model))
    assert world.new_tracks.of(model) is model
    await world.new_tracks.look()
    assert world.new_tracks.of(model).new == 0
    added = await world.told(3, artist_id="A")
    await world.told(4, artist_id="B")
    await world.new_tracks.look()
    assert world.new_tracks.of(model).tracks.all() == (*learnt, added)
    # An edit makes it one of the artist's: it has no later id than the last.
    await world.tracks.apply(
        [TrackChange(f"01JD{4:022}", 9, a_track(id=f"01JD{4:022}", artist_id="A"))], "t"
    )
    await world.new_tracks.look()
    assert world.new_tracks.of(model).new == 1
    world.now_ms += READ_AGAIN_MS
    await world.new_tracks.look()
    assert world.new_tracks.of(model).new == 2


async def test_of_more_new_tracks_than_there_may_be_those_added_last_have_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(new_tracks, "MOST_NEW", 2)
    world = World()
    learnt = [await world.told(number, artist_id="A") for number in range(3)]
    model = replace(MODEL, tracks=type(MODEL.tracks)(learnt), popularity=np.ones(3, np.float32))
    model = replace(model, scorer=_first_three(model))
    for number, at_ms in ((3, 30), (4, 10), (5, 20)):
        await world.told(number, artist_id="A", added_at_ms=at_ms)
    world.new_tracks.of(model)
    await world.new_tracks.look()
    ids = [f"01JD{number:022}" for number in (3, 5)]
    assert world.new_tracks.of(model).tracks.all() == (*learnt, *ids)


def _first_three(model: Model) -> object:
    return type(SCORERS["ials"])(SCORERS["ials"].factors[:3], SCORERS["ials"].how)
