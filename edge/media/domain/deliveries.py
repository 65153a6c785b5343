"""What was sent of assets, and batches of it that are reported together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """What one answer is of: a part of an asset's rung, as one subject may have it.

    ``number`` is that of a media segment, 0 for the initialisation segment, whose sound lasts 0 ms.
    """

    subject: str
    descriptor: str
    rung: str
    number: int
    size: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class DeliveredSegment:
    """How much sound was sent of a media segment, in ms of its length."""

    number: int
    delivered_ms: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one subject was sent of one rung of an asset."""

    subject: str
    descriptor: str
    rung: str
    segments: tuple[DeliveredSegment, ...]
    bytes_sent: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries that are reported together, under an id that is given once."""

    batch_id: str
    delivered_at_ms: int
    deliveries: tuple[Delivered, ...]
