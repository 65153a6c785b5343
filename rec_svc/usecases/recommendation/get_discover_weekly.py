"""``GetDiscoverWeekly``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rec_svc.domain.exposure_outcomes import Exposure
from rec_svc.domain.recommended import Reason, ReasonKind, Recommended, RecommendedList, Wanted
from rec_svc.domain.tracks import Artist, Track
from rec_svc.domain.weekly_lists import SURFACE, DiscoverWeekly, WeeklyList, WeeklyTrack
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
        asked = {*made.track_ids, *(one.because_of for one in made.tracks if one.because_of)}
        known = await self._tracks.tracks(asked)
        return tuple(
            Recommended(known[one.track_id], one.score, _reason(one, known, wanted), one.propensity)
            for one in made.tracks
            if one.track_id in known and wanted.allows(known[one.track_id])
        )


def _reason(one: WeeklyTrack, known: Mapping[str, Track], wanted: Wanted) -> Reason:
    """Names a track or its artist only while it can be heard and the artist is not blocked."""
    if not one.because_of:
        return Reason(one.kind)
    named = known.get(one.because_of)
    if named is None or not wanted.has_artist_of(named):
        return Reason(ReasonKind.SIMILAR_LISTENERS)
    if one.kind is ReasonKind.ARTIST_YOU_FOLLOW:
        return Reason(one.kind, artist=Artist(named.artist_id, named.artist))
    return Reason(one.kind, named)


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
