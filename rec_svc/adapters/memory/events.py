"""Events in memory, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import date

from rec_svc.domain.events import Event, EventBatch, batch_of, day_of


class MemoryEvents:
    """``Events`` of one process; ``erased`` are users of whom nothing is kept."""

    def __init__(self) -> None:
        self.erased: set[str] = set()
        self._held: dict[str, Event] = {}

    def append(self, events: Iterable[Event]) -> None:
        """Enters events; one that is there already is left as it is."""
        for event in events:
            if event.user_id not in self.erased:
                self._held.setdefault(event.event_id, event)

    async def read(self, from_day: date, to_day: date) -> AsyncIterator[EventBatch]:
        held = self._held.values()
        found = [one for one in held if from_day <= day_of(one.at_ms) <= to_day]
        if found:
            yield batch_of(found)

    async def erase(self, user_id: str) -> None:
        """Forgets the events of a user, and takes none any more."""
        self.erased.add(user_id)
        kept = self._held.items()
        self._held = {id_: event for id_, event in kept if event.user_id != user_id}
