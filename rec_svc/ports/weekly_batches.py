"""The batches that make the lists of a week for all who listened lately."""

from __future__ import annotations

from typing import Protocol

from rec_svc.domain.weeks import Week


class WeeklyBatches(Protocol):
    """One batch a week, and how far it is. All calls raise Unavailable."""

    async def start(self, week: Week) -> bool:
        """Must store the batch and queue its job in one commit, unless there is one of the week.

        Of several at once one must start it: whether this one did.
        """
        ...

    async def reached(self, week: Week) -> str | None:
        """The id up to which users have their lists, '' at first; None: all, or never begun."""
        ...

    async def reach(self, week: Week, user_id: str) -> None:
        """Must note that users up to this id have their lists; it never goes back."""
        ...

    async def finish(self, week: Week) -> None:
        """Must note that all have."""
        ...
