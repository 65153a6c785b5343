"""Publish how often tracks were played, now and then, to whoever consumes the catalogue's feed."""

from __future__ import annotations

from catalog_svc.ports.plays import PlayCounts
from meshkit.leases import Lease

EVERY_S = 300.0
"""How often a round is made, in seconds."""

MAX_A_ROUND = 5_000
"""Tracks published in a round at most: what the search index commits at once."""

_BATCH = 500


class PublishStreamCounts:
    """A round over the tracks whose count has grown by a tenth since it was published.

    A change for each play would have all consumers work for nothing: search orders by the
    logarithm of the count. So a track is published a number of times that grows with that
    logarithm, at most once a round, and popularity in search is minutes and a tenth behind. What
    else changes of a track publishes its count too. A round goes on where the last one ended, so
    that no track waits for others for ever; with a lease one instance makes it.
    """

    def __init__(self, counts: PlayCounts, lease: Lease | None = None) -> None:
        self._counts = counts
        self._lease = lease
        self._after = ""

    async def __call__(self) -> int:
        """Makes a round; returns how many tracks were published."""
        if self._lease is not None and not await self._lease.held():
            return 0
        published = 0
        while published < MAX_A_ROUND:
            limit = min(_BATCH, MAX_A_ROUND - published)
            ids = await self._counts.publish_outgrown(after=self._after, limit=limit)
            published += len(ids)
            self._after = ids[-1] if len(ids) == limit else ""
            if not self._after:
                break
        return published
