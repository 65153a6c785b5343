"""What a model puts on the shelves of home: one fold-in of all histories at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rec_svc.domain import ranking
from rec_svc.domain.experiments import Parameters, Ranking
from rec_svc.domain.home import MOST_KEPT, MOST_SHOWN, kept
from rec_svc.domain.model import Model
from rec_svc.domain.ranking import FirstRows
from rec_svc.domain.recommended import Recommended, Wanted
from rec_svc.domain.scorers import Rows
from rec_svc.domain.tracks import Track
from rec_svc.ports.tracks import MOST_ASKED, Tracks
from rec_svc.usecases.exploring import Exploring
from rec_svc.usecases.model_picks import Chosen, ModelPicks

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


@dataclass(frozen=True, slots=True)
class Beside:
    """What a model ``found`` for a history, and the best of it that the user may be shown."""

    found: FirstRows
    picks: list[Recommended]


class ModelShelves:
    """Finds what goes with histories, and why."""

    def __init__(self, tracks: Tracks, chance: random.Random) -> None:
        self._tracks = tracks
        self._picks = ModelPicks(tracks)
        self._exploring = Exploring(tracks, chance)

    async def beside(self, by: Going, histories: Sequence[Rows]) -> list[Beside]:
        """For each of the histories, none of which is empty, the best that it is not made of.

        Nothing that was heard and of no blocked artist. Raises Unavailable.
        """
        if not histories:
            return []
        order = by.parameters.ranking or Ranking.SCORE
        heard = by.model.tracks.rows(by.heard)
        found = await asyncio.to_thread(ranking.first_of_each, by.model, histories, heard, order)
        chosen = await self._chosen(by, found)
        lists = [Chosen(*one) for one in zip(histories, found, chosen, strict=True)]
        picks = await self._picks(by.model, lists, by.blocked, _MOST_NAMED)
        return [Beside(*one) for one in zip(found, picks, strict=True)]

    async def explored(self, by: Going, beside: Beside) -> list[Recommended]:
        """Its picks with the share of the places that are shown which is for trying out."""
        share = by.parameters.explore_share or 0.0
        if not share:
            return beside.picks
        shown, spare = beside.picks[:MOST_SHOWN], beside.picks[MOST_SHOWN:]
        # What every plan may be shown, so that each is as likely to be.
        wanted = Wanted(
            left_out=by.heard | {one.track.id for one in spare},
            blocked_artists=by.blocked,
            premium=False,
        )
        explored = await self._exploring(by.model, beside.found, shown, wanted, share)
        return [*explored, *spare]

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
