"""One tail of the service's own feed, which wakes whoever watches a playlist."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from meshkit import telemetry
from meshkit.faults import Fault, OutOfRange
from meshkit.feeds import Change, ChangeFeed
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.playlists import HeadCache

ENTITY = "playlist"
"""What changes of playlists are filed under in the feed."""

_RETRY_S = 0.5

_log = structlog.get_logger("watching")


class Subscription:
    """Whoever watches one playlist. ``head`` is the newest that was told; None before the first."""

    def __init__(self) -> None:
        self.head: Head | None = None
        self.changed = asyncio.Event()

    def notify(self, head: Head | None) -> None:
        """Keep the head unless a newer one was told, and wake; None: look for yourself."""
        if head is None:
            self.head = None
        elif self.head is None or self.head.version < head.version:
            self.head = head
        self.changed.set()


class ChangeNotifier:
    """Tails the feed, once an instance, and puts every changed head into the cache.

    That mends the cache where a writer died between its commit and the put. ``decode`` reads a
    head from the payload of a change.
    """

    def __init__(self, feed: ChangeFeed, cache: HeadCache, decode: Callable[[bytes], Head]) -> None:
        self._feed = feed
        self._cache = cache
        self._decode = decode
        self._subscriptions: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._never = asyncio.Event()
        self._resyncs = 0

    @property
    def resyncs(self) -> int:
        """How often subscriptions were told to look for themselves: what was read since the last of
        these calls is as new as any of them wants."""
        return self._resyncs

    @contextmanager
    def subscribe(self, playlist_id: str) -> Iterator[Subscription]:
        """A watcher that is woken by every change of the playlist, until the block ends."""
        subscription = Subscription()
        subscriptions = self._subscriptions[playlist_id]
        subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            subscriptions.discard(subscription)
            if not subscriptions:
                self._subscriptions.pop(playlist_id, None)

    async def run(self) -> None:
        """Tails until cancelled; begins again where it was when the store goes away."""
        token = ""
        while True:
            try:
                if not token:
                    token = await self._feed.head()
                    # What changed while nobody tailed is found by looking.
                    self._notify_all()
                async for batch in self._feed.watch(token, stop=self._never):
                    if batch.changes:
                        await self._take(batch.changes)
                    token = batch.token
            except OutOfRange:
                token = ""
            except Fault as fault:
                telemetry.degraded.labels(part="live views", mode="late").inc()
                _log.warning("feed interrupted", reason=fault.reason)
                await asyncio.sleep(_RETRY_S)

    async def _take(self, changes: tuple[Change, ...]) -> None:
        newest: dict[str, Head] = {}
        for change in changes:
            if change.entity == ENTITY:
                head = self._decode(change.payload)
                held = newest.get(change.id)
                if held is None or held.version < head.version:
                    newest[change.id] = head
        await self._cache.put(list(newest.values()))
        for playlist_id, head in newest.items():
            for subscription in self._subscriptions.get(playlist_id, ()):
                subscription.notify(head)

    def _notify_all(self) -> None:
        self._resyncs += 1
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.notify(None)
