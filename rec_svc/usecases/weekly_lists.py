"""The lists of Discover Weekly: made once a week for each user, and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

from rec_svc.domain.kept_tracks import KeptTrack
from rec_svc.domain.listening import Taste
from rec_svc.domain.recommended import MOST_OF_ARTIST, ReasonKind, Recommended, Wanted
from rec_svc.domain.weekly_lists import TRACKS, WEEKS_APART, KeptList, WeeklyList
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
            draft = await self._filled(listener, taste, seeds, draft)
        kept = KeptTrack.of if taste.liked else _kept_by_artist
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
        self, listener: Listener, taste: Taste, seeds: Sequence[str], left_out: frozenset[str]
    ) -> Draft:
        heard = frozenset(one.track_id for one in taste.listened)
        wanted = Wanted(
            left_out=heard | taste.saved | left_out,
            blocked_artists=taste.blocked_artists,
            premium=listener.premium,
        )
        return await self._recommending.draft(listener.user_id, seeds, wanted, TRACKS)

    async def _filled(
        self, listener: Listener, taste: Taste, seeds: Sequence[str], draft: Draft
    ) -> Draft:
        """All of ``draft``, which has nothing of earlier lists, and some of these behind it."""
        counts = Counter(one.track.artist_id for one in draft.tracks)
        full = {artist_id for artist_id, count in counts.items() if count == MOST_OF_ARTIST}
        but_full = replace(taste, blocked_artists=taste.blocked_artists | full)
        there = frozenset(one.track.id for one in draft.tracks)
        earlier = await self._drafted(listener, but_full, seeds, there)
        any_ = Wanted(left_out=there, blocked_artists=frozenset(), premium=True)
        picks = {one.track.id: one for one in earlier.tracks}
        more = any_.chosen((one.track for one in earlier.tracks), draft.tracks)
        added = [picks[track.id] for track in islice(more, TRACKS - len(draft.tracks))]
        by = min((one for one in (draft, earlier) if one.tracks), key=_way, default=draft)
        model_id = draft.model_id or earlier.model_id
        tracks = (*draft.tracks, *added)
        return replace(draft, tracks=tracks, source=by.source, model_id=model_id)


def _way(draft: Draft) -> int:
    """Better ways are less."""
    return int(draft.source.value)


def _kept_by_artist(one: Recommended) -> KeptTrack:
    """The user did not play the track that it is because of, but named or follows its artist."""
    kept = KeptTrack.of(one)
    return replace(kept, kind=ReasonKind.ARTIST_YOU_FOLLOW) if kept.because_of else kept
