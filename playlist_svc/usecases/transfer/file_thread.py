"""Work on whole files, beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class FileThread:
    """Runs work on files in a thread, one at a time, in the order of asking.

    A file of 10,000 entries is some 0.2 s of pure Python. Every further thread of such work would
    take another share of the interpreter from those who are served meanwhile.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``work`` returns or raises."""
        async with self._turn:
            return await asyncio.to_thread(work, *args, **kwargs)
