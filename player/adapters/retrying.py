"""Retry round a fetcher: bounded, backed off, going on from the byte where it broke."""

from __future__ import annotations

from collections.abc import AsyncIterator

import stamina

from player.domain.playlist import ByteRange, Resource
from player.errors import NetworkFailed
from player.ports import Fetcher


class RetryingFetcher:
    """Decorates a Fetcher: NetworkFailed is retried, everything else passes through.

    Media is immutable, so that a second try may continue the first: a byte range asks for what is
    missing, a whole resource is read again and what was already delivered is dropped.
    """

    def __init__(self, inner: Fetcher, *, attempts: int = 5, first_wait_s: float = 0.1) -> None:
        self._inner = inner
        self._attempts = attempts
        self._first_wait_s = first_wait_s

    async def stream(self, resource: Resource) -> AsyncIterator[bytes]:
        """See Fetcher.stream."""
        delivered = 0
        async for attempt in stamina.retry_context(
            on=NetworkFailed,
            attempts=self._attempts,
            timeout=None,
            wait_initial=self._first_wait_s,
            wait_max=2.0,
            wait_jitter=self._first_wait_s,
        ):
            with attempt:
                rest, stale = _rest(resource, delivered)
                async for chunk in self._inner.stream(rest):
                    fresh = chunk[stale:]
                    stale -= len(chunk) - len(fresh)
                    delivered += len(fresh)
                    if fresh:
                        yield fresh

    async def close(self) -> None:
        """Close what is decorated."""
        await self._inner.close()


def _rest(resource: Resource, delivered: int) -> tuple[Resource, int]:
    """What to ask for next, and how many bytes of the answer are already delivered."""
    span = resource.byte_range
    if span is None:
        return resource, delivered
    return Resource(resource.url, ByteRange(span.offset + delivered, span.length - delivered)), 0
