"""The denials of media paths in the memory of this process, bounded."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from edge.media.domain.denials import Denial
from meshkit import telemetry
from meshkit.replicas import MemoryReplica, ToldAt, newest_changes

FAILS = "open"
"""What happens while the feed of denials is interrupted: paths work until they expire."""


class MemoryDenials(MemoryReplica[Denial]):
    """A replica of playback's denials; a process that begins lists them.

    It holds at most ``limit`` subjects, each for as long as a path of it may live. Where there are
    more, those go first that were told longest ago: their paths have the least time left.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._limit = limit
        self._clock = clock
        self._held: OrderedDict[str, tuple[ToldAt, Denial]] = OrderedDict()

    def rungs_left(self, subject: str) -> frozenset[str] | None:
        """See ports.Denials."""
        _, denial = self._held.get(subject, (None, None))
        if denial is None or denial.forget_at <= self._clock():
            return None
        return denial.rungs

    def _store(self, changes: Sequence[Denial], generation: int) -> None:
        for denial in newest_changes(changes):
            told_at = ToldAt(generation, denial.version)
            held = self._held.get(denial.id)
            if held is None or held[0] <= told_at:
                self._held[denial.id] = (told_at, denial)
                self._held.move_to_end(denial.id)
        self._make_room()

    def _drop_untold(self, generation: int) -> None:
        for subject in [key for key, held in self._held.items() if held[0].generation < generation]:
            del self._held[subject]

    def _make_room(self) -> None:
        """Drops what is over its time, as far as it was told first, and what is too much."""
        now = self._clock()
        while self._held:
            subject, (_, denial) = next(iter(self._held.items()))
            if denial.forget_at > now:
                if len(self._held) <= self._limit:
                    return
                telemetry.degraded.labels(part="denials", mode=FAILS).inc()
            del self._held[subject]
