"""How well tracks are ranked that a model has not learnt, on listeners who were made up.

A tenth of all tracks is hidden from the training, listeners and all, and a fifth of what is left of
each listener. Then everything is ranked, hidden tracks by their content, and judged by what was
hidden of tracks and by what was hidden of listeners.

Artists have one genre, a fame (Zipf's law) and 8 tracks on the mean. Listeners take to tracks by
weights of three genres, a liking of artists (gamma, a half) and fame; one track in twenty is of any
genre. It shows that content ranks new tracks beside others and that its chances hold. It does not
show how much artists and genres say of people's taste: here they say all that there is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from bench.report import Figure
from rec_svc.adapters.trainers.computed import EdlaeTrainer, IalsTrainer, ItemKnnTrainer
from rec_svc.domain.calibration import fit_calibration
from rec_svc.domain.content import Content, with_new_tracks
from rec_svc.domain.evaluation import Evaluation, Scores, evaluate
from rec_svc.domain.fold_in import Floats
from rec_svc.domain.interactions import Interactions, TrackIndex, ones_where_positive
from rec_svc.domain.model import Model
from rec_svc.domain.popularity import popularity
from rec_svc.domain.scorers import Blend, Part
from rec_svc.domain.splits import Split, holdout
from rec_svc.ports.trainer import Trainer

SEED = 42
GENRES = 20
ARTISTS = 500
LISTENERS = 1_500
HIDDEN = 0.1
TASTE = (0.5, 0.3, 0.15)


@dataclass(frozen=True, slots=True)
class World:
    """Who took to what, and the content of each track."""

    matrix: csr_matrix
    ids: list[str]
    content: dict[str, Content]


@dataclass(frozen=True, slots=True)
class Case:
    """A model with new tracks, and what was hidden: of all, by the model's rows."""

    model: Model
    train: csr_matrix
    hidden: csr_matrix


def world(seed: int = SEED) -> World:
    """The same for the same seed."""
    rng = np.random.default_rng(seed)
    genres = rng.integers(0, GENRES, ARTISTS)
    artists = np.repeat(np.arange(ARTISTS), 1 + rng.poisson(7, ARTISTS))
    fame = rng.permutation(1 / np.arange(1, ARTISTS + 1) ** 0.8)[artists]
    fame *= rng.gamma(1.0, size=len(artists))
    taken = np.zeros((LISTENERS, len(artists)), np.float32)
    for listener in range(LISTENERS):
        taste = np.full(GENRES, (1 - sum(TASTE)) / GENRES)
        taste[rng.choice(GENRES, len(TASTE), replace=False)] += TASTE
        chances = fame * taste[genres[artists]] * rng.gamma(0.5, size=ARTISTS)[artists]
        count = int(rng.lognormal(3.2, 0.6)) + 3
        chosen = rng.choice(len(artists), count, replace=False, p=chances / chances.sum())
        taken[listener, chosen] = 1
    ids = [f"t{number:05}" for number in range(len(artists))]
    each = zip(ids, artists, strict=True)
    content = {id_: Content(f"a{artist}", f"g{genres[artist]}") for id_, artist in each}
    return World(csr_matrix(taken), ids, content)


def learnt(of: World, seed: int = SEED) -> Case:
    """The blend, fitted on what is not hidden, and the hidden tracks behind."""
    rng = np.random.default_rng(seed)
    hidden = rng.random(len(of.ids)) < HIDDEN
    known, new = np.flatnonzero(~hidden), np.flatnonzero(hidden)
    users = tuple(map(str, range(LISTENERS)))
    index = TrackIndex(of.ids[row] for row in known)
    split = holdout(Interactions(users, index, of.matrix[:, known]), 0.2, seed)
    extended = with_new_tracks(fitted(split), of.content, [of.ids[row] for row in new])
    if extended.new != len(new):
        raise ValueError("a hidden track is like no known one")
    # Of new tracks a fifth too, so that chances mean the same.
    beyond = of.matrix[:, new]
    beyond.data = (rng.random(beyond.nnz) < 0.2).astype(np.float32)
    nothing = csr_matrix((LISTENERS, len(new)), dtype=np.float32)
    return Case(
        extended,
        hstack([split.train.matrix, nothing], "csr"),
        ones_where_positive(hstack([split.test, beyond], "csr")),
    )


def fitted(split: Split) -> Model:
    """The blend of what is known."""
    train = split.train.matrix
    members: list[tuple[Trainer, float]] = [
        (IalsTrainer(), 1.0),
        (EdlaeTrainer(), 0.25),
        (ItemKnnTrainer(), 0.25),
    ]
    parts = (
        Part(str(place), one.fit(train, one.tuning.start, SEED, lambda _: None), weight)
        for place, (one, weight) in enumerate(members)
    )
    blend = Blend(tuple(parts))
    artists = np.full(train.shape[1], -1, np.int32)
    calibration = fit_calibration(blend.batch, train, split.test)
    return Model("", 0, split.train.tracks, artists, popularity(train), blend, calibration)


def figures() -> list[Figure]:
    """New tracks by content, and by how many listen to their artist."""
    case = learnt(world())
    model = case.model
    by_artist = _listeners_of_artists(model)
    is_new = np.arange(len(by_artist)) >= model.learnt

    def popular(histories: csr_matrix) -> Floats:
        return np.tile(by_artist, (histories.shape[0], 1))

    def only(scores: Scores, chosen: NDArray[np.bool_]) -> Scores:
        """The scores of the chosen tracks, and all others behind them."""
        behind = np.where(chosen, 0.0, -1e6).astype(np.float32)
        return lambda histories: scores(histories) + behind

    new = ones_where_positive(case.hidden.multiply(is_new).tocsr())
    asked: dict[str, tuple[Scores, csr_matrix]] = {
        "new tracks among themselves, by content": (only(model.batch, is_new), new),
        "new tracks among themselves, by their artists' listeners": (only(popular, is_new), new),
        "new tracks among all, by content": (model.batch, new),
        "new tracks among all, by their artists' listeners": (popular, new),
        "all that was hidden, new tracks by content": (model.batch, case.hidden),
        "all that was hidden, no new track ranked": (only(model.batch, ~is_new), case.hidden),
    }
    found = {name: evaluate(scores, case.train, test) for name, (scores, test) in asked.items()}
    return [*(_told(name, one) for name, one in found.items()), _chances(case, new)]


def _listeners_of_artists(model: Model) -> Floats:
    """Listeners of known tracks, and of new ones the mean of their artist's known ones."""
    own = model.popularity.copy()
    for row in range(model.learnt, len(own)):
        same = np.flatnonzero(model.artists[: model.learnt] == model.artists[row])
        own[row] = own[same].mean() if len(same) else 0.0
    return own


def _told(name: str, found: Evaluation) -> Figure:
    error = 1000 * found.standard_error("ndcg@10")
    beside = f"± {error:.1f}; R@20 {found.mean('recall@20'):.4f}"
    return Figure(
        f"invented artists: {name}, NDCG@10 x 1000", 1000 * found.mean("ndcg@10"), "", beside
    )


def _chances(case: Case, new: csr_matrix) -> Figure:
    """What the chances of new tracks add up to, beside how many were heard."""
    model = case.model
    rows = np.arange(model.learnt, len(model.tracks), dtype=np.int32)
    told = sum(float(model.calibrated(own, rows).sum()) for own in model.batch(case.train))
    beside = f"{new.nnz} were heard"
    return Figure("invented artists: new tracks, the sum of their chances", told, "", beside)
