"""A watch of a feed, for tests of what consumes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Generic, TypeVar

from meshkit.consuming import Step

T = TypeVar("T")


class ScriptedWatch(Generic[T]):
    """Watches that end as told, one after the other; the last one stays open until it is left.

    ``asked`` are the tokens that were asked with. ``exhausted`` is set when all were told.
    """

    def __init__(self, *watches: Sequence[Step[T] | Exception]) -> None:
        self._watches = list(watches)
        self.asked: list[str] = []
        self.exhausted = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, resume_token: str, /) -> AsyncIterator[Step[T]]:
        """The next of the watches, wherever it is to resume."""
        self.asked.append(resume_token)
        if not self._watches:
            self.exhausted.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.left.set()
        for told in self._watches.pop(0):
            if isinstance(told, Exception):
                raise told
            yield told
