"""Follow the catalogue's changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from catalog_svc.domain.catalogue import SILENT_ALBUM, SILENT_ARTIST
from catalog_svc.ports.catalogue import CatalogueListing
from meshkit.feeds import CaughtUp, Change, ChangeFeed

_LISTED = frozenset({"artist", "album", "track"})
_TOLD = _LISTED | {SILENT_ARTIST, SILENT_ALBUM}


class WatchChanges:
    """All that there is, then the feed, change by change."""

    def __init__(self, feed: ChangeFeed, listing: CatalogueListing) -> None:
        self._feed = feed
        self._listing = listing

    async def __call__(
        self, token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[tuple[str, Change | CaughtUp | None]]:
        """Changes after ``token``, each with the token that resumes after it.

        Without a token everything there is comes first, with empty tokens: who is interrupted has
        to begin again. A step without a change then brings the token of before the listing, so
        that what changed meanwhile follows. Ends when ``stop`` is set, in a listing too.
        """
        if not token:
            token = await self._feed.head()
            async for change in self._everything(stop):
                yield "", change
            if stop.is_set():
                return
            yield token, None
        async for step in self._after(token, stop):
            yield step

    async def _everything(self, stop: asyncio.Event) -> AsyncIterator[Change]:
        async for changes in self._listing.everything(_LISTED):
            for change in changes:
                yield change
            if stop.is_set():
                return

    async def _after(
        self, token: str, stop: asyncio.Event
    ) -> AsyncIterator[tuple[str, Change | CaughtUp | None]]:
        """Within a batch the token stays that of the batch before: who resumes there sees a few
        changes again and misses none.
        """
        async for batch in self._feed.watch(token, stop=stop):
            told = [change for change in batch.changes if change.entity in _TOLD]
            for change in told[:-1]:
                yield token, change
            token = batch.token
            yield token, told[-1] if told else batch.caught_up
