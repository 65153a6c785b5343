"""Single keys from a terminal, without waiting for Enter."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

_NAMES = {
    " ": "pause",
    "p": "pause",
    "q": "quit",
    "\x1b[C": "forward",
    "\x1b[D": "back",
    "l": "forward",
    "h": "back",
    "0": "start",
    "n": "next",
    "b": "previous",
}


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
        pressed.put_nowait(os.read(descriptor, 16).decode("ascii", "ignore"))

    with _unbuffered(descriptor):
        loop.add_reader(descriptor, read)
        try:
            while text := await pressed.get():
                name = _NAMES.get(text)
                if name is not None:
                    yield name
        finally:
            loop.remove_reader(descriptor)
