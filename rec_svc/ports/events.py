"""All that happened between users and tracks, append-only, for as long as it is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Protocol

from rec_svc.domain.events import EventBatch


class Events(Protocol):
    """The events of the days that are kept."""

    def read(self, from_day: date, to_day: date) -> AsyncIterator[EventBatch]:
        """The events of those days (UTC, both included), in batches, in no order.

        Each event must come once, also while files are written and put together, and everything
        that was learnt before the call must be there. Nothing of a user who was erased before a
        batch was made may be in it. A file that is cut short or not ours must be told by log and
        metric and left out whole. Takes the memory of one file, of the ids of one shard of a day
        and of a batch. Raises Unavailable.
        """
        ...
