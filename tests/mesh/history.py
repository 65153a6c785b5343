"""What clients asked and were answered, with the times between which each call took effect."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of a client and what it was answered; times in seconds of one clock.

    ``call`` is hashable; equal calls do the same. ``result`` None is an unknown outcome: the call
    took effect at some time after ``invoked_at``, or never. Where ``returned_at`` is given with it,
    it took effect by then or never; None is no bound.
    """

    client: int
    call: object
    result: object | None
    invoked_at: float
    returned_at: float | None

    def __str__(self) -> str:
        until = "" if self.returned_at is None else f"{self.returned_at:.4f}"
        outcome = "outcome unknown" if self.result is None else str(self.result)
        times = f"{self.invoked_at:.4f}..{until}"
        return f"client {self.client} [{times}] {self.call} -> {outcome}"


@dataclass(slots=True)
class Record:
    """What is to be set before the block of a call ends: its result, unless that is unknown."""

    result: object | None = None


class History:
    """Records the operations of clients that share one event loop."""

    def __init__(
        self,
        *,
        settles_within_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``settles_within_s``: how long after its end a call of unknown outcome may take effect.

        None is for ever, which is always right; a bound, such as the longest deadline of a server,
        makes a check sharper and faster.
        """
        self._settles_within_s = settles_within_s
        self._clock = clock
        self._operations: list[Operation] = []

    @asynccontextmanager
    async def call(self, client: int, call: object) -> AsyncIterator[Record]:
        """Times one call; the block sets the record's ``result`` or leaves the outcome unknown.

        What the block raises goes on to the caller, with the outcome unknown unless it was set.
        """
        index = len(self._operations)
        record = Record()
        self._operations.append(Operation(client, call, None, self._clock(), None))
        try:
            yield record
        finally:
            ended_at = self._clock()
            returned_at: float | None = ended_at
            if record.result is None:
                within_s = self._settles_within_s
                returned_at = None if within_s is None else ended_at + within_s
            self._operations[index] = replace(
                self._operations[index], result=record.result, returned_at=returned_at
            )

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All calls in the order in which they began; those under way are of unknown outcome."""
        return tuple(self._operations)
