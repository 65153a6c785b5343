"""The table of docs/brief.md, read: calls, and the fields that are asked and answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "brief.md"
_FIELD = re.compile(r"`([a-z_.]+)`(\??) ([a-z]+)")
_ROW = re.compile(r"^\| `([A-Z]+) (/[^`]*)` \| (.*) \| (.*) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of JSON: its name, whether it may be absent, and what it is."""

    name: str
    optional: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """One call of the table."""

    verb: str
    path: str
    asked: tuple[Field, ...]
    answered: tuple[Field, ...]

    def __str__(self) -> str:
        return f"{self.verb} {self.path} {self.asked[0].name}"


def rows() -> list[Row]:
    """Every call of the table, in its order."""
    text = PAGE.read_text(encoding="utf-8")
    found = [
        Row(verb, path, _fields(asked), _fields(answered))
        for verb, path, asked, answered in _ROW.findall(text)
    ]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(found) == len(lines) - 2, "a line of the table is no row"
    return found


def _fields(cell: str) -> tuple[Field, ...]:
    read = [_FIELD.fullmatch(each) for each in cell.split(", ")]
    assert all(read), f"fields that cannot be read: {cell}"
    return tuple(Field(one[1], bool(one[2]), one[3]) for one in read if one)


def kind_of(value: Any) -> str:
    """What a value of JSON is, as the table says it; of an empty list, ``list``."""
    if isinstance(value, list):
        kinds = {kind_of(each) for each in value}
        assert len(kinds) <= 1, value
        return f"{kinds.pop()}s" if kinds else "list"
    kinds_of_one = {bool: "boolean", int: "number", float: "number", str: "string", dict: "object"}
    return kinds_of_one[type(value)]


def faults(row: Row, answer: Mapping[str, Any]) -> list[str]:
    """What an answer lacks or has of another kind than its row says."""
    absent: list[str] = []
    found = []
    for field in row.answered:
        if any(field.name.startswith(f"{name}.") for name in absent):
            continue
        values = _values(answer, field.name.split("."))
        if not values and field.optional:
            absent.append(field.name)
        elif not values:
            found.append(f"{field.name} is missing")
        found += [
            f"{field.name} is {kind}"
            for value in values
            if (kind := kind_of(value)) != field.kind and (kind, field.kind[-1]) != ("list", "s")
        ]
    return found


def _values(answer: Any, path: list[str]) -> list[Any]:
    """What stands at a path; it leads into each object of a list."""
    if not path:
        return [answer]
    each = answer if isinstance(answer, list) else [answer]
    return [value for one in each if path[0] in one for value in _values(one[path[0]], path[1:])]
