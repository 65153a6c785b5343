"""The files that the laws are about."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    *("meshkit", "catalog_svc", "playback_svc", "playlist_svc", "rec_svc", "sync_svc"),
    *("edge", "player", "localmesh", "bench", "docs", "protos", "tests"),
)
SERVICES = ("catalog_svc", "playback_svc", "playlist_svc", "rec_svc", "edge/identity", "edge/media")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """A file of ours by its path in the repository."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text, self.path)

    @property
    def lines(self) -> int:
        """How long it is."""
        return self.text.count("\n")

    def functions(self) -> Iterator[Function]:
        """All functions, methods and nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def classes(self) -> Iterator[ast.ClassDef]:
        """The classes of the file's top level."""
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef):
                yield node


def sources() -> list[Source]:
    """Every Python file of ours; nothing that is generated or installed."""
    found = (
        path
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if "node_modules" not in path.parts
    )
    return [Source(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in found]
