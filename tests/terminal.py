"""The ``segue`` command in a terminal: what it draws, and keys that are pressed."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pexpect

T = TypeVar("T")

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[=>]|\][^\x07]*\x07)")
# A live screen takes its picture away line by line before it draws the next one.
_REDRAWN = re.compile(r"\r?\x1b\[2K(?:\x1b\[1A\x1b\[2K)*")
_PATIENCE_S = 60.0
_ROWS, _COLUMNS = 40, 100


class Terminal:
    """A program that runs in a terminal, and everything that it has written there."""

    def __init__(self, program: pexpect.spawn) -> None:
        self._program = program
        self._written = ""

    def press(self, keys: str) -> None:
        """Presses keys, as the bytes that a terminal sends for them."""
        self._take_in()
        self._program.send(keys)

    @property
    def picture(self) -> str:
        """What the screen shows now: the last picture of a live screen."""
        self._take_in()
        pictures = [_plain(each) for each in _REDRAWN.split(self._written)]
        return next((each for each in reversed(pictures) if each.strip()), "")

    @property
    def text(self) -> str:
        """Everything that was written, without what moves cursors and colours text."""
        self._take_in()
        return _plain(self._written)

    def until(self, seen: Callable[[str], T | None], what: str) -> T:
        """What ``seen`` finds in the picture, as soon as it finds something true."""
        give_up_at = time.monotonic() + _PATIENCE_S
        while not (found := seen(self.picture)):
            ended = not self._program.isalive()
            assert not ended, f"it ended while it was to show {what}:\n{self.text[-800:]}"
            assert time.monotonic() < give_up_at, f"it never showed {what}:\n{self.picture}"
        return found

    def shows(self, words: str) -> None:
        """Returns when the picture holds the words."""
        self.until(lambda picture: words in picture, repr(words))

    def exit_status(self) -> int:
        """The exit status; waits for the end."""
        give_up_at = time.monotonic() + _PATIENCE_S
        while self._program.isalive():
            self._take_in()
            assert time.monotonic() < give_up_at, f"it never ended:\n{self.picture}"
        self._take_in()
        signal = self._program.signalstatus
        return -signal if signal is not None else int(self._program.exitstatus or 0)

    def _take_in(self) -> None:
        while True:
            try:
                self._written += self._program.read_nonblocking(65_536, timeout=0.05)
            except (pexpect.TIMEOUT, pexpect.EOF):
                return


def _plain(written: str) -> str:
    return _ESCAPE.sub("", written).replace("\r\n", "\n")


@contextmanager
def in_terminal(folder: Path, *words: str, **environment: str) -> Iterator[Terminal]:
    """Runs ``segue`` with these words in a terminal of 100 columns, against a mesh's folder."""
    wanted = {**os.environ, "SEGUE_DIR": str(folder), "TERM": "xterm-256color", **environment}
    # What says how wide a terminal is would be believed before the terminal itself.
    wanted = {name: value for name, value in wanted.items() if name not in ("COLUMNS", "LINES")}
    program = pexpect.spawn(
        str(Path(sys.executable).with_name("segue")),
        list(words),
        env=wanted,
        encoding="utf-8",
        codec_errors="replace",
        dimensions=(_ROWS, _COLUMNS),
        timeout=_PATIENCE_S,
    )
    try:
        yield Terminal(program)
    finally:
        program.close(force=True)
