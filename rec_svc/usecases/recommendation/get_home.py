"""``GetHome``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rec_svc.domain import home as homes
from rec_svc.domain.exposure_outcomes import Exposure
from rec_svc.domain.home import Home, Shelf
from rec_svc.ports.exposures import Exposures
from rec_svc.ports.listening import Listening
from rec_svc.ports.tracks import Tracks
from rec_svc.usecases.making_home import MakeHome
from rec_svc.usecases.recommending import Listener

SURFACE = "home"


class HomeAnswer(NamedTuple):
    """The shelves that a user sees, and of which home."""

    home: Home
    shelves: Sequence[Shelf]


class GetHome:
    """Shows a user's home."""

    def __init__(
        self,
        make: MakeHome,
        tracks: Tracks,
        listening: Listening,
        exposures: Exposures,
        clock: Callable[[], int],
    ) -> None:
        self._make = make
        self._tracks = tracks
        self._listening = listening
        self._exposures = exposures
        self._clock = clock

    async def __call__(self, listener: Listener) -> HomeAnswer:
        """The shelves as of now. Raises Unavailable."""
        home = await self._make(listener.user_id)
        known = await self._tracks.tracks(home.named())
        blocked = await self._listening.blocked_artists(listener.user_id)
        shelves = homes.shown(home, known, blocked, premium=listener.premium)
        await self._exposures.record(
            *(self._exposure(listener.user_id, home, shelf) for shelf in shelves)
        )
        return HomeAnswer(home, shelves)

    def _exposure(self, user_id: str, home: Home, shelf: Shelf) -> Exposure:
        return Exposure(
            user_id,
            shelf.shown_id,
            SURFACE,
            tuple(one.track.id for one in shelf.tracks),
            shelf.model_id,
            self._clock(),
            home.arms,
            tuple(one.propensity for one in shelf.tracks),
            home.held_back,
        )
