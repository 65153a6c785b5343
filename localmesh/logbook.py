"""Reading the log files of a mesh, whether it runs or not."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Self

from localmesh.faults import CommandRefused

_POLL_S = 0.2


def log_names(folder: Path, selection: str | None = None) -> tuple[str, ...]:
    """The processes that have a log in ``folder``, sorted.

    ``selection`` is a process (``catalog-1``) or a service (``catalog``: all its instances).
    Raises CommandRefused when it selects nothing.
    """
    names = tuple(sorted(path.stem for path in folder.glob("*.log")))
    if not names and selection is None:
        raise CommandRefused(f"nothing has been logged in {folder} yet")
    if selection is None:
        return names
    chosen = tuple(n for n in names if n == selection or n.rpartition("-")[0] == selection)
    if not chosen:
        known = ", ".join(names) or "none yet"
        raise CommandRefused(f"no process or service {selection} has a log; there are: {known}")
    return chosen


def recent_lines(folder: Path, names: tuple[str, ...], count: int) -> list[tuple[str, str]]:
    """The newest ``count`` lines of all ``names`` together as (process, line), oldest first.

    Lines begin with a timestamp that sorts as text.
    """
    lines: list[tuple[str, str]] = []
    for name in names:
        held: deque[str] = deque(maxlen=count)
        for path in (folder / f"{name}.log.1", folder / f"{name}.log"):
            if path.exists():
                with path.open(encoding="utf-8", errors="replace", newline="\n") as stream:
                    held.extend(line.rstrip("\n") for line in stream)
        lines.extend((name, line) for line in held)
    lines.sort(key=lambda entry: entry[1].split(" ", 1)[0])
    return lines[-count:]


class Follower:
    """What is appended to log files from now on, across their rotation. A context manager."""

    def __init__(self, folder: Path, selection: str | None) -> None:
        self._folder = folder
        self._selection = selection
        self._streams: dict[str, BinaryIO] = {}
        self._rest: dict[str, bytes] = {}
        for name in log_names(folder, selection):
            stream = (folder / f"{name}.log").open("rb")
            stream.seek(0, 2)
            self._streams[name] = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._streams.values():
            stream.close()

    def follow(
        self, keep_on: Callable[[], bool] = lambda: True, poll_s: float = _POLL_S
    ) -> Iterator[tuple[str, str]]:
        """(process, line) as they come, while ``keep_on()`` is true."""
        while keep_on():
            found = list(self._new_lines())
            yield from found
            if not found:
                time.sleep(poll_s)

    def _new_lines(self) -> Iterator[tuple[str, str]]:
        for name in log_names(self._folder, self._selection):
            if name not in self._streams:
                self._streams[name] = (self._folder / f"{name}.log").open("rb")
            yield from self._read(name)
            if self._rotated(name):
                # What came between the read and the rotation is still in the old file.
                yield from self._read(name)
                self._streams.pop(name).close()

    def _read(self, name: str) -> Iterator[tuple[str, str]]:
        chunk = self._rest.pop(name, b"") + self._streams[name].read()
        *lines, rest = chunk.split(b"\n")
        if rest:
            self._rest[name] = rest
        for line in lines:
            yield name, line.decode(errors="replace")

    def _rotated(self, name: str) -> bool:
        try:
            current = (self._folder / f"{name}.log").stat().st_ino
        except FileNotFoundError:
            return False
        return current != os.fstat(self._streams[name].fileno()).st_ino
