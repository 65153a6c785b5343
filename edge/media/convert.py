"""Failures of media as the public API shows them, and batches of deliveries on the wire."""

from __future__ import annotations

from segue.playback.v1 import delivery_internal_service_pb2 as pb

from edge.media.domain.deliveries import Batch, Delivered, DeliveredSegment
from edge.media.domain.ranges import RangeUnsatisfiable
from edge.media.ports.object_store import ObjectMissing, StoreUnavailable
from meshkit.faults import Fault, InvalidArgument, NotFound, Unavailable

_RETRY_AFTER_S = 1.0


def to_fault(error: Exception) -> Fault:
    """What a caller may know of a failure; what it should not know becomes INTERNAL."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, ObjectMissing):
        return NotFound("There is no such object.", metadata={"resource": "object", "id": ""})
    if isinstance(error, StoreUnavailable):
        return Unavailable("The media cannot be read now.", retry_after_s=_RETRY_AFTER_S)
    if isinstance(error, RangeUnsatisfiable):
        return InvalidArgument.field("range", f"outside of the {error.total} bytes that there are")
    return Fault("Something failed inside Segue.")


def batch_message(batch: Batch) -> pb.ReportDeliveriesRequest:
    """A batch as playback takes it, and as it is kept on disk."""
    message = pb.ReportDeliveriesRequest(
        batch_id=batch.batch_id, deliveries=map(_delivery_message, batch.deliveries)
    )
    message.delivered_at.FromMilliseconds(batch.delivered_at_ms)
    return message


def _delivery_message(delivered: Delivered) -> pb.Delivery:
    return pb.Delivery(
        subject=delivered.subject,
        descriptor_sha256=delivered.descriptor,
        rung=delivered.rung,
        segments=[
            pb.DeliveredSegment(
                number=one.number, delivered_ms=one.delivered_ms, duration_ms=one.duration_ms
            )
            for one in delivered.segments
        ],
        bytes=delivered.bytes_sent,
    )


def batch_of(message: pb.ReportDeliveriesRequest) -> Batch:
    """The batch that ``batch_message`` made."""
    return Batch(
        message.batch_id,
        message.delivered_at.ToMilliseconds(),
        tuple(
            Delivered(
                one.subject,
                one.descriptor_sha256,
                one.rung,
                tuple(
                    DeliveredSegment(part.number, part.delivered_ms, part.duration_ms)
                    for part in one.segments
                ),
                one.bytes,
            )
            for one in message.deliveries
        ),
    )
