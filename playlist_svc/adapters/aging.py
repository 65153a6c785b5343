"""A bounded cache of one process, whose entries age."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

V = TypeVar("V")


class AgingCache(Generic[V]):
    """At most ``size`` values by id; what was used longest ago goes first.

    No value is answered ``life`` or longer after the time it was true at. ``now`` gives the time,
    in whatever unit ``life`` has.
    """

    def __init__(self, size: int, life: float, now: Callable[[], float]) -> None:
        self._size = size
        self._life = life
        self._now = now
        self._held: OrderedDict[str, tuple[float, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def find(self, ids: Iterable[str]) -> tuple[dict[str, V], list[str]]:
        """The fresh values of ``ids``, and those that have none, each once and in order."""
        held, touch = self._held, self._held.move_to_end
        true_after = self._now() - self._life
        found: dict[str, V] = {}
        missing: dict[str, None] = {}
        for id_ in ids:
            entry = held.get(id_)
            if entry is not None and entry[0] > true_after:
                touch(id_)
                found[id_] = entry[1]
            else:
                missing[id_] = None
        return found, list(missing)

    def keep(self, id_: str, value: V, at: float) -> None:
        """Hold a value that was true at the time ``at``."""
        self._held[id_] = (at, value)
        self._held.move_to_end(id_)
        if len(self._held) > self._size:
            self._held.popitem(last=False)

    def drop(self, id_: str) -> None:
        """Forget a value, if there is one."""
        self._held.pop(id_, None)
