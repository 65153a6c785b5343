"""Gives the share of places that is for trying out to tracks of which little is known."""

from __future__ import annotations

import random
from collections.abc import Sequence

from rec_svc.domain.exploring import with_explored
from rec_svc.domain.model import Model
from rec_svc.domain.ranking import FirstRows, little_known
from rec_svc.domain.recommended import Recommended, Wanted
from rec_svc.domain.tracks import Track
from rec_svc.ports.tracks import Tracks


class Exploring:
    """Draws by ``chance`` from what a model puts near a history and few listen to."""

    def __init__(self, tracks: Tracks, chance: random.Random) -> None:
        self._tracks = tracks
        self._chance = chance

    async def __call__(
        self,
        model: Model,
        found: FirstRows,
        ranked: Sequence[Recommended],
        wanted: Wanted,
        share: float,
        before: Sequence[Recommended] = (),
    ) -> list[Recommended]:
        """``ranked``, what the model ``found`` first, with a mean ``share`` of places explored.

        ``before`` are tracks of the list that stay. Raises Unavailable.
        """
        if not share or not ranked:
            return list(ranked)
        ids = model.tracks.ids(little_known(model, found))
        known = await self._tracks.tracks(ids)

        def score(track: Track) -> float:
            rows = model.tracks.rows([track.id])
            return float(model.calibrated(found.scores, rows).clip(0, 1)[0])

        return with_explored(
            ranked,
            (known[id_] for id_ in ids if id_ in known),
            wanted=wanted,
            places=min(share * (len(before) + len(ranked)), len(ranked)),
            score=score,
            chance=self._chance,
            before=before,
        )
