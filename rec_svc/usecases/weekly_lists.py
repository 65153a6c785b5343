"""The lists of Discover Weekly: made once a week for each user, and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rec_svc.domain.listening import Taste
from rec_svc.domain.recommended import ReasonKind, Recommended, Wanted
from rec_svc.domain.weekly_lists import TRACKS, WEEKS_APART, KeptList, WeeklyList, WeeklyTrack
from rec_svc.domain.weeks import Week
from rec_svc.ports.listening import Listening
from rec_svc.ports.tracks import MOST_ASKED, Tracks
from rec_svc.ports.weekly_lists import WeeklyLists
from rec_svc.usecases.recommending import Draft, Listener, Recommending


class MakeWeeklyList:
    """Makes the list of a user and a week, and keeps it: the first one that is made stands."""

    def __init__(
        self,
        tracks: Tracks,
        listening: Listening,
        lists: WeeklyLists,
        recommending: Recommending,
        clock: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self._tracks = tracks
        self._listening = listening
        self._lists = lists
        self._recommending = recommending
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, listener: Listener, week: Week) -> KeptList:
        """The list that stands. One without tracks is kept by nobody. Raises Unavailable."""
        user_id = listener.user_id
        taste = await self._listening.taste(user_id)
        before = await self._lists.tracks_before(user_id, week, WEEKS_APART)
        seeds = taste.liked or await self._of_named_artists(taste)
        draft = await self._drafted(listener, taste, seeds, before)
        if before and len(draft.tracks) < TRACKS:
            draft = await self._drafted(listener, taste, seeds, frozenset())
        kept = _kept if taste.liked else _kept_by_artist
        made = WeeklyList(
            user_id=user_id,
            week=week,
            shown_id=self._new_id(),
            tracks=tuple(map(kept, draft.tracks)),
            source=draft.source,
            model_id=draft.model_id,
            made_at_ms=self._clock(),
            assignments=draft.assigned.arms,
            held_back=draft.assigned.held_back,
        )
        return await self._lists.keep(made) if made.tracks else KeptList(made)

    async def _of_named_artists(self, taste: Taste) -> Sequence[str]:
        """What stands for the taste of who took to nothing yet: tracks of artists they like."""
        named = {*taste.favorite_artists, *taste.followed_artists} - taste.blocked_artists
        tracks = await self._tracks.of_artists(named, MOST_ASKED) if named else ()
        return [track.id for track in tracks]

    async def _drafted(
        self, listener: Listener, taste: Taste, seeds: Sequence[str], before: frozenset[str]
    ) -> Draft:
        heard = frozenset(one.track_id for one in taste.listened)
        wanted = Wanted(
            left_out=heard | taste.saved | before,
            blocked_artists=taste.blocked_artists,
            premium=listener.premium,
        )
        return await self._recommending.draft(listener.user_id, seeds, wanted, TRACKS)


def _kept(one: Recommended) -> WeeklyTrack:
    because_of = "" if one.reason.track is None else one.reason.track.id
    return WeeklyTrack(one.track.id, one.score, one.reason.kind, because_of, one.propensity)


def _kept_by_artist(one: Recommended) -> WeeklyTrack:
    """The user did not play the track that it is because of, but named or follows its artist."""
    kept = _kept(one)
    return replace(kept, kind=ReasonKind.ARTIST_YOU_FOLLOW) if kept.because_of else kept
