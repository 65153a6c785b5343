"""DeliveryInternalService on the wire."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from segue.playback.v1 import delivery_internal_service_pb2 as pb
from segue.playback.v1.delivery_internal_service_pb2_grpc import DeliveryInternalServiceServicer

from meshkit.faults import InvalidArgument, Unavailable
from meshkit.server_context import Context
from playback_svc.servicers import delivery_messages
from playback_svc.usecases.delivery_internal import ReportDeliveries

MOST_CALLS = 16
MOST_BATCHES = 100
_LONGEST_S = 30.0


class DeliveryServicer(DeliveryInternalServiceServicer):
    """Takes reports, so many at a time, each for so long."""

    def __init__(self, count: ReportDeliveries) -> None:
        self._count = count
        self._limits: set[asyncio.Timeout] = set()

    async def drain(self) -> None:
        """Has every call answered with what was counted so far."""
        for limit in self._limits:
            limit.reschedule(asyncio.get_running_loop().time())

    async def ReportDeliveries(
        self, requests: AsyncIterator[pb.ReportDeliveriesRequest], context: Context
    ) -> pb.ReportDeliveriesResponse:
        if len(self._limits) >= MOST_CALLS:
            raise Unavailable(
                "Other reports are being taken.", reason="OVERLOADED", retry_after_s=1.0
            )
        answer = pb.ReportDeliveriesResponse()
        limit = asyncio.timeout(_LONGEST_S)
        self._limits.add(limit)
        try:
            # What is being counted when the time is over may be counted or not: it is not named.
            with contextlib.suppress(TimeoutError):
                async with limit:
                    await self._take(requests, answer)
        finally:
            self._limits.discard(limit)
        return answer

    async def _take(
        self,
        requests: AsyncIterator[pb.ReportDeliveriesRequest],
        answer: pb.ReportDeliveriesResponse,
    ) -> None:
        async for request in requests:
            batch = delivery_messages.batch(request)
            if not self._count.is_timely(batch.delivered_at_ms):
                raise InvalidArgument.field("delivered_at", "must not be over 24 hours ago")
            await self._count(batch)
            answer.batch_ids.append(batch.batch_id)
            if len(answer.batch_ids) == MOST_BATCHES:
                break
