"""Weeks of ISO 8601: each begins on Monday at 00:00 UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from meshkit.clock import instant_of_ms, unix_ms

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week; ``year`` is that of its Thursday, ``number`` 1 to 53."""

    year: int
    number: int

    @classmethod
    def at(cls, ms: int) -> Week:
        """The week that Unix milliseconds are in."""
        year, number, _ = instant_of_ms(ms).isocalendar()
        return cls(year, number)

    @classmethod
    def of_key(cls, key: int) -> Week:
        """The week of a ``key``."""
        return cls(*divmod(key, 100))

    @property
    def key(self) -> int:
        """A number that rises from week to week, such as 202653."""
        return self.year * 100 + self.number

    @property
    def begins_ms(self) -> int:
        """When it begins, in Unix milliseconds."""
        return unix_ms(self._begins)

    @property
    def ends_ms(self) -> int:
        """When the next one begins, in Unix milliseconds."""
        return unix_ms(self._begins + _WEEK)

    def before(self, weeks: int) -> Week:
        """The one so many weeks earlier."""
        return Week.at(unix_ms(self._begins - weeks * _WEEK))

    @property
    def _begins(self) -> datetime:
        return datetime.fromisocalendar(self.year, self.number, 1).replace(tzinfo=UTC)

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.number:02}"
