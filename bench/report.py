"""How a benchmark tells what it measured."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value, its unit, and the limit or peer it stands beside."""

    what: str
    value: float
    unit: str
    beside: str | None


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = ["| what | measured | beside |", "|---|---|---|"]
    for figure in figures:
        value = f"{figure.value:,.2f}" if abs(figure.value) < 100 else f"{figure.value:,.0f}"
        rows.append(f"| {figure.what} | {value} {figure.unit} | {figure.beside or ''} |")
    return "\n".join(rows)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of ``values`` lie, which are at least one."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def figures_of(module: str) -> list[Figure]:
    """What the benchmark in ``module`` measures now."""
    figures: list[Figure] = importlib.import_module(module).run()
    return figures
