"""Times there and back, as stores and messages have them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from meshkit import clock
from meshkit.timestamps import timestamp_of, timestamp_of_ms, timestamp_of_us

TIMES_US = [0, 1, 999, 1_000, 1_700_000_000_123_456, -1, -1_500_000, 253_402_300_799_999_999]


@pytest.mark.parametrize("us", TIMES_US)
def test_microseconds_are_an_instant_and_lead_back_exactly(us: int) -> None:
    assert clock.unix_us(clock.instant_of_us(us)) == us


@pytest.mark.parametrize("us", TIMES_US)
def test_milliseconds_are_rounded_down(us: int) -> None:
    assert clock.unix_ms(clock.instant_of_us(us)) == us // 1_000


@pytest.mark.parametrize("us", TIMES_US)
def test_messages_have_the_time_that_protobuf_itself_makes_of_it(us: int) -> None:
    assert timestamp_of_us(us).ToMicroseconds() == us
    assert timestamp_of(clock.instant_of_us(us)).ToMicroseconds() == us
    assert timestamp_of_ms(us // 1_000).ToMilliseconds() == us // 1_000
    assert 0 <= timestamp_of_us(us).nanos < 1_000_000_000


def test_no_time_is_no_instant() -> None:
    assert clock.instant_or_none(None) is None
    assert clock.instant_or_none(0) == datetime(1970, 1, 1, tzinfo=UTC)
