"""Answers that several callers get: composed once, serialized for each."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

M = TypeVar("M")


class AnswerCache(Generic[M]):
    """Messages by what they follow from, each for ``life_s``; what was used longest ago goes first.

    ``weight`` bounds the sum of what is held. Nobody may change a message that is held here.
    """

    def __init__(
        self, weight: int, life_s: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = weight
        self._weight = 0
        self._life_s = life_s
        self._now = now
        self._held: OrderedDict[Hashable, tuple[float, int, M]] = OrderedDict()

    def get(self, key: Hashable) -> M | None:
        """The message, unless it is too old."""
        held = self._held.get(key)
        if held is None or held[0] <= self._now():
            return None
        self._held.move_to_end(key)
        return held[2]

    def keep(self, key: Hashable, message: M, *, weight: int) -> None:
        """Hold a message that was true just now."""
        self._drop(key)
        self._held[key] = (self._now() + self._life_s, weight, message)
        self._weight += weight
        while self._weight > self._most:
            self._drop(next(iter(self._held)))

    def _drop(self, key: Hashable) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self._weight -= held[1]
