"""Sizes, booleans that say nothing where they are passed, and names that mean two things."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.laws.sources import SERVICES, Function, Source

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
SPOKEN = {"__exit__", "__aexit__", "setattr"}
"""Whose parameters are Python's own."""


def long_files(files: Iterable[Source]) -> Iterator[str]:
    """Files of more than 400 lines."""
    for file in files:
        if file.lines > LONGEST_FILE:
            yield f"{file.path}: {file.lines} lines, at most {LONGEST_FILE}"


def long_functions(files: Iterable[Source]) -> Iterator[str]:
    """Functions of more than 60 lines, their docstrings apart: a command's is its help."""
    for file in files:
        for function in file.functions():
            length = _last(function) - function.lineno + 1
            if ast.get_docstring(function) is not None:
                length -= _last(function.body[0]) - function.body[0].lineno + 1
            if length > LONGEST_FUNCTION:
                place = f"{file.path}:{function.lineno}"
                yield f"{place}: {function.name} has {length} lines, at most {LONGEST_FUNCTION}"


def _last(node: Function | ast.stmt) -> int:
    return node.end_lineno or node.lineno


def positional_booleans(files: Iterable[Source]) -> Iterator[str]:
    """Parameters of type bool that callers may pass without their name."""
    for file in files:
        for function in file.functions():
            for parameter in _positional_booleans(function):
                place = f"{file.path}:{function.lineno}"
                yield f"{place}: {function.name} takes {parameter} by position; make it a keyword"


def _positional_booleans(function: Function) -> Iterator[str]:
    # What pytest passes to a test it passes by name.
    if function.name in SPOKEN or function.name.startswith("test_"):
        return
    taken = [*function.args.posonlyargs, *function.args.args]
    # A single parameter is what the function is about: set_shuffle(True) reads well.
    taken = taken[1:] if taken and taken[0].arg in ("self", "cls") else taken
    for parameter in taken[1:]:
        if isinstance(parameter.annotation, ast.Name) and parameter.annotation.id == "bool":
            yield parameter.arg


def names_twice(files: Iterable[Source]) -> Iterator[str]:
    """Public classes of one service that share a name."""
    for service in SERVICES:
        places: defaultdict[str, list[str]] = defaultdict(list)
        for file in files:
            if file.path.startswith(f"{service}/"):
                for one in file.classes():
                    if not one.name.startswith("_"):
                        places[one.name].append(file.path)
        for name, found in sorted(places.items()):
            if len(found) > 1:
                yield f"{name}: a class of this name in {' and in '.join(found)}"
