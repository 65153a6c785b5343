"""A bounded cache of one process, whose entries age."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class AgingCache(Generic[K, V]):
    """Values by key that weigh ``size`` together at most; what was used longest ago goes first.

    No value is answered ``life`` or longer after the time it was true at. ``now`` gives the time,
    in whatever unit ``life`` has. Nobody may change a value that is held here.
    """

    def __init__(self, size: int, life: float, now: Callable[[], float]) -> None:
        self._size = size
        self._life = life
        self._now = now
        self._weight = 0
        self._held: OrderedDict[K, tuple[float, V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: K) -> V | None:
        """The value, if it is fresh."""
        return self.find((key,))[0].get(key)

    def find(self, keys: Iterable[K]) -> tuple[dict[K, V], list[K]]:
        """The fresh values of ``keys``, and those that have none, each once and in order."""
        held, touch = self._held, self._held.move_to_end
        true_after = self._now() - self._life
        found: dict[K, V] = {}
        missing: dict[K, None] = {}
        for key in keys:
            entry = held.get(key)
            if entry is not None and entry[0] > true_after:
                touch(key)
                found[key] = entry[1]
            else:
                missing[key] = None
        return found, list(missing)

    def keep(self, key: K, value: V, at: float, weight: int = 1) -> None:
        """Hold a value that was true at the time ``at``."""
        self.drop(key)
        self._held[key] = (at, value, weight)
        self._weight += weight
        while self._weight > self._size:
            self.drop(next(iter(self._held)))

    def drop(self, key: K) -> None:
        """Forget a value, if there is one."""
        held = self._held.pop(key, None)
        if held is not None:
            self._weight -= held[2]
