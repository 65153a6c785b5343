"""The batch that makes the lists of a week for all who listened lately."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from rec_svc.domain.weeks import Week
from rec_svc.ports.listening import Listening
from rec_svc.ports.weekly_batches import WeeklyBatches
from rec_svc.ports.weekly_lists import WeeklyLists
from rec_svc.usecases.recommending import Listener
from rec_svc.usecases.weekly_lists import MakeWeeklyList

LOOK_EVERY_S: Final = 60.0
"""How often it is seen whether a week has begun."""

ACTIVE_MS: Final = 28 * 24 * 3_600_000
"""Who listened in so long before the week began gets the list of it without asking."""
PAGE: Final = 100
"""So many users are looked at between two notes of how far the batch is."""


class StartWeekly:
    """Starts the batch of a week that has begun."""

    def __init__(self, batches: WeeklyBatches, clock: Callable[[], int]) -> None:
        self._batches = batches
        self._clock = clock

    async def __call__(self) -> None:
        """Of several at once one starts it. Raises Unavailable."""
        await self._batches.start(Week.at(self._clock()))


class MakeWeeklyLists:
    """Makes the lists of a week, by the ids of users; killed, it goes on where it was.

    What plan a user is on is not known here: the lists have tracks that every plan may play.
    ``refresh`` is awaited for each page, so that models and experiments are those of today.
    """

    def __init__(
        self,
        batches: WeeklyBatches,
        listening: Listening,
        lists: WeeklyLists,
        make: MakeWeeklyList,
        *,
        refresh: Callable[[], Awaitable[None]],
        clock: Callable[[], int],
    ) -> None:
        self._batches = batches
        self._listening = listening
        self._lists = lists
        self._make = make
        self._refresh = refresh
        self._clock = clock

    async def __call__(self, week: Week) -> None:
        """Repeatable, and done at once where it is done; ends with its week. Raises Unavailable."""
        while week == Week.at(self._clock()):
            reached = await self._batches.reached(week)
            if reached is None:
                return
            page = await self._listening.listeners(reached, PAGE)
            if not page:
                await self._batches.finish(week)
                return
            await self._refresh()
            for user_id, last_ms in page:
                if last_ms >= week.begins_ms - ACTIVE_MS:
                    await self._make_one(user_id, week)
            await self._batches.reach(week, page[-1][0])

    async def _make_one(self, user_id: str, week: Week) -> None:
        if await self._lists.find(user_id, week) is None:
            await self._make(Listener(user_id, premium=False), week)
