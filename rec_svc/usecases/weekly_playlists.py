"""Puts the lists of a week into their users' playlists, however often until each is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from meshkit.clock import instant_of_ms
from meshkit.faults import Fault, Unavailable
from rec_svc.domain.weekly_lists import SURFACE, KeptList, WeeklyList
from rec_svc.domain.weeks import Week
from rec_svc.ports.listening import Listening
from rec_svc.ports.managed_playlists import ManagedPlaylist, ManagedPlaylists
from rec_svc.ports.tracks import Tracks
from rec_svc.ports.weekly_lists import WeeklyLists

LOOK_EVERY_S: Final = 5.0
"""How often it is looked for lists that no playlist has yet."""

TITLE: Final = "Discover Weekly"
_AT_ONCE: Final = 20
_UNAVAILABLE_MS: Final = 30_000
_REFUSED_MS: Final = 600_000

_log = structlog.get_logger("discover")


class PutWeeklyLists:
    """Puts lists that are due into playlists; a put that is repeated changes nothing."""

    def __init__(
        self,
        lists: WeeklyLists,
        playlists: ManagedPlaylists,
        tracks: Tracks,
        listening: Listening,
        clock: Callable[[], int],
    ) -> None:
        self._lists = lists
        self._playlists = playlists
        self._tracks = tracks
        self._listening = listening
        self._clock = clock

    async def some(self) -> bool:
        """Puts some of this week's lists that are due; whether more may be.

        A list of a week that is over is put nowhere any more. Raises Unavailable.
        """
        now_ms = self._clock()
        due = await self._lists.due(Week.at(now_ms), now_ms, _AT_ONCE)
        for kept in due:
            if not await self(kept):
                return False
        return len(due) == _AT_ONCE

    async def __call__(self, kept: KeptList) -> str:
        """The playlist that has the list; empty where it does not have it yet.

        Never fails for the playlists' sake: then the list is due again later. Raises Unavailable.
        """
        made, now_ms = kept.list, self._clock()
        if kept.due_ms is None or kept.due_ms > now_ms or made.week != Week.at(now_ms):
            return kept.playlist_id
        try:
            playlist_id = await self._playlists.put(await self._wanted(made))
        except Fault as fault:
            rest_ms = _UNAVAILABLE_MS if isinstance(fault, Unavailable) else _REFUSED_MS
            _log.warning("list put off", reason=fault.reason, metadata=dict(fault.metadata))
            await self._lists.put_off(made.user_id, made.week, now_ms + rest_ms)
            return ""
        await self._lists.note_playlist(kept, playlist_id)
        return playlist_id

    async def _wanted(self, made: WeeklyList) -> ManagedPlaylist:
        known = await self._tracks.tracks(made.track_ids)
        blocked = await self._listening.blocked_artists(made.user_id)
        there = {id_ for id_, track in known.items() if track.artist_id not in blocked}
        track_ids = [id_ for id_ in made.track_ids if id_ in there]
        day = instant_of_ms(made.week.begins_ms)
        return ManagedPlaylist(
            user_id=made.user_id,
            key=SURFACE,
            edition=edition_of(made, track_ids),
            title=TITLE,
            description=f"Not heard yet. For the week from {day:%d %B %Y}.",
            track_ids=track_ids,
        )


def edition_of(made: WeeklyList, track_ids: Sequence[str]) -> int:
    """The edition of the week's playlist: it rises with the week, and in it as tracks leave."""
    return made.week.key * 100 + len(made.track_ids) - len(track_ids)
