"""What a model puts first for a radio: near what it goes by, away from what was skipped in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rec_svc.domain.experiments import Ranking
from rec_svc.domain.fold_in import Floats
from rec_svc.domain.model import Model
from rec_svc.domain.ranking import FirstRows
from rec_svc.domain.scorers import Rows

CANDIDATES: Final = 1_000
ARTIST_COSTS: Final = 1.0
"""What each skip takes from the other tracks of its artist, in standard deviations of a score."""


@dataclass(frozen=True, slots=True)
class StationRows:
    """The rows of a model that a radio goes by, moves away from, and may not give."""

    liked: Rows
    skipped: Rows
    left_out: Rows


def station_rows(model: Model, station: StationRows, by: Ranking) -> FirstRows:
    """At most ``CANDIDATES`` rows, the first one first; chances and scores are those of ``liked``.

    Scores of what is liked and of what was skipped are both standardised, and of the second ½ is
    taken off after one skip, ¾ after two and so on. There must be something that is liked.
    """
    scores = model.scores(station.liked)
    order = _standard(model.popularity if by is Ranking.POPULARITY else scores)
    if len(station.skipped):
        order -= _avoided(model, station.skipped)
    order[station.liked] = -np.inf
    order[station.left_out] = -np.inf
    count = min(CANDIDATES, int(np.isfinite(order).sum()))
    rows = np.argpartition(-order, count - 1)[:count] if count else np.empty(0, np.int64)
    first: Rows = rows[np.argsort(-order[rows], kind="stable")].astype(np.int32)
    return FirstRows(first, model.calibrated(scores, first), scores)


def _avoided(model: Model, skipped: Rows) -> Floats:
    """How much each row goes down."""
    share = 1 - 0.5 ** len(skipped)
    lower = share * _standard(model.scores(skipped))
    artists = model.artists[skipped]
    skips = np.bincount(artists[artists >= 0], minlength=int(model.artists.max()) + 1)
    known = model.artists >= 0
    lower[known] += ARTIST_COSTS * skips[model.artists[known]]
    return np.asarray(lower, dtype=np.float32)


def _standard(scores: Floats) -> Floats:
    deviation = float(scores.std()) or 1.0
    return np.asarray((scores - scores.mean()) / deviation, dtype=np.float32)
