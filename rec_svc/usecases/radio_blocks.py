"""Blocks of radios: what one gives at once, entered as given before anybody hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from meshkit.idempotency import RequestKey
from rec_svc.domain.experiments import Assignments
from rec_svc.domain.exposure_outcomes import Exposure
from rec_svc.domain.kept_tracks import KeptTrack, named, recommended_now
from rec_svc.domain.radio_faults import busy_error
from rec_svc.domain.radios import NOT_TWICE_MS, Block, Station, arranged
from rec_svc.domain.recommendation_faults import unknown_error
from rec_svc.domain.recommended import (
    Reason,
    ReasonKind,
    Recommended,
    RecommendedList,
    Source,
    Wanted,
)
from rec_svc.ports.experiments import RunningExperiments
from rec_svc.ports.exposures import Exposures
from rec_svc.ports.listening import Listening
from rec_svc.ports.radios import Radios
from rec_svc.ports.tracks import MOST_ASKED, Tracks
from rec_svc.usecases.chosen_models import ChosenModels
from rec_svc.usecases.radio_picks import Asked, Picked, RadioPicks
from rec_svc.usecases.recommending import Listener

SURFACE = "radio"
"""Where lists of radios stand, in the log of exposures."""
_ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class NextBlock:
    """Which block is asked for: at most ``limit`` tracks of a radio.

    ``heard`` and ``skipped`` are tracks of which the user did that just now, the latest last.
    """

    radio_id: str
    limit: int
    heard: Sequence[str] = ()
    skipped: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Served:
    """A block, and its tracks as far as the catalogue has them."""

    block: Block
    tracks: tuple[Recommended, ...]

    @property
    def list(self) -> RecommendedList:
        """The same as any other list."""
        block = self.block
        return RecommendedList(block.shown_id, self.tracks, block.source, block.model_id)


class RadioBlocks:
    """Makes blocks, each once for its key, and keeps of each for whom it was made and how."""

    def __init__(
        self,
        radios: Radios,
        tracks: Tracks,
        listening: Listening,
        picks: RadioPicks,
        models: ChosenModels,
        running: RunningExperiments,
        exposures: Exposures,
        *,
        clock: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._radios = radios
        self._tracks = tracks
        self._listening = listening
        self._picks = picks
        self._models = models
        self._running = running
        self._exposures = exposures
        self._clock = clock
        self._new_id = new_id

    async def next_block(
        self, listener: Listener, asked: NextBlock, key: RequestKey | None = None
    ) -> Served:
        """The next block, or that of an equal key.

        Raises NotFound, RequestIdReused, Aborted, Unavailable.
        """
        assigned = self._running.current().assignments(listener.user_id)
        served = await self._again(listener, await self._radios.answered(key))
        for _ in range(_ATTEMPTS):
            if served is not None:
                # Also when it is asked for again: whoever made it may have died before this.
                await self._record(listener.user_id, served.block, assigned)
                return served
            served = await self._attempt(listener, asked, assigned, key)
        raise busy_error()

    async def _attempt(
        self,
        listener: Listener,
        asked: NextBlock,
        assigned: Assignments,
        key: RequestKey | None,
    ) -> Served | None:
        """None where another block of the radio was given meanwhile."""
        now_ms = self._clock()
        since_ms = now_ms - NOT_TWICE_MS
        station, heard, blocked = await asyncio.gather(
            self._radios.station(listener.user_id, asked.radio_id, since_ms),
            self._listening.heard_since(listener.user_id, since_ms),
            self._listening.blocked_artists(listener.user_id),
        )
        if station is None:
            raise unknown_error("radio", asked.radio_id)
        lately = {**heard, **station.given_since(since_ms)}
        lately |= dict.fromkeys((*asked.heard, *asked.skipped), now_ms)
        wanted = Wanted(
            left_out=frozenset(lately), blocked_artists=blocked, premium=listener.premium
        )
        picked = await self._picks.pick(
            Asked(
                station,
                station.steering(asked.skipped),
                wanted,
                assigned.parameters,
                await self._models.of(assigned.parameters.model_id),
                asked.limit,
            )
        )
        new = len(picked.tracks)
        if new < asked.limit:
            picked.tracks += await self._repeated(lately, wanted, picked, asked.limit)
        ordered = await self._arranged(station, picked)
        block = self._block(station, picked, ordered, now_ms, len(ordered) - new)
        given = await self._radios.give(station, block, key)
        if given is None or given.shown_id != block.shown_id:
            return await self._again(listener, given)
        return Served(block, tuple(ordered))

    async def _repeated(
        self, lately: Mapping[str, int], wanted: Wanted, picked: Picked, limit: int
    ) -> list[Recommended]:
        """What was given or played longest ago."""
        oldest = sorted(lately, key=lambda id_: (lately[id_], id_))[:MOST_ASKED]
        there = await self._tracks.tracks(oldest)
        tracks = [there[id_] for id_ in oldest if id_ in there]
        again = replace(wanted, left_out=frozenset()).chosen(tracks, picked.tracks)
        reason = Reason(ReasonKind.REPEATED)
        places = limit - len(picked.tracks)
        return [Recommended(one, 1.0, reason) for one in islice(again, places)]

    async def _arranged(self, station: Station, picked: Picked) -> list[Recommended]:
        last = station.last_track_id
        known = await self._tracks.tracks([last]) if last else {}
        return arranged(picked.tracks, known[last].artist_id if last in known else "")

    def _block(
        self,
        station: Station,
        picked: Picked,
        ordered: Sequence[Recommended],
        now_ms: int,
        repeated: int,
    ) -> Block:
        return Block(
            station.radio.radio_id,
            station.radio.title,
            self._new_id(),
            tuple(map(KeptTrack.of, ordered)),
            picked.source or Source.CONTENT,
            picked.model_id,
            repeated,
            now_ms,
        )

    async def _again(self, listener: Listener, block: Block | None) -> Served | None:
        """What was given before, as far as it may be recommended now."""
        if block is None:
            return None
        there, blocked = await asyncio.gather(
            self._tracks.tracks(named(block.picks)),
            self._listening.blocked_artists(listener.user_id),
        )
        wanted = Wanted(left_out=frozenset(), blocked_artists=blocked, premium=listener.premium)
        return Served(block, recommended_now(block.picks, there, wanted))

    async def _record(self, user_id: str, block: Block, assigned: Assignments) -> None:
        await self._exposures.record(
            Exposure(
                user_id,
                block.shown_id,
                SURFACE,
                tuple(one.track_id for one in block.picks),
                block.model_id,
                block.given_at_ms,
                assigned.arms,
                tuple(one.propensity for one in block.picks),
                assigned.held_back,
            )
        )
