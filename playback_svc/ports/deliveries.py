"""What was delivered of media, as it is counted and read."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from playback_svc.domain.deliveries import Batch


class Deliveries(Protocol):
    """Delivered segments of each session, and delivered bytes of each user and month.

    All raise Unavailable. What was counted must survive a crash.
    """

    async def count(self, batch: Batch, now_ms: int) -> int:
        """Counts a batch, once for each of its subjects, however often it comes.

        For a session that there is: its segments, and its bytes to its user in the month of
        ``delivered_at_ms``, or of ``now_ms`` for one from ahead. Of other subjects nothing is kept;
        returns how many bytes those were. Nothing is promised of two subjects together: one may
        be counted and the other not yet.
        """
        ...

    async def delivered_ms(self, session_id: str, descriptor: str) -> int:
        """How much sound of an asset a session was sent, each segment once, in ms."""
        ...

    async def month_bytes(self, user_id: str, month: date) -> int:
        """How many bytes a user was sent in the month that begins on ``month``."""
        ...

    async def forget_segments(self, until_ms: int, limit: int) -> int:
        """Drop at most ``limit`` segments of which nothing came after ``until_ms``; how many."""
        ...

    async def forget_batches(self, until_ms: int, limit: int) -> int:
        """Drop at most ``limit`` of the marks of what was counted by ``until_ms``; how many.

        Those of batches from ahead stay until ``until_ms`` has come to their ``delivered_at_ms``.
        """
        ...
