"""What is known for the moment alone: positions, and who must hear of a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from playback_svc.domain.player_state import EndReason, Status, Version
from playback_svc.domain.presence import LivePosition, Sighting


class PositionStore(Protocol):
    """Live positions by session. May lose them, and must say since when it lost none."""

    async def put(self, positions: Sequence[LivePosition]) -> None:
        """Keep each unless a higher ``seq`` of its session is kept already."""
        ...

    async def get(self, session_ids: Sequence[str]) -> list[Sighting]:
        """What is known of each session, in order.

        ``since_ms`` must be no earlier than the last time that positions were lost or refused.
        """
        ...


@dataclass(frozen=True, slots=True)
class Wake:
    """A change of a user's playback, as far as those who watch it must know it."""

    user_id: str
    version: Version
    session_id: str
    device_id: str
    status: Status
    ended_by: EndReason | None


class Wakeups(Protocol):
    """Tells every instance that holds a user's streams what changed. May lose a wake-up."""

    def send(self, wake: Wake) -> None:
        """Tell soon; never blocks and never raises."""
        ...

    async def watch(self, user_id: str) -> None:
        """Hear of this user from now on. Returns when heard, or when that cannot be known."""
        ...

    def unwatch(self, user_id: str) -> None:
        """Hear of this user no longer."""
        ...
