"""What users have listened to, as it is read. Plays are entered with what that leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from playback_svc.domain.plays import PlayRecord

FEED_ENTITY = "play"
"""What plays are filed under in the feed; each payload is a WatchPlaysResponse without token."""


class Plays(Protocol):
    """The plays that ``PlayerStateStore.commit`` kept."""

    async def page(
        self, user_id: str, after: str | None, limit: int, *, distinct: bool
    ) -> Sequence[PlayRecord]:
        """At most ``limit`` plays that counted, by falling id, those below the id ``after``.

        ``distinct``: each track at its latest play alone. Must cost no more for a user of a
        hundred thousand plays than for one of a hundred.
        """
        ...

    async def latest(self, user_id: str, limit: int) -> Sequence[PlayRecord]:
        """At most ``limit`` plays, however they were left, by falling id."""
        ...
