"""Everything that is stored of a user, to be erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class UserRecords(Protocol):
    """What ``PlayerStateStore``, ``Mailboxes``, ``Plays`` and ``Deliveries`` keep of users.

    Repeatable: whatever was interrupted may be called again, and does what is left. A command that
    is under way beside it may leave something, which another call erases. Raises Unavailable.
    """

    async def erase(self, user_id: str) -> None:
        """Erase all of a user but the log of sessions and what was delivered to those.

        The feed of plays must not tell the user's plays from then on, to whomever reads it from
        wherever.
        """
        ...

    async def sessions(self, user_id: str, limit: int) -> Sequence[str]:
        """At most ``limit`` of the user's sessions in the log, by id, in no order."""
        ...

    async def erase_sessions(self, user_id: str, session_ids: Sequence[str]) -> None:
        """Erase sessions of the user from the log, with all that was delivered to them.

        Must deny, in one with that, all paths of those that lasted until less than
        ``denials.KEPT_MS`` ago, by its clock; of a session nothing else stays than its denial.
        """
        ...
