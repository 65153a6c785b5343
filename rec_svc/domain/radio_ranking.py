"""What a model puts first for a radio: near what it goes by, away from what was skipped in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rec_svc.domain.experiments import Ranking
from rec_svc.domain.fold_in import Floats
from rec_svc.domain.model import Model
from rec_svc.domain.ranking import FirstRows, greatest, likely_above
from rec_svc.domain.scorers import Rows

CANDIDATES: Final = 1_000
_CONSIDERED = 2 * CANDIDATES
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

    The best twice as many by what is liked are considered. Their scores by that, and what the
    skipped ones add to theirs, are both standardised among them, and of the second ½ is taken off
    after one skip, ¾ after two and so on. There must be something that is liked.
    """
    scores = model.scores(station.liked)
    order = (model.popularity if by is Ranking.POPULARITY else scores).astype(np.float32)
    likely = likely_above(order)
    order[station.liked] = -np.inf
    order[station.left_out] = -np.inf
    count = min(_CONSIDERED, int(np.isfinite(order).sum()))
    rows = greatest(order, count, likely)
    kept = _standard(order[rows])
    if len(station.skipped) and count:
        kept -= _avoided(model, station.skipped, rows.astype(np.int32))
    first: Rows = rows[np.argsort(-kept, kind="stable")[:CANDIDATES]].astype(np.int32)
    return FirstRows(first, model.calibrated(scores, first), scores)


def _avoided(model: Model, skipped: Rows, rows: Rows) -> Floats:
    """How much each of ``rows`` goes down."""
    share = 1 - 0.5 ** len(skipped)
    lower = share * _standard(model.contributions_of(skipped, rows).sum(axis=1))
    artists, own = model.artists[skipped], model.artists[rows]
    skips = np.bincount(artists[artists >= 0], minlength=int(model.artists.max()) + 1)
    known = own >= 0
    lower[known] += ARTIST_COSTS * skips[own[known]]
    return np.asarray(lower, dtype=np.float32)


def _standard(scores: Floats) -> Floats:
    if not len(scores):
        return scores
    deviation = float(scores.std()) or 1.0
    return np.asarray((scores - scores.mean()) / deviation, dtype=np.float32)
