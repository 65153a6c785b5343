"""Weeks of ISO 8601, at their edges."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from meshkit.clock import unix_ms
from rec_svc.domain.weeks import Week


def ms(*at: int) -> int:
    return unix_ms(datetime(*at, tzinfo=UTC))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("at", "week"),
    [
        ((2026, 11, 30), "2026-W49"),
        ((2026, 12, 27, 23, 59, 59), "2026-W52"),
        ((2026, 12, 28), "2026-W53"),
        ((2027, 1, 1), "2026-W53"),
        ((2027, 1, 3, 23, 59, 59), "2026-W53"),
        ((2027, 1, 4), "2027-W01"),
        ((2024, 12, 30), "2025-W01"),
    ],
)
def test_a_week_is_called_by_the_year_of_its_thursday(at: tuple[int, ...], week: str) -> None:
    assert str(Week.at(ms(*at))) == week


def test_a_week_begins_on_monday_at_midnight_and_ends_where_the_next_begins() -> None:
    week = Week(2026, 53)
    assert (week.begins_ms, week.ends_ms) == (ms(2026, 12, 28), ms(2027, 1, 4))
    assert Week.at(week.ends_ms - 1) == week
    assert Week.at(week.ends_ms) == Week(2027, 1)


def test_weeks_are_counted_back_over_the_year_and_keys_rise() -> None:
    assert Week(2027, 1).before(1) == Week(2026, 53)
    assert Week(2027, 2).before(4) == Week(2026, 51)
    keys = [Week(2027, 1).before(number).key for number in range(60, -1, -1)]
    assert keys == sorted(set(keys))
    assert [Week.of_key(key).key for key in keys] == keys
