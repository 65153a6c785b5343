"""Other users than the one who calls: as much of them as decides what friends are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from playback_svc.domain.player_state import PlayerState, Version
from playback_svc.domain.preferences import DEFAULT, Preferences


@dataclass(frozen=True, slots=True)
class UserSnapshot:
    """A user's row without the entries of the queue, and the preferences, both of one moment.

    ``state`` is None where nothing was ever played.
    """

    state: PlayerState | None = None
    preferences: Preferences = DEFAULT


class UserSnapshots(Protocol):
    """Reads of many users at once."""

    async def read(self, user_ids: Collection[str]) -> Mapping[str, UserSnapshot]:
        """A snapshot of each, at most 500 at a time, unknown users included."""
        ...

    async def versions(self, user_ids: Collection[str]) -> Mapping[str, Version]:
        """The version of each one's row as it is stored, at most 500 at a time.

        Who never played anything is left out. Raises Unavailable.
        """
        ...
