"""The plays of all users, as they are entered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from meshkit.feed_steps import changed
from meshkit.feeds import CaughtUp, Change, ChangeFeed
from playback_svc.ports.plays import FEED_ENTITY


class WatchPlays:
    """The feed of plays, those of private sessions never in it."""

    def __init__(self, feed: ChangeFeed) -> None:
        self._feed = feed

    async def __call__(
        self, token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[tuple[str, Change | CaughtUp | None]]:
        """Plays after ``token``, each with the token that resumes after it; '' is from the first.

        ``meshkit.feed_steps`` says what comes when. Ends when ``stop`` is set; raises what the
        feed raises.
        """
        token = token or await self._feed.oldest()
        async for step in changed(self._feed, token, _plays, stop=stop):
            yield step


async def _plays(changes: tuple[Change, ...]) -> AsyncIterator[Change]:
    for change in changes:
        if change.entity == FEED_ENTITY:
            yield change
