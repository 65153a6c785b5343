"""What was delivered, counted in memory and as metrics."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from edge.media.domain.deliveries import Delivered, DeliveredSegment, Part
from meshkit.telemetry import counter

_delivered = counter("delivered_bytes", "Bytes of media that were sent.", ["rung"])
_dropped = counter("delivery_dropped_bytes", "Bytes that were forgotten unreported.")

# So many segments at most are counted together, so that every count fits into a batch.
_BLOCK = 1_000

_Key = tuple[str, str, str, int]


@dataclass(slots=True)
class _Count:
    """Bytes of a rung, and of each of its segments beside the segment itself."""

    bytes_sent: int = 0
    segments: dict[int, tuple[Part, int]] = field(default_factory=dict)

    def add(self, part: Part, bytes_sent: int) -> None:
        self.bytes_sent += bytes_sent
        if part.number:
            _, held = self.segments.get(part.number, (part, 0))
            self.segments[part.number] = (part, held + bytes_sent)


class MemoryLedger:
    """Counts by subject, asset, rung and a thousand segments; at most ``capacity`` of them.

    One beyond that drops the one that was silent for longest, and the drop is counted: with
    no reporter attached, memory stays bounded.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._counts: OrderedDict[_Key, _Count] = OrderedDict()

    def record(self, part: Part, bytes_sent: int) -> None:
        """See ports.DeliveryLedger."""
        _delivered.labels(part.rung).inc(bytes_sent)
        key = (part.subject, part.descriptor, part.rung, part.number // _BLOCK)
        self._counts.setdefault(key, _Count()).add(part, bytes_sent)
        self._counts.move_to_end(key)
        if len(self._counts) > self._capacity:
            _, forgotten = self._counts.popitem(last=False)
            _dropped.inc(forgotten.bytes_sent)

    def take(self, limit: int, segments: int) -> tuple[Delivered, ...]:
        """See ports.DeliveryLedger."""
        taken: list[Delivered] = []
        while self._counts and len(taken) < limit:
            key, count = next(iter(self._counts.items()))
            segments -= len(count.segments)
            if segments < 0:
                break
            del self._counts[key]
            sounds = tuple(_sound(*held) for held in count.segments.values())
            taken.append(Delivered(*key[:3], sounds, count.bytes_sent))
        return tuple(taken)


def _sound(part: Part, bytes_sent: int) -> DeliveredSegment:
    """The share of the segment's sound that its bytes hold, all of it at most."""
    share = min(bytes_sent, part.size) / part.size if part.size else 0.0
    return DeliveredSegment(part.number, round(part.duration_ms * share), part.duration_ms)
