"""Delivered bytes, counted in memory and as metrics."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from edge.media.ports import Delivered
from meshkit.telemetry import counter

_delivered = counter("delivered_bytes", "Bytes of media that were sent.", ["rung"])
_dropped = counter("delivery_dropped_bytes", "Bytes whose session was forgotten unreported.")


class MemoryLedger:
    """Counts of the last ``capacity`` sessions.

    A session beyond that drops the one that was silent for longest, and the drop is counted: with
    no reporter attached, memory stays bounded.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._sessions: OrderedDict[str, dict[str, int]] = OrderedDict()

    def record(self, session_id: str, rung: str, bytes_sent: int) -> None:
        """See ports.DeliveryLedger."""
        _delivered.labels(rung).inc(bytes_sent)
        rungs = self._sessions.setdefault(session_id, {})
        rungs[rung] = rungs.get(rung, 0) + bytes_sent
        self._sessions.move_to_end(session_id)
        if len(self._sessions) > self._capacity:
            _, forgotten = self._sessions.popitem(last=False)
            _dropped.inc(sum(forgotten.values()))

    def take(self, limit: int) -> Sequence[Delivered]:
        """See ports.DeliveryLedger."""
        taken = []
        for _ in range(min(limit, len(self._sessions))):
            session_id, rungs = self._sessions.popitem(last=False)
            taken += [Delivered(session_id, rung, count) for rung, count in rungs.items()]
        return taken
