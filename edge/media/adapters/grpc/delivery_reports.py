"""Reports of deliveries to the playback service."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from segue.playback.v1 import delivery_internal_service_pb2 as pb
from segue.playback.v1.delivery_internal_service_pb2_grpc import DeliveryInternalServiceStub

from edge.media.convert import batch_message
from edge.media.domain.deliveries import Batch

PLAYBACK = pb.DESCRIPTOR.services_by_name["DeliveryInternalService"]

# Above the 30 s that playback takes for a call, after which it says what it has counted.
_TIMEOUT_S = 35.0


class PlaybackReports:
    """``DeliveryReports`` over one client stream for each report."""

    def __init__(self, stub: DeliveryInternalServiceStub) -> None:
        self._stub = stub

    async def report(self, batches: Sequence[Batch]) -> Collection[str]:
        """See ports.DeliveryReports."""
        messages = [batch_message(batch) for batch in batches]
        answer = await self._stub.ReportDeliveries(iter(messages), timeout=_TIMEOUT_S)
        return frozenset(answer.batch_ids)
