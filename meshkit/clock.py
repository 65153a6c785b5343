"""Times as they are stored and told: Unix milliseconds, and instants of PostgreSQL."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def unix_ms(instant: datetime) -> int:
    """Unix milliseconds of an aware ``instant``, rounded down; exact where a float is not."""
    return (instant - _EPOCH) // _MILLISECOND


def unix_us(instant: datetime) -> int:
    """Unix microseconds of an aware ``instant``."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of_ms(ms: int) -> datetime:
    """The instant in UTC of Unix milliseconds."""
    return _EPOCH + ms * _MILLISECOND


def instant_of_us(us: int) -> datetime:
    """The instant in UTC of Unix microseconds."""
    return _EPOCH + us * _MICROSECOND


def instant_or_none(ms: int | None) -> datetime | None:
    """The instant in UTC of Unix milliseconds, if there are any."""
    return None if ms is None else instant_of_ms(ms)
