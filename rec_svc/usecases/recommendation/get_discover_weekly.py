"""``GetDiscoverWeekly``."""

from __future__ import annotations

from collections.abc import Callable

from rec_svc.domain.exposure_outcomes import Exposure
from rec_svc.domain.kept_tracks import named, recommended_now
from rec_svc.domain.recommended import Recommended, RecommendedList, Wanted
from rec_svc.domain.weekly_lists import SURFACE, DiscoverWeekly, WeeklyList
from rec_svc.domain.weeks import Week
from rec_svc.ports.exposures import Exposures
from rec_svc.ports.listening import Listening
from rec_svc.ports.tracks import Tracks
from rec_svc.ports.weekly_lists import WeeklyLists
from rec_svc.usecases.recommending import Listener
from rec_svc.usecases.weekly_lists import MakeWeeklyList
from rec_svc.usecases.weekly_playlists import PutWeeklyLists


class GetDiscoverWeekly:
    """Tells the list of this week, which is made where nobody has made it yet."""

    def __init__(
        self,
        lists: WeeklyLists,
        make: MakeWeeklyList,
        put: PutWeeklyLists,
        tracks: Tracks,
        listening: Listening,
        exposures: Exposures,
        clock: Callable[[], int],
    ) -> None:
        self._lists = lists
        self._make = make
        self._put = put
        self._tracks = tracks
        self._listening = listening
        self._exposures = exposures
        self._clock = clock

    async def __call__(self, listener: Listener) -> DiscoverWeekly:
        """The list, without what may not be recommended any more. Raises Unavailable."""
        week = Week.at(self._clock())
        kept = await self._lists.find(listener.user_id, week) or await self._make(listener, week)
        made = kept.list
        tracks = await self._served(listener, made)
        shown_id = made.shown_id if made.tracks else ""
        if shown_id:
            await self._exposures.record(_exposure(made))
        answer = RecommendedList(shown_id, tracks, made.source, made.model_id)
        return DiscoverWeekly(week, answer, made.is_short, await self._put(kept))

    async def _served(self, listener: Listener, made: WeeklyList) -> tuple[Recommended, ...]:
        wanted = Wanted(
            left_out=frozenset(),
            blocked_artists=await self._listening.blocked_artists(listener.user_id),
            premium=listener.premium,
        )
        known = await self._tracks.tracks(named(made.tracks))
        return recommended_now(made.tracks, known, wanted)


def _exposure(made: WeeklyList) -> Exposure:
    return Exposure(
        made.user_id,
        made.shown_id,
        SURFACE,
        made.track_ids,
        made.model_id,
        made.made_at_ms,
        made.assignments,
        tuple(one.propensity for one in made.tracks),
        made.held_back,
    )
