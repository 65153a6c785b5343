"""Tracks that came after a training, in the models that this process serves."""

from __future__ import annotations

import asyncio
import heapq
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from meshkit.faults import Unavailable
from rec_svc.domain.content import Content, with_new_tracks
from rec_svc.domain.model import Model
from rec_svc.ports.tracks import MOST_ASKED, Tracks

LOOK_EVERY_S = 5.0
"""How often it is seen whether there are new tracks, or a model without them, in seconds."""
READ_AGAIN_MS = 900_000
"""How often all tracks are read again: edits, and what was told late, are seen by then."""
MOST_NEW = 50_000
"""So many new tracks a model has at most: those that were added last."""

_KEPT = 5

_log = structlog.get_logger("models")


@dataclass(slots=True)
class _Catalogue:
    """What was read of all tracks, when that began, and the id that was read last."""

    read_at_ms: int
    content: dict[str, Content] = field(default_factory=dict)
    last_id: str = ""

    def new(self, model: Model) -> list[str]:
        """The ids that the model has not learnt, the last added ones first."""
        unknown = (id_ for id_ in self.content if id_ not in model.tracks)
        return heapq.nlargest(MOST_NEW, unknown, key=lambda id_: self.content[id_].added_at_ms)


class NewTracks:
    """Models with the tracks behind that they have not learnt; someone must await :meth:`look`.

    Keeps artist, genre and year of every track, which is as much memory as a model's ids take.
    """

    def __init__(self, tracks: Tracks, clock: Callable[[], int]) -> None:
        self._tracks = tracks
        self._clock = clock
        self._catalogue: _Catalogue | None = None
        self._asked: dict[str, Model] = {}
        self._extended: dict[str, Model] = {}

    def of(self, model: Model) -> Model:
        """``model`` with the new tracks that were found by a look after it was first asked for."""
        self._asked.pop(model.model_id, None)
        self._asked[model.model_id] = model
        return self._extended.get(model.model_id, model)

    async def look(self) -> None:
        """Reads what was added, and extends by it the few models that were asked for last."""
        try:
            catalogue, changed = await self._read()
        except Unavailable as error:
            _log.warning("tracks out of reach", error=str(error))
            return
        self._asked = dict(list(self._asked.items())[-_KEPT:])
        held = {} if changed else self._extended
        found = {id_: held.get(id_) for id_ in self._asked}
        for id_, model in self._asked.copy().items():
            if found[id_] is None:
                found[id_] = await asyncio.to_thread(_extended, model, catalogue)
        self._extended = {id_: model for id_, model in found.items() if model is not None}

    async def _read(self) -> tuple[_Catalogue, bool]:
        """The catalogue as it is now, and whether anything is new. Raises Unavailable."""
        now_ms, catalogue = self._clock(), self._catalogue
        if catalogue is None or now_ms - catalogue.read_at_ms >= READ_AGAIN_MS:
            catalogue = _Catalogue(now_ms)
        changed = catalogue is not self._catalogue
        while page := await self._tracks.page(catalogue.last_id, MOST_ASKED):
            for track in page:
                catalogue.content[track.id] = Content(
                    sys.intern(track.artist_id),
                    sys.intern(track.genre),
                    track.year,
                    track.added_at_ms,
                )
            catalogue.last_id = page[-1].id
            changed = True
        self._catalogue = catalogue
        return catalogue, changed


def _extended(model: Model, catalogue: _Catalogue) -> Model:
    return with_new_tracks(model, catalogue.content, catalogue.new(model))
