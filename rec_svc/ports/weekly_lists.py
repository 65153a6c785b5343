"""The lists of Discover Weekly, as they were made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rec_svc.domain.weekly_lists import KeptList, WeeklyList
from rec_svc.domain.weeks import Week


class WeeklyLists(Protocol):
    """Lists by user and week. All calls raise Unavailable.

    That a user blocks an artist, or no longer, makes the list of this week due anew.
    """

    async def find(self, user_id: str, week: Week) -> KeptList | None:
        """The list of that week; None where none was made."""
        ...

    async def keep(self, made: WeeklyList) -> KeptList:
        """Must keep the list unless the user has one of that week, and tell the one that is kept.

        It is due in the user's playlist at once. Of two at once one must be kept, and both told of
        it. Of an erased user nothing must be kept: then the list is told as it was given.
        """
        ...

    async def due(self, week: Week, now_ms: int, limit: int) -> Sequence[KeptList]:
        """At most ``limit`` lists of the week that are due by then, due longest first."""
        ...

    async def note_playlist(self, kept: KeptList, playlist_id: str) -> None:
        """Must note that the user's playlist has the list, as it was when it was ``kept``.

        It is due no more, unless it became due anew meanwhile.
        """
        ...

    async def put_off(self, user_id: str, week: Week, until_ms: int) -> None:
        """Must make the list due then, unless the playlist has it."""
        ...

    async def tracks_before(self, user_id: str, week: Week, weeks: int) -> frozenset[str]:
        """ULIDs of the tracks in the user's lists of so many weeks before that one."""
        ...

    async def erase(self, user_id: str) -> None:
        """Must forget the lists of the user."""
        ...

    async def prune(self, before: Week) -> int:
        """Must drop what was made for weeks before that one; returns how many lists went."""
        ...
