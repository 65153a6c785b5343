"""Which variables of the environment the code reads, and what those are for that settings lack."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = (
    "meshkit",
    "edge",
    "localmesh",
    "player",
    "catalog_svc",
    "playback_svc",
    "playlist_svc",
    "rec_svc",
)
# What only tests run.
_TESTS = Path("meshkit/testing")
# Those that look through all variables: settings of a prefix, and what children inherit.
_READ_ALL = frozenset(
    {"meshkit/settings.py", "localmesh/processes.py", "localmesh/python_children.py"}
)
_METHODS = frozenset({"get", "setdefault", "pop", "__getitem__"})


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that is read outside of settings objects; ``default`` in the page's words."""

    default: str
    meaning: str


OUTSIDE_OF_SETTINGS: Mapping[str, Variable] = {
    "EDITOR": Variable("none", "The editor of `segue playlist edit`, where VISUAL names none."),
    "JAVA_HOME": Variable("none", "Where Spark finds Java that is in no folder of PATH."),
    "GRPC_ENABLE_FORK_SUPPORT": Variable(
        "`0`", "gRPC's own: nothing here uses it across a fork, and it would warn at every child."
    ),
    "OPENBLAS_NUM_THREADS": Variable(
        "`1` where recommendations serve", "numpy's own: over how many threads it computes."
    ),
    "PATH": Variable("the system's", "Where PostgreSQL and Valkey find what they start."),
    "SEGUE_DIR": Variable(
        "the user's data folder", "The folder that holds everything of the mesh, as `--dir` does."
    ),
    "SEGUE_OTLP_ENDPOINT": Variable(
        "none", "The collector of traces (OTLP over gRPC) of every process that `mesh up` starts."
    ),
    "VISUAL": Variable("none", "The editor of `segue playlist edit`."),
}


@dataclass(frozen=True, slots=True)
class Read:
    """A place that reads a variable; ``name`` is None where the syntax does not tell which."""

    where: str
    name: str | None


def reads() -> list[Read]:
    """Every place of the code, tests apart, that reads a variable of the environment."""
    files = (file for package in _PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    return [
        read
        for file in files
        if not (relative := file.relative_to(ROOT)).is_relative_to(_TESTS)
        for read in reads_of(file.read_text(encoding="utf-8"), relative)
    ]


def reads_of(source: str, file: Path) -> Iterator[Read]:
    """The reads in the text of one file; ``file`` is its path from the root."""
    tree = ast.parse(source)
    named: set[int] = set()
    for node in ast.walk(tree):
        key = _key(node)
        if key is None:
            continue
        named |= {id(inner) for inner in ast.walk(node) if _is_environment(inner)}
        yield Read(f"{file}:{node.lineno}", _text(key, file))
    for node in ast.walk(tree):
        if _is_environment(node) and id(node) not in named and str(file) not in _READ_ALL:
            yield Read(f"{file}:{node.lineno}", None)


def _key(node: ast.AST) -> ast.expr | None:
    """What names the variable that ``node`` reads; None where it reads none."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=attr), args=[key, *_]) if (
            _is_environment(value) and attr in _METHODS
        ):
            return key
        case ast.Call(func=ast.Attribute(attr="getenv") | ast.Name(id="getenv"), args=[key, *_]):
            return key
        case ast.Subscript(value=value, slice=key) if _is_environment(value):
            return key
        case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[value]) if (
            _is_environment(value)
        ):
            return key
        case ast.keyword(arg="env_var", value=key):
            return key
    return None


def _is_environment(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr="environ") | ast.Name(id="environ"):
            return True
    return False


def _text(key: ast.expr, file: Path) -> str | None:
    """The text of a literal, or of a constant of the file's module."""
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value
    if isinstance(key, ast.Name):
        module = importlib.import_module(".".join(file.with_suffix("").parts))
        found = getattr(module, key.id, None)
        return found if isinstance(found, str) else None
    return None


def unexplained(known: set[str]) -> list[str]:
    """What is wrong with the page: reads of what is in no settings object (``known`` are theirs)
    and not explained above, reads that do not tell their name, and explanations of nothing.
    """
    found = reads()
    names = {read.name for read in found}
    told = known | OUTSIDE_OF_SETTINGS.keys()
    return [
        *(f"{r.where} does not tell which variable it reads" for r in found if r.name is None),
        *(f"{r.where} reads {r.name}" for r in found if r.name and r.name not in told),
        *(f"nothing reads {name}" for name in sorted(OUTSIDE_OF_SETTINGS.keys() - names)),
    ]
