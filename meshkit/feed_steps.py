"""What a service tells of its feed to those who keep a copy: a listing, then the changes.

Every step is a token and what is told with it; the token resumes after it. Without a token
everything there is comes first, with empty tokens: who is interrupted has to begin again. A step
that tells nothing then brings the token of before the listing, so that what changed meanwhile
follows. Within a batch the token stays that of the batch before: who resumes there sees a few
changes again and misses none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from meshkit.feeds import CaughtUp, Change, ChangeFeed

T = TypeVar("T")
Listing = Callable[[asyncio.Event], AsyncIterator[T]]
"""Tells each thing that there is; ends early where the event is set."""

Telling = Callable[[tuple[Change, ...]], AsyncIterator[T]]
"""Tells those changes of a batch that the reader is to know."""


async def listed_then_changed(
    feed: ChangeFeed, token: str, listing: Listing[T], telling: Telling[T], *, stop: asyncio.Event
) -> AsyncIterator[tuple[str, T | CaughtUp | None]]:
    """Everything, unless there is a token, then what changes, until ``stop`` is set.

    It ends in a listing too. Raises what ``ChangeFeed.watch`` raises.
    """
    if not token:
        token = await feed.head()
        async for there in listing(stop):
            yield "", there
        if stop.is_set():
            return
        yield token, None
    async for step in changed(feed, token, telling, stop=stop):
        yield step


async def changed(
    feed: ChangeFeed, token: str, telling: Telling[T], *, stop: asyncio.Event
) -> AsyncIterator[tuple[str, T | CaughtUp | None]]:
    """What changes after ``token``, as above; raises what ``ChangeFeed.watch`` raises."""
    async for batch in feed.watch(token, stop=stop):
        last: T | None = None
        async for told in telling(batch.changes):
            if last is not None:
                yield token, last
            last = told
        token = batch.token
        yield token, last if last is not None else batch.caught_up
