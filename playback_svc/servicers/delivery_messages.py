"""Batches of deliveries on the wire, as the domain has them."""

from __future__ import annotations

from segue.playback.v1 import delivery_internal_service_pb2 as pb

from meshkit.faults import InvalidArgument
from playback_svc.domain.deliveries import Batch, Delivery, Part

MOST_SEGMENTS = 10_000


def batch(request: pb.ReportDeliveriesRequest) -> Batch:
    """The batch of a request that fits the rules of its fields. Raises InvalidArgument."""
    if sum(len(one.segments) for one in request.deliveries) > MOST_SEGMENTS:
        raise InvalidArgument.field("deliveries", f"must have at most {MOST_SEGMENTS} segments")
    try:
        delivered_at_ms = request.delivered_at.ToMilliseconds()
    except ValueError:
        raise InvalidArgument.field("delivered_at", "must be a time of years 1 to 9999") from None
    return Batch(
        request.batch_id,
        delivered_at_ms,
        tuple(_delivery(f"deliveries[{at}]", one) for at, one in enumerate(request.deliveries)),
    )


def _delivery(field: str, message: pb.Delivery) -> Delivery:
    if len({one.number for one in message.segments}) != len(message.segments):
        raise InvalidArgument.field(f"{field}.segments", "must name each segment once")
    parts = (_part(f"{field}.segments[{at}]", one) for at, one in enumerate(message.segments))
    return Delivery(
        message.subject, message.descriptor_sha256, message.rung, tuple(parts), message.bytes
    )


def _part(field: str, message: pb.DeliveredSegment) -> Part:
    if message.delivered_ms > message.duration_ms:
        raise InvalidArgument.field(f"{field}.delivered_ms", "must be 0 to duration_ms")
    return Part(message.number, message.delivered_ms, message.duration_ms)
