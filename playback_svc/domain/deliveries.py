"""What was delivered of media: bytes that count for a user, sound that can have been heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Part:
    """What was sent of the media segment ``number``: ``delivered_ms`` of its ``duration_ms``."""

    number: int
    delivered_ms: int
    duration_ms: int

    def joined(self, other: Part) -> Part:
        """Both together, no more than the whole segment."""
        duration_ms = max(self.duration_ms, other.duration_ms)
        delivered_ms = min(self.delivered_ms + other.delivered_ms, duration_ms)
        return Part(self.number, delivered_ms, duration_ms)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one subject, a session or a grant to download, was sent of one rung of an asset.

    ``descriptor`` is the SHA-256 (hex) of the asset's descriptor.
    """

    subject: str
    descriptor: str
    rung: str
    parts: tuple[Part, ...]
    bytes_sent: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries that are reported together, under an id that is given once."""

    batch_id: str
    delivered_at_ms: int
    deliveries: tuple[Delivery, ...]

    @property
    def subjects(self) -> list[str]:
        """Whom it tells of, each once, in one order for all batches."""
        return sorted({one.subject for one in self.deliveries})

    def counts_at_ms(self, now_ms: int) -> int:
        """When it counts as delivered: never later than now, however far a clock is ahead."""
        return min(self.delivered_at_ms, now_ms)

    def marked_at_ms(self, now_ms: int) -> int:
        """From when on it can be forgotten that it was counted, as long as batches are taken.

        One from ahead is taken for longer, and would else come again when its mark is gone.
        """
        return max(self.delivered_at_ms, now_ms)


class PartKey(NamedTuple):
    """A segment of an asset that a session was sent; the same number is the same in every rung."""

    session_id: str
    descriptor: str
    number: int


def parts_of(deliveries: Iterable[Delivery]) -> Mapping[PartKey, Part]:
    """The segments of deliveries, each once, in one order for all batches."""
    found: dict[PartKey, Part] = {}
    for one in deliveries:
        for part in one.parts:
            key = PartKey(one.subject, one.descriptor, part.number)
            found[key] = found[key].joined(part) if key in found else part
    return dict(sorted(found.items()))


def bytes_of(deliveries: Iterable[Delivery]) -> Mapping[str, int]:
    """How many bytes each subject was sent."""
    found: dict[str, int] = {}
    for one in deliveries:
        found[one.subject] = found.get(one.subject, 0) + one.bytes_sent
    return found


def month_of(unix_ms: int) -> date:
    """The first day of the month in UTC, by which bytes are added up."""
    return datetime.fromtimestamp(unix_ms / 1000, UTC).date().replace(day=1)
