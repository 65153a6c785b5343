"""Times as messages have them: google.protobuf.Timestamp of what the services keep."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from meshkit.clock import unix_us


def timestamp_of_ms(unix_ms: int) -> Timestamp:
    """Of Unix milliseconds."""
    return Timestamp(seconds=unix_ms // 1000, nanos=unix_ms % 1000 * 1_000_000)


def timestamp_of_us(unix_us: int) -> Timestamp:
    """Of Unix microseconds."""
    return Timestamp(seconds=unix_us // 1_000_000, nanos=unix_us % 1_000_000 * 1000)


def timestamp_of(instant: datetime) -> Timestamp:
    """Of an aware ``instant``, whose microseconds stay."""
    return timestamp_of_us(unix_us(instant))
