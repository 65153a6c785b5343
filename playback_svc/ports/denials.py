"""What was taken back of media paths, as it is read. Denials are entered with what causes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from meshkit.feeds import Change

FEED_ENTITY = "denial"
"""What denials are filed under in the feed; each payload is a WatchDenialsResponse without
token."""


class Denials(Protocol):
    """The denials that ``PlayerStateStore.commit`` and ``UserRecords.erase_sessions`` kept."""

    async def in_force(self, after: str, now_ms: int, limit: int) -> Sequence[Change]:
        """At most ``limit`` that are not to be forgotten at ``now_ms``, by rising session, those
        above the session ``after``; each as the feed tells it. Raises Unavailable."""
        ...


class SignIns(Protocol):
    """Whose session a sign-in began."""

    async def user_of(self, sid: str) -> str | None:
        """The user whose current or last session that sign-in began, if any.

        Raises Unavailable.
        """
        ...
