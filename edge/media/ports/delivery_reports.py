"""Reports of what was delivered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from edge.media.domain.deliveries import Batch


class DeliveryReports(Protocol):
    """Who wants to know what was delivered."""

    async def report(self, batches: Sequence[Batch]) -> Collection[str]:
        """Reports batches; returns the ids of those that are counted for good, maybe not of all.

        A batch may be reported again. Raises Unavailable, and InvalidArgument where a batch of
        these is none.
        """
        ...
