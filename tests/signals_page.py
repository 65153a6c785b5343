"""The series that docs/signals.md names, and those that the code declares."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs import openapi

ROOT = Path(openapi.__file__).parent.parent
PAGE = (ROOT / "docs" / "signals.md").read_text(encoding="utf-8")
_CODE = ("meshkit", "catalog_svc", "playback_svc", "playlist_svc", "rec_svc", "edge", "localmesh")
_KINDS = ("counter", "gauge", "histogram")


@dataclass(frozen=True, slots=True)
class Series:
    """A series as Prometheus reads it."""

    name: str
    kind: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the page's table of series."""

    series: Series
    told_by: tuple[str, ...]

    @property
    def family(self) -> str:
        """What Prometheus calls the series where it says its kind."""
        return self.series.name.removesuffix("_total")


def rows() -> list[Row]:
    """The rows of the table of series."""
    table = PAGE.partition("## Series of ours")[2].partition("\n## ")[0]
    found = []
    for line in table.splitlines():
        if line.startswith("| `segue_"):
            name, kind, labels, told_by, _ = (cell.strip() for cell in line.strip("|").split("|"))
            series = Series(name.strip("`"), kind, tuple(_listed(labels.replace("`", ""))))
            found.append(Row(series, tuple(_listed(told_by))))
    return found


def declared() -> list[Series]:
    """Every series that the code makes by meshkit.telemetry or by the client library itself."""
    paths = (path for folder in _CODE for path in (ROOT / folder).rglob("*.py"))
    return [series for path in paths for series in _declared_in(path)]


def _declared_in(path: Path) -> Iterator[Series]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        first = node.args[0]
        if called.lower() not in _KINDS or not isinstance(first, ast.Constant):
            continue
        name = first.value if called[0].isupper() else f"segue_{first.value}"
        if str(name).startswith("segue_"):
            kind = called.lower()
            ending = "_total" if kind == "counter" else ""
            yield Series(f"{name}{ending}", kind, _labels(node))


def _labels(call: ast.Call) -> tuple[str, ...]:
    lists = (one for one in (*call.args, *(each.value for each in call.keywords)))
    for one in lists:
        if isinstance(one, ast.List):
            return tuple(str(each.value) for each in one.elts if isinstance(each, ast.Constant))
    return ()


def _listed(cell: str) -> list[str]:
    return [one.strip() for one in cell.split(",") if one.strip()]
