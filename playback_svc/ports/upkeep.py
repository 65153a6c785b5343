"""What keeps the store true and small: who fell silent, and what nobody asks for any more."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Overdue(NamedTuple):
    """A user whose state, as stored, was over at ``over_at_ms``; in the order of a sweep."""

    over_at_ms: int
    user_id: str


FIRST = Overdue(0, "")
"""Comes before everyone who is overdue."""


class Upkeep(Protocol):
    """Reads and deletes over all users' partitions, a bounded batch at a time.

    What is forgotten is that of which most time went by first. Raises Unavailable.
    """

    async def overdue(self, before_ms: int, limit: int, after: Overdue = FIRST) -> list[Overdue]:
        """At most ``limit`` users whose state, as stored, was over before ``before_ms``.

        The longest overdue come first, of those after ``after``. May name users who have changed
        since.
        """
        ...

    async def forget_answers(self, now_ms: int, limit: int) -> int:
        """Drop at most ``limit`` answers past their time; how many."""
        ...

    async def forget_commands(self, until_ms: int, limit: int) -> int:
        """Drop at most ``limit`` commands that were issued by ``until_ms``; how many."""
        ...

    async def forget_denials(self, now_ms: int, limit: int) -> int:
        """Drop at most ``limit`` denials past their time; how many."""
        ...

    async def forget_sessions(self, until_ms: int, limit: int) -> int:
        """Drop at most ``limit`` sessions from the log that had ended by ``until_ms``; how many."""
        ...
