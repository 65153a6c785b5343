"""Alarms to the second, for things of which there are tens of thousands: none needs a timer."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Thing = TypeVar("Thing", bound=Hashable)


class Alarms(Generic[Thing]):
    """When things are due, to the second; nothing is kept of one whose alarm is off.

    It rings when it is asked, so that nothing needs a timer of its own. Times are Unix seconds.
    """

    def __init__(self, now_s: float) -> None:
        self._rung_until_s = int(now_s)
        self._by_second: dict[int, set[Thing]] = {}
        self._second_of: dict[Thing, int] = {}

    def __len__(self) -> int:
        return len(self._second_of)

    @property
    def next_s(self) -> int | None:
        """The second in which the next alarm rings; None where none is set."""
        return min(self._by_second, default=None)

    def set(self, thing: Thing, at_s: float) -> int:
        """The thing is due once ``at_s`` is over, and no earlier: in the second returned."""
        self.off(thing)
        second = max(int(at_s), self._rung_until_s) + 1
        self._second_of[thing] = second
        self._by_second.setdefault(second, set()).add(thing)
        return second

    def off(self, thing: Thing) -> None:
        """The thing is not due any more."""
        second = self._second_of.pop(thing, None)
        if second is None:
            return
        due = self._by_second[second]
        due.remove(thing)
        if not due:
            del self._by_second[second]

    def ring(self, now_s: float) -> Iterator[Thing]:
        """What is due by ``now_s``, oldest first; each is off by then and may be set again."""
        self._rung_until_s = max(self._rung_until_s, int(now_s))
        for second in sorted(one for one in self._by_second if one <= self._rung_until_s):
            for thing in tuple(self._by_second.get(second, ())):
                self.off(thing)
                yield thing
