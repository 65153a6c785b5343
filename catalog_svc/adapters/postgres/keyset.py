"""Statements of pages that walk along an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Order:
    """By which columns a list is sorted, the last of them an id; all of them rise or all fall.

    ``crossing``: the columns are those of several tables. A place of them all is no bound for the
    first one's index, so that it needs a bound of its own.
    """

    columns: tuple[str, ...]
    falls: bool = False
    crossing: bool = False


def page(
    select: str, conditions: Sequence[str], order: Order, after: Sequence[Any] | None
) -> tuple[str, dict[str, Any]]:
    """The statement of a page of ``%(limit)s`` rows after ``after``, and what places it."""
    names = [f"place_{number}" for number in range(len(order.columns))]
    side, direction = ("<", "DESC") if order.falls else (">", "ASC")
    told = list(conditions)
    if after is not None:
        places = ", ".join(f"%({name})s" for name in names)
        told.append(f"({', '.join(order.columns)}) {side} ({places})")
        if order.crossing:
            told.append(f"{order.columns[0]} {side}= %({names[0]})s")
    statement = (
        f"{select} WHERE {' AND '.join(told)} "
        f"ORDER BY {', '.join(f'{column} {direction}' for column in order.columns)} LIMIT %(limit)s"
    )
    return statement, dict(zip(names, after or (), strict=False))
