"""Tell what all users put into their collections of one sort, and take out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias

from meshkit.feed_steps import listed_then_changed
from meshkit.feeds import CaughtUp, Change, ChangeFeed
from playlist_svc.domain.collection_changes import CollectionChange, ItemChanged, decode

_PAGE = 500

PageOfAll: TypeAlias = Callable[[tuple[str, str], int], Awaitable[Sequence[ItemChanged]]]
"""``UserCollection.page_of_all``, or what answers like it."""


class CollectionFeed:
    """All that is in the collections, then the feed, change by change, of one ``entity``."""

    def __init__(self, feed: ChangeFeed, page_of_all: PageOfAll, entity: str) -> None:
        self._feed = feed
        self._page_of_all = page_of_all
        self._entity = entity

    async def __call__(
        self, token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[tuple[str, CollectionChange | CaughtUp | None]]:
        """Changes after ``token``, each with the token that resumes after it.

        ``meshkit.feed_steps`` says what comes when. What is listed has the version 0.
        """
        steps = listed_then_changed(self._feed, token, self._everything, self._told, stop=stop)
        async for step in steps:
            yield step

    async def _told(self, changes: tuple[Change, ...]) -> AsyncIterator[CollectionChange]:
        for change in changes:
            if change.entity == self._entity:
                yield decode(change)

    async def _everything(self, stop: asyncio.Event) -> AsyncIterator[ItemChanged]:
        after = ("", "")
        while page := await self._page_of_all(after, _PAGE):
            for there in page:
                yield there
            after = (page[-1].user_id, page[-1].thing_id)
            if stop.is_set():
                return
