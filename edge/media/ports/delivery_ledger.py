"""Counts of what was sent, in memory."""

from __future__ import annotations

from typing import Protocol

from edge.media.domain.deliveries import Delivered, Part


class DeliveryLedger(Protocol):
    """Counts what each subject was sent, until it is taken on to be reported."""

    def record(self, part: Part, bytes_sent: int) -> None:
        """Adds to the count. Must not block and must not fail."""
        ...

    def take(self, limit: int, segments: int) -> tuple[Delivered, ...]:
        """Removes and returns at most ``limit`` counts, with at most ``segments`` in all.

        The longest silent come first. Every recorded byte must be in exactly one answer; none is
        left out for good where ``segments`` is 1,000 or more.
        """
        ...
