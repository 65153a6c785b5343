"""How far a long command is, for the person who waits for it."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self, TextIO

_TERMINAL_EVERY_S = 0.2
_FILE_EVERY_S = 5.0


class ShownProgress:
    """Says how much is done: on a terminal in one line, elsewhere in a line now and then."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._shown_at = time.monotonic()
        self._words = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._words:
            self._show(end="\n")

    def __call__(self, what: str, done: int, size: int) -> None:
        """Takes what is done, how many bytes of it, and of how many: 0 where nobody knows."""
        share = f" of {megabytes(size)} ({100 * done // size} %)" if size else ""
        self._words = f"{what} {megabytes(done)}{share}"
        every_s = _TERMINAL_EVERY_S if self._terminal else _FILE_EVERY_S
        if time.monotonic() - self._shown_at >= every_s:
            self._show(end="" if self._terminal else "\n")

    def _show(self, *, end: str) -> None:
        self._shown_at = time.monotonic()
        start = "\r\x1b[K" if self._terminal else ""
        self._stream.write(f"{start}{self._words}{end}")
        self._stream.flush()


def megabytes(size: int) -> str:
    """Bytes in words: MB of 10**6, one decimal."""
    return f"{size / 1e6:,.1f} MB"
