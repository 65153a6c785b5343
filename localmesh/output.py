"""Where the words of the processes go: bounded files, and one interleaved stream for people."""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Literal, TextIO

from meshkit.clock import utc_now

LogFormat = Literal["console", "json"]

_FILE_BYTES = 8 * 1024 * 1024
_LINE_BYTES = 64 * 1024
_TAIL_LINES = 20
_COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
_PREFIX_WIDTH = 16


def timestamp() -> str:
    """Now in UTC, RFC 3339 with milliseconds: sorts as text."""
    return utc_now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def open_private(path: Path, mode: Literal["ab", "wb"]) -> FileIO:
    """Open a file that its owner alone may read (0600), unbuffered."""
    stream = FileIO(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600))
    # One that an earlier version made may still be open to others.
    os.fchmod(stream.fileno(), 0o600)
    return stream


class LogFile:
    """One process's log: ``<timestamp> <line>``, rotated once into ``<name>.1`` at its bound.

    Its owner alone may read it (0600): it tells who listens to what.
    """

    def __init__(self, path: Path, bound_bytes: int = _FILE_BYTES) -> None:
        self._path = path
        self._bound_bytes = bound_bytes
        self._stream = open_private(path, "ab")

    def write(self, line: str) -> None:
        """Append one line."""
        encoded = f"{timestamp()} {line}\n".encode(errors="replace")
        if self._stream.tell() + len(encoded) > self._bound_bytes:
            self._stream.close()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._stream = open_private(self._path, "ab")
        self._stream.write(encoded)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class LineSplitter:
    """Turns chunks of bytes into lines; a line beyond 64 KiB is cut, never held in memory."""

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take a chunk, emit every line that it completes."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._send(line)
        while len(rest) > _LINE_BYTES:
            self._send(rest[:_LINE_BYTES])
            rest = rest[_LINE_BYTES:]
        self._rest = rest

    def finish(self) -> None:
        """Emit what is left without an end of line."""
        if self._rest:
            self._send(self._rest)
            self._rest = b""

    def _send(self, line: bytes) -> None:
        self._emit(line.rstrip(b"\r").decode(errors="replace"))


class Output:
    """The words of all processes: to a file each, and to ``stream`` when there is one."""

    def __init__(self, folder: Path, stream: TextIO | None, log_format: LogFormat) -> None:
        self._folder = folder
        self._stream = stream
        self._format = log_format
        self._coloured = log_format == "console" and stream is not None and stream.isatty()
        self._files: dict[str, LogFile] = {}
        self._tails: dict[str, deque[str]] = {}
        self._colours: dict[str, int] = {}

    def line(self, process: str, line: str) -> None:
        """Record one line of ``process``."""
        if process not in self._files:
            self._files[process] = LogFile(self._folder / f"{process}.log")
        self._files[process].write(line)
        self._tails.setdefault(process, deque(maxlen=_TAIL_LINES)).append(line)
        self._print(process, line)

    def tail(self, process: str) -> tuple[str, ...]:
        """The newest lines of ``process``, oldest first, at most 20."""
        return tuple(self._tails.get(process, ()))

    def forget_tail(self, process: str) -> None:
        """Begin a new run: what the process said before no longer explains anything."""
        self._tails.pop(process, None)

    def close(self) -> None:
        """Close every file."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _print(self, process: str, line: str) -> None:
        if self._stream is None:
            return
        text = self._json(process, line) if self._format == "json" else self._console(process, line)
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            # The reader went away (a closed pipe or terminal); the mesh outlives it.
            self._stream = None

    def _console(self, process: str, line: str) -> str:
        prefix = f"{process:<{_PREFIX_WIDTH}}"
        if self._coloured:
            colour = self._colours.setdefault(process, _COLOURS[len(self._colours) % len(_COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        return f"{prefix} | {line}"

    def _json(self, process: str, line: str) -> str:
        record = parsed_record(line)
        if record is None:
            record = {"timestamp": timestamp(), "event": line}
        return json.dumps({"process": process, **record}, ensure_ascii=False)


def parsed_record(line: str) -> dict[str, object] | None:
    """The JSON object that a line is, or None when it is plain text."""
    if not line.startswith("{"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def standard_output() -> TextIO:
    """The stream that a mesh in the foreground speaks on."""
    return sys.stdout
