"""What a model puts on the shelves of home: one fold-in of all histories at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rec_svc.domain import ranking
from rec_svc.domain.experiments import Parameters, Ranking
from rec_svc.domain.home import MOST_KEPT, MOST_SHOWN, kept
from rec_svc.domain.model import Model
from rec_svc.domain.ranking import FirstRows
from rec_svc.domain.reasons import model_reasons
from rec_svc.domain.recommended import Recommended, Wanted
from rec_svc.domain.scorers import Rows
from rec_svc.domain.tracks import Track
from rec_svc.ports.tracks import MOST_ASKED, Tracks
from rec_svc.usecases.exploring import Exploring

# What the best of a model are looked up in: of most listeners these are enough.
_LOOKED_UP_FIRST = 32
# So many tracks are named as reasons on a shelf: who looks at it wants few, and each costs 1 ms.
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Going:
    """What shelves go by: the model, how the user is served, and what is not to stand on them."""

    model: Model
    parameters: Parameters
    heard: frozenset[str]
    blocked: frozenset[str]


class ModelShelves:
    """Finds what goes with histories, and why."""

    def __init__(self, tracks: Tracks, chance: random.Random) -> None:
        self._tracks = tracks
        self._exploring = Exploring(tracks, chance)

    async def beside(self, by: Going, histories: Sequence[Rows]) -> list[list[Recommended]]:
        """For each of the histories, none of which is empty, the best that it is not made of.

        Nothing that was heard and of no blocked artist. Raises Unavailable.
        """
        if not histories:
            return []
        order = by.parameters.ranking or Ranking.SCORE
        heard = by.model.tracks.rows(by.heard)
        found = await asyncio.to_thread(ranking.first_of_each, by.model, histories, heard, order)
        chosen = await self._chosen(by, found)
        owed = await asyncio.to_thread(_causes, by.model, histories, chosen)
        named = {id_ for causes in owed for id_ in causes if id_}
        causes = await self._tracks.tracks(named) if named else {}
        return [
            _picks(by, one, tracks, [causes.get(id_ or "") for id_ in why])
            for one, tracks, why in zip(found, chosen, owed, strict=True)
        ]

    async def explored(
        self, by: Going, history: Rows, picks: Sequence[Recommended]
    ) -> list[Recommended]:
        """``picks`` with the share of the places that are shown which is for trying out."""
        share, model = by.parameters.explore_share or 0.0, by.model
        if not share:
            return list(picks)
        order, heard = by.parameters.ranking or Ranking.SCORE, model.tracks.rows(by.heard)
        found = await asyncio.to_thread(ranking.first_of_each, model, [history], heard, order)
        shown, spare = picks[:MOST_SHOWN], picks[MOST_SHOWN:]
        # What every plan may be shown, so that each is as likely to be.
        wanted = Wanted(
            left_out=by.heard | {one.track.id for one in spare},
            blocked_artists=by.blocked,
            premium=False,
        )
        return [*await self._exploring(model, found[0], shown, wanted, share), *spare]

    async def _chosen(self, by: Going, found: Sequence[FirstRows]) -> list[list[Track]]:
        """The tracks that are kept of each; what is looked up is looked up once."""
        ids_of, until = by.model.tracks.ids, _LOOKED_UP_FIRST
        first = [ids_of(one.rows[:until]) for one in found]
        known = dict(await self._tracks.tracks({id_ for ids in first for id_ in ids}))
        chosen = []
        for one, ids in zip(found, first, strict=True):
            picks = _kept(by, ids, known)
            if len(picks) < MOST_KEPT and len(one.rows) > until:
                more = ids_of(one.rows[until:MOST_ASKED])
                known |= await self._tracks.tracks(more)
                picks = _kept(by, ids + more, known)
            chosen.append(picks)
        return chosen


def _kept(by: Going, ids: Sequence[str], known: Mapping[str, Track]) -> list[Track]:
    return kept((known[id_] for id_ in ids if id_ in known), by.heard, by.blocked)


def _causes(
    model: Model,
    histories: Sequence[Rows],
    chosen: Sequence[Sequence[Track]],
) -> list[list[str | None]]:
    """The id of the track that each place of each shelf is owed to; None: to no single one."""
    owed = []
    for history, tracks in zip(histories, chosen, strict=True):
        rows = model.tracks.rows(track.id for track in tracks)
        causes = ranking.causes(model, history, rows, _MOST_NAMED)
        owed.append([None if row is None else model.tracks.ids([row])[0] for row in causes])
    return owed


def _picks(
    by: Going, found: FirstRows, tracks: Sequence[Track], causes: Sequence[Track | None]
) -> list[Recommended]:
    clipped = np.clip(found.chances, 0.0, 1.0).tolist()
    chances = dict(zip(found.rows.tolist(), clipped, strict=True))
    rows = by.model.tracks.rows(track.id for track in tracks).tolist()
    why = model_reasons(by.model, found.scores, tracks, causes, by.blocked)
    return [
        Recommended(track, chances[row], reason)
        for track, row, reason in zip(tracks, rows, why, strict=True)
    ]
