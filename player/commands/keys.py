"""Single keys from a terminal, without waiting for Enter, and what a screen says of them."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

PLAYING_KEYS = "space pause · ←/→ 10 s · n next · b back · q quit"
IDLE_KEYS = "q quit"

_NAMES = {
    " ": "pause",
    "p": "pause",
    "q": "quit",
    "\x1b[C": "forward",
    "\x1b[D": "back",
    "\x1bOC": "forward",
    "\x1bOD": "back",
    "l": "forward",
    "h": "back",
    "0": "start",
    "n": "next",
    "b": "previous",
}
# An arrow is one key of three characters; keys that are pressed quickly are read together.
_KEY = re.compile(r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Za-z]|.", re.DOTALL)
_READ_BYTES = 256


@contextmanager
def _unbuffered(descriptor: int) -> Iterator[None]:
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def names_of(text: str) -> list[str]:
    """The names of the keys in what a terminal sent; a key that means nothing has none."""
    return [_NAMES[key] for key in _KEY.findall(text) if key in _NAMES]


async def keys() -> AsyncIterator[str]:
    """The names of the keys that are pressed, to the end of input: pause, quit, forward, back,
    start, next, previous. Ends at once where there is no terminal.
    """
    if not sys.stdin.isatty():
        return
    descriptor = sys.stdin.fileno()
    pressed: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            sent = os.read(descriptor, _READ_BYTES)
        except OSError:
            # The terminal was closed.
            sent = b""
        if not sent:
            loop.remove_reader(descriptor)
        pressed.put_nowait(sent.decode("utf-8", "replace"))

    with _unbuffered(descriptor):
        loop.add_reader(descriptor, read)
        try:
            while text := await pressed.get():
                for name in names_of(text):
                    yield name
        finally:
            loop.remove_reader(descriptor)
