"""Tell what all users put into their collections of one sort, and take out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from meshkit.feeds import CaughtUp, ChangeFeed
from playlist_svc.domain.collection_changes import CollectionChange, ItemChanged, decode
from playlist_svc.ports.library import UserCollection

_PAGE = 500


class CollectionFeed:
    """All that is in the collections, then the feed, change by change, of one ``entity``."""

    def __init__(self, feed: ChangeFeed, collection: UserCollection[Any], entity: str) -> None:
        self._feed = feed
        self._collection = collection
        self._entity = entity

    async def __call__(
        self, token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[tuple[str, CollectionChange | CaughtUp | None]]:
        """Changes after ``token``, each with the token that resumes after it.

        Without a token everything comes first, with empty tokens and versions of 0: who is
        interrupted has to begin again. A step without a change then brings the token of before the
        listing, so that what changed meanwhile follows. Ends when ``stop`` is set.
        """
        if not token:
            token = await self._feed.head()
            async for there in self._everything(stop):
                yield "", there
            if stop.is_set():
                return
            yield token, None
        async for batch in self._feed.watch(token, stop=stop):
            told = [decode(one) for one in batch.changes if one.entity == self._entity]
            for change in told[:-1]:
                yield token, change
            token = batch.token
            yield token, told[-1] if told else batch.caught_up

    async def _everything(self, stop: asyncio.Event) -> AsyncIterator[ItemChanged]:
        after = ("", "")
        while page := await self._collection.everyones(after, _PAGE):
            for there in page:
                yield there
            after = (page[-1].user_id, page[-1].thing_id)
            if stop.is_set():
                return
