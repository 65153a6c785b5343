"""``GetHome``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from meshkit import telemetry
from meshkit.deadline import budget
from meshkit.faults import Unavailable
from rec_svc.domain import home as homes
from rec_svc.domain.exposure_outcomes import Exposure
from rec_svc.domain.home import Home, Shelf
from rec_svc.domain.tracks import Track
from rec_svc.ports.exposures import Exposures
from rec_svc.ports.homes import HomeCopies, Homes, KeptHome
from rec_svc.ports.listening import Listening
from rec_svc.ports.tracks import Tracks
from rec_svc.usecases.kept_homes import FoundHome, KeptHomes, Origin
from rec_svc.usecases.popular_chart import PopularChart
from rec_svc.usecases.recommending import Listener

SURFACE = "home"

_log = structlog.get_logger("homes")
_shown = telemetry.counter(
    "rec_homes", "Homes that were shown, by where they came from.", ["origin"]
)


class HomeAnswer(NamedTuple):
    """The shelves that a user sees, of which home, and where that came from."""

    home: Home
    shelves: Sequence[Shelf]
    origin: Origin


class _Now(NamedTuple):
    """What is to be known when a home is shown: which of its tracks there are, whom the user
    blocks, and how often something changed."""

    known: Mapping[str, Track]
    blocked: Collection[str]
    changed: int


@dataclass(frozen=True, slots=True)
class HomeStores:
    """What home is read from and written to."""

    copies: HomeCopies
    homes: Homes
    tracks: Tracks
    listening: Listening
    exposures: Exposures


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long the stores are waited for, in seconds: ``check_s`` where a copy is at hand,
    ``make_s`` for all else."""

    check_s: float = 0.5
    make_s: float = 1.5


class GetHome:
    """Shows a user's home: from the cache, from the store, made, or what is popular."""

    def __init__(
        self,
        stores: HomeStores,
        kept: KeptHomes,
        chart: PopularChart,
        clock: Callable[[], int],
        patience: Patience = Patience(),
    ) -> None:
        self._stores = stores
        self._kept = kept
        self._chart = chart
        self._clock = clock
        self._patience = patience

    async def __call__(self, listener: Listener) -> HomeAnswer:
        """The shelves as of now; it answers whatever store is away."""
        answer = await self._cached(listener) or await self._found(listener)
        _shown.labels(answer.origin.name.lower()).inc()
        return answer

    async def _cached(self, listener: Listener) -> HomeAnswer | None:
        """From the copy, which the store must confirm, unless it is away: who blocks somebody has
        the copy dropped."""
        user_id = listener.user_id
        kept = await self._stores.copies.get(user_id)
        if kept is None or not await self._kept.holds(user_id, kept.home):
            return None
        try:
            async with asyncio.timeout(budget(self._patience.check_s)):
                now = await self._now(user_id, FoundHome(kept, Origin.CACHE))
        except (Unavailable, TimeoutError):
            _log.warning("a home is shown unconfirmed")
            return _answer(listener, FoundHome(kept, Origin.CACHE), _unconfirmed(kept.home))
        if now.changed != kept.changed:
            return None
        answer = _answer(listener, FoundHome(kept, Origin.CACHE), now)
        if not kept.exposed:
            await self._expose(listener.user_id, kept, answer)
        return answer

    async def _found(self, listener: Listener) -> HomeAnswer:
        """From the store or made, within the time; else what is popular."""
        user_id = listener.user_id
        try:
            async with asyncio.timeout(budget(self._patience.make_s)):
                found = await self._kept.of(user_id)
                now = await self._now(user_id, found)
        except (Unavailable, TimeoutError):
            _log.warning("home is what is popular")
            popular = FoundHome(KeptHome(self._chart.home(), 0), Origin.POPULAR)
            return _answer(listener, popular, _unconfirmed(popular.kept.home))
        answer = _answer(listener, found, now)
        if not found.is_kept:
            return answer
        if not found.kept.exposed:
            await self._expose(user_id, found.kept, answer)
        else:
            await self._put(user_id, found.kept)
        return answer

    async def _now(self, user_id: str, found: FoundHome) -> _Now:
        known, blocked, changed = await asyncio.gather(
            self._known(found),
            self._stores.listening.blocked_artists(user_id),
            self._stores.homes.changed(user_id),
        )
        return _Now(known, blocked, changed)

    async def _known(self, found: FoundHome) -> Mapping[str, Track]:
        """The tracks of a home that there are; one that was made just now has asked."""
        named = found.kept.home.tracks()
        if found.origin is Origin.COMPUTED:
            return named
        return await self._stores.tracks.tracks(named.keys())

    async def _expose(self, user_id: str, kept: KeptHome, answer: HomeAnswer) -> None:
        """Enters the shelves as they are first seen; a home that cannot be entered is shown still,
        and entered the next time."""
        home = kept.home
        shown = [self._exposure(user_id, home, shelf) for shelf in answer.shelves]
        try:
            await self._stores.exposures.record(*shown)
            await self._stores.homes.expose(user_id, home.made_at_ms)
        except Unavailable as error:
            _log.warning("shelves were not entered", error=str(error))
            return
        await self._put(user_id, kept._replace(exposed=True))

    async def _put(self, user_id: str, kept: KeptHome) -> None:
        if (left_ms := self._kept.left_ms(kept.home)) > 0:
            await self._stores.copies.put(user_id, kept, left_ms)

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


def _unconfirmed(home: Home) -> _Now:
    """What a home itself says; whom its user blocks is in none that is at hand."""
    return _Now(home.tracks(), (), 0)


def _answer(listener: Listener, found: FoundHome, now: _Now) -> HomeAnswer:
    home = found.kept.home
    shelves = homes.shown(home, now.known, now.blocked, premium=listener.premium)
    return HomeAnswer(home, shelves, found.origin)
