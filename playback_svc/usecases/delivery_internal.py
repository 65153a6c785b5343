"""Takes down what was delivered, as those who deliver it report it."""

from __future__ import annotations

from playback_svc.domain.deliveries import Batch
from playback_svc.ports.clock import Clock
from playback_svc.ports.deliveries import Deliveries
from playback_svc.ports.metrics import Metrics

REPORTED_WITHIN_MS = 24 * 3_600_000
"""A batch is reported for this long after it was delivered."""


class ReportDeliveries:
    """Counts batches, each once."""

    def __init__(self, deliveries: Deliveries, metrics: Metrics, clock: Clock) -> None:
        self._deliveries = deliveries
        self._metrics = metrics
        self._clock = clock

    def is_timely(self, delivered_at_ms: int) -> bool:
        """Whether a batch of that time can still be told from one that was counted."""
        return self._clock() - delivered_at_ms <= REPORTED_WITHIN_MS

    async def __call__(self, batch: Batch) -> None:
        """Returns once the batch is counted, now or before. Raises Unavailable."""
        unknown = await self._deliveries.count(batch, self._clock())
        self._metrics.count_unattributed(unknown)
