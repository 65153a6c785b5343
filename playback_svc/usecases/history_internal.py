"""The plays of all users, as they are entered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

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

        Within a batch the token stays that of the batch before: who resumes there sees a few plays
        again and misses none. A step without a play brings a token alone. Ends when ``stop``
        is set; raises what the feed raises.
        """
        token = token or await self._feed.oldest()
        async for batch in self._feed.watch(token, stop=stop):
            plays = [change for change in batch.changes if change.entity == FEED_ENTITY]
            for play in plays[:-1]:
                yield token, play
            token = batch.token
            yield token, plays[-1] if plays else batch.caught_up
