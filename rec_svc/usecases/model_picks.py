"""What was chosen of what a model found, as it is recommended: with chances, and with reasons."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from rec_svc.domain import ranking
from rec_svc.domain.model import Model
from rec_svc.domain.ranking import FirstRows
from rec_svc.domain.reasons import model_reasons
from rec_svc.domain.recommended import Recommended
from rec_svc.domain.scorers import Rows
from rec_svc.domain.tracks import Track
from rec_svc.ports.tracks import Tracks


@dataclass(frozen=True, slots=True)
class Chosen:
    """The tracks of a list, all of them out of what a model ``found`` for a ``history``."""

    history: Rows
    found: FirstRows
    tracks: Sequence[Track]


class ModelPicks:
    """Says of chosen tracks how likely they are liked, and to what that is owed."""

    def __init__(self, tracks: Tracks) -> None:
        self._tracks = tracks

    async def __call__(
        self,
        model: Model,
        chosen: Sequence[Chosen],
        blocked_artists: Collection[str],
        most_named: int | None = None,
    ) -> list[list[Recommended]]:
        """The tracks of each list, in their order. No blocked artist is named as a reason.

        ``most_named``: of each history so many tracks are named at most, by default any. Raises
        Unavailable.
        """
        owed = await asyncio.to_thread(_causes, model, chosen, most_named)
        named = {id_ for causes in owed for id_ in causes if id_}
        known = await self._tracks.tracks(named) if named else {}
        return [
            _picks(model, one, [known.get(id_ or "") for id_ in causes], blocked_artists)
            for one, causes in zip(chosen, owed, strict=True)
        ]


def _causes(
    model: Model, chosen: Sequence[Chosen], most_named: int | None
) -> list[list[str | None]]:
    """The id of the track that each place of each list is owed to; None: to no single one."""
    owed = []
    for one in chosen:
        rows = model.tracks.rows(track.id for track in one.tracks)
        causes = ranking.causes(model, one.history, rows, most_named)
        owed.append([None if row is None else model.tracks.ids([row])[0] for row in causes])
    return owed


def _picks(
    model: Model,
    chosen: Chosen,
    causes: Sequence[Track | None],
    blocked_artists: Collection[str],
) -> list[Recommended]:
    found = chosen.found
    clipped = np.clip(found.chances, 0.0, 1.0).tolist()
    chances = dict(zip(found.rows.tolist(), clipped, strict=True))
    rows = model.tracks.rows(track.id for track in chosen.tracks).tolist()
    why = model_reasons(model, found.scores, chosen.tracks, causes, blocked_artists)
    return [
        Recommended(track, chances[row], reason)
        for track, row, reason in zip(chosen.tracks, rows, why, strict=True)
    ]
