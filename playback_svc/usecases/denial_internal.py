"""What was taken back of media paths, for whoever serves them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from meshkit.feed_steps import listed_then_changed
from meshkit.feeds import CaughtUp, Change, ChangeFeed
from playback_svc.ports.clock import Clock
from playback_svc.ports.denials import FEED_ENTITY, Denials

_PAGE = 500


class WatchDenials:
    """The denials that are in force, and the feed of those that follow."""

    def __init__(self, feed: ChangeFeed, denials: Denials, clock: Clock) -> None:
        self._feed = feed
        self._denials = denials
        self._clock = clock

    async def __call__(
        self, token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[tuple[str, Change | CaughtUp | None]]:
        """Denials after ``token``, each with the token that resumes after it; '' lists first.

        ``meshkit.feed_steps`` says what comes when. Ends when ``stop`` is set; raises what the
        feed and the store raise.
        """
        steps = listed_then_changed(self._feed, token, self._in_force, _denials, stop=stop)
        async for step in steps:
            yield step

    async def _in_force(self, stop: asyncio.Event) -> AsyncIterator[Change]:
        after = ""
        while not stop.is_set():
            page = await self._denials.in_force(after, self._clock(), _PAGE)
            for denial in page:
                yield denial
            if len(page) < _PAGE:
                return
            after = page[-1].id


async def _denials(changes: tuple[Change, ...]) -> AsyncIterator[Change]:
    for change in changes:
        if change.entity == FEED_ENTITY:
            yield change
