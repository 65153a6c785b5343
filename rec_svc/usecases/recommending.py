"""Lists of tracks that go with other tracks: by a model, then by artist, then what is popular."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from rec_svc.domain import ranking
from rec_svc.domain.experiments import Assignments, Parameters, Ranking
from rec_svc.domain.exposure_outcomes import Exposure
from rec_svc.domain.model import Model
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
from rec_svc.ports.tracks import MOST_ASKED, Tracks
from rec_svc.usecases.chosen_models import ChosenModels
from rec_svc.usecases.exploring import Exploring
from rec_svc.usecases.model_picks import Chosen, ModelPicks

# Of a longer list its first tracks are gone by: what a reason costs, in time and memory, grows with
# them and by their square.
_MOST_HISTORY = 1_000


@dataclass(frozen=True, slots=True)
class Listener:
    """For whom a list is made; ``premium``: whether the plan has premium tracks."""

    user_id: str
    premium: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """Tracks that were found, how, and in which arms; ``model_id`` is empty where no model did."""

    tracks: tuple[Recommended, ...]
    source: Source
    model_id: str
    assigned: Assignments


class Recommending:
    """Makes lists, and keeps of each for whom it was made and how."""

    def __init__(
        self,
        tracks: Tracks,
        listening: Listening,
        models: ChosenModels,
        running: RunningExperiments,
        exposures: Exposures,
        *,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        chance: random.Random,
    ) -> None:
        self._tracks = tracks
        self._listening = listening
        self._models = models
        self._running = running
        self._exposures = exposures
        self._clock = clock
        self._new_id = new_id
        self._picks = ModelPicks(tracks)
        self._exploring = Exploring(tracks, chance)

    async def beside(
        self, listener: Listener, track_ids: Sequence[str], surface: str, limit: int
    ) -> RecommendedList:
        """At most ``limit`` tracks that go with ``track_ids`` and are none of them.

        Raises Unavailable.
        """
        seeds = list(dict.fromkeys(track_ids))
        wanted = Wanted(
            left_out=frozenset(seeds),
            blocked_artists=await self._listening.blocked_artists(listener.user_id),
            premium=listener.premium,
        )
        draft = await self.draft(listener.user_id, seeds, wanted, limit)
        made = RecommendedList(self._new_id(), draft.tracks, draft.source, draft.model_id)
        await self._record(listener.user_id, made, surface, draft.assigned)
        return made

    async def draft(self, user_id: str, seeds: Sequence[str], wanted: Wanted, limit: int) -> Draft:
        """At most ``limit`` wanted tracks that go with ``seeds``, each of them once.

        Raises Unavailable.
        """
        assigned = self._running.current().assignments(user_id)
        model = await self._models.of(assigned.parameters.model_id)
        picks: list[Recommended] = []
        source = Source.POPULAR
        if model is not None:
            picks = await self._by_model(model, seeds, wanted, assigned.parameters, limit)
        model_id = model.model_id if model is not None and picks else ""
        if picks:
            source = Source.PERSONAL
        by_artists = partial(self._by_artists, seeds)
        for fill, by in ((by_artists, Source.CONTENT), (self._popular, Source.POPULAR)):
            if len(picks) < limit:
                found = await fill(wanted, picks, limit - len(picks))
                source = source if picks or not found else by
                picks += found
        return Draft(tuple(picks), source, model_id, assigned)

    async def _by_model(
        self,
        model: Model,
        seeds: Sequence[str],
        wanted: Wanted,
        parameters: Parameters,
        limit: int,
    ) -> list[Recommended]:
        """What the model puts first, but for the share of places that is given to chance."""
        history = model.tracks.rows(seeds)[:_MOST_HISTORY]
        if not len(history):
            return []
        by = parameters.ranking or Ranking.SCORE
        left_out = model.tracks.rows(wanted.left_out)
        (found,) = await asyncio.to_thread(ranking.first_of_each, model, [history], left_out, by)
        ids = model.tracks.ids(found.rows)
        known = await self._tracks.tracks(ids[:MOST_ASKED])
        there = (known[id_] for id_ in ids if id_ in known)
        chosen = list(islice(wanted.chosen(there, ()), limit))
        blocked = wanted.blocked_artists
        (picks,) = await self._picks(model, [Chosen(history, found, chosen)], blocked)
        share = parameters.explore_share or 0.0
        return await self._exploring(model, found, picks, wanted, share)

    async def _by_artists(
        self, seeds: Sequence[str], wanted: Wanted, before: Sequence[Recommended], limit: int
    ) -> list[Recommended]:
        """Others of the artists of ``seeds``: the more of the seeds are theirs, the earlier."""
        known = await self._tracks.tracks(seeds[:MOST_ASKED])
        ours = [known[id_] for id_ in seeds if id_ in known]
        shares = Counter(track.artist_id for track in ours if wanted.has_artist_of(track))
        if not shares:
            return []
        named = {track.artist_id: track for track in reversed(ours)}
        others = await self._tracks.of_artists(list(shares), MOST_ASKED)
        ordered = sorted(others, key=lambda track: -shares[track.artist_id])
        return [
            Recommended(
                track,
                # Without the one that is named it were lower, also where all are of one artist.
                shares[track.artist_id] / (len(ours) + 1),
                Reason(ReasonKind.BECAUSE_OF_TRACK, named[track.artist_id]),
            )
            for track in islice(wanted.chosen(ordered, before), limit)
        ]

    async def _popular(
        self, wanted: Wanted, before: Sequence[Recommended], limit: int
    ) -> list[Recommended]:
        """The most played ones of all."""
        popular = await self._tracks.popular(MOST_ASKED, wanted.left_out)
        places = {track.id: place for place, track in enumerate(popular, 1)}
        reason = Reason(ReasonKind.POPULAR)
        return [
            Recommended(track, 1 / places[track.id], reason)
            for track in islice(wanted.chosen(popular, before), limit)
        ]

    async def _record(
        self, user_id: str, made: RecommendedList, surface: str, assigned: Assignments
    ) -> None:
        await self._exposures.record(
            Exposure(
                user_id,
                made.shown_id,
                surface,
                tuple(one.track.id for one in made.tracks),
                made.model_id,
                self._clock(),
                assigned.arms,
                tuple(one.propensity for one in made.tracks),
                assigned.held_back,
            )
        )
