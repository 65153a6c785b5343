"""Waking those who wait for a thing to change."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Thing = TypeVar("Thing", bound=Hashable)


class Wakeups(Generic[Thing]):
    """Events by the thing that they wait for, each as long as somebody waits."""

    def __init__(self) -> None:
        self._waiting: dict[Thing, set[asyncio.Event]] = {}

    @contextmanager
    def waiting(self, thing: Thing) -> Iterator[asyncio.Event]:
        """An event that is set at each change of ``thing``; to be cleared before one looks."""
        event = asyncio.Event()
        self._waiting.setdefault(thing, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[thing].discard(event)
            if not self._waiting[thing]:
                del self._waiting[thing]

    def wake(self, thing: Thing) -> None:
        """Those who wait for ``thing`` are to look."""
        for event in self._waiting.get(thing, ()):
            event.set()

    def wake_all(self) -> None:
        """Everybody is to look: changes may have been missed."""
        for events in self._waiting.values():
            for event in events:
                event.set()
