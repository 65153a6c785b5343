"""The playlists that recommendations keep for users, at the service of playlists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedPlaylist:
    """What a user's playlist of that ``key`` is to be; ``edition`` rises with what it is of."""

    user_id: str
    key: str
    edition: int
    title: str
    description: str
    track_ids: Sequence[str]


class ManagedPlaylists(Protocol):
    """One playlist of a user and a key, for ever."""

    async def put(self, wanted: ManagedPlaylist) -> str:
        """Must make the playlist or replace all of it, and tell its ULID.

        Where it has that edition or a later one, nothing must change. Raises NotFound (user or
        track), FailedPrecondition, Unavailable.
        """
        ...
