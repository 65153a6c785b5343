"""Live positions: what is known of sessions for the moment alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from playback_svc.domain.liveness import Liveness, LivePosition


class PositionStore(Protocol):
    """Live positions by session. May lose them, and must say since when it lost none."""

    async def put(self, positions: Sequence[LivePosition]) -> None:
        """Keep each unless a higher ``seq`` of its session is kept already."""
        ...

    async def get(self, session_ids: Sequence[str]) -> list[Liveness]:
        """What is known of each session, in order.

        ``since_ms`` must be no earlier than the last time that positions were lost or refused.
        """
        ...

    async def erase(self, session_ids: Sequence[str]) -> None:
        """Must forget what is known of sessions whose user was erased. Raises Unavailable."""
        ...
