"""What was tried and what came of it, as the tables that a run ends with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

PRINTED: list[str] = []
"""The tables of this run, in the order in which they were finished."""


class Tally:
    """Counts outcomes by who tried and how; ``title`` says what was tried, ``rows`` by whom."""

    def __init__(self, title: str, rows: Iterable[str]) -> None:
        self._title = title
        self._counts: dict[str, Counter[str]] = {row: Counter() for row in rows}
        self._ways: Counter[str] = Counter()

    def add(self, who: str, way: str, came_to: str) -> None:
        """One attempt."""
        self._counts[who][came_to] += 1
        self._ways[way] += 1

    @property
    def calls(self) -> int:
        """How many attempts there were."""
        return self._ways.total()

    def show(self) -> None:
        """Has the table printed when the run ends."""
        ways = ", ".join(f"{way} {count:,}" for way, count in self._ways.items())
        rows = [(who, f"{n.total():,}", _counted(n)) for who, n in self._counts.items()]
        PRINTED.append("\n".join([f"{self._title}: {self.calls:,} calls ({ways})", *_table(rows)]))


def note(line: str) -> None:
    """One line that a run ends with."""
    PRINTED.append(line)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common())


def _table(rows: Iterable[tuple[str, str, str]]) -> list[str]:
    shown = list(rows)
    names, numbers = (max((len(row[i]) for row in shown), default=0) for i in (0, 1))
    return [f"  {name:<{names}}  {count:>{numbers}}  {rest}" for name, count, rest in shown]
