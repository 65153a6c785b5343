"""Keeping a replica of users' names up to date, and forgetting who was erased there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from playlist_svc.ports.clock import Clock
from playlist_svc.ports.people import UserChange, UserReplica

_log = structlog.get_logger("people")


class Erasing(Protocol):
    """Whatever holds something of users."""

    async def erase(self, user_id: str) -> None:
        """Forget all about a user. Repeatable: called again it does what is left."""
        ...


class ReplicateUsers:
    """The consumer of identity's feed (``meshkit.consuming.Replica``).

    The place in the feed moves on once ``holders`` have forgotten everyone who was erased before
    it, so that whoever is interrupted erases again. The feed lists nothing: what happens while
    nobody follows it for longer than it reaches back, 30 days, is never told.
    """

    def __init__(self, copy: UserReplica, holders: Sequence[Erasing], clock: Clock) -> None:
        self._copy = copy
        self._holders = holders
        self._clock = clock

    async def resume_token(self) -> str:
        """Where the feed goes on."""
        return await self._copy.resume_token()

    async def begin_listing(self) -> None:
        """There is nothing to tell anew."""

    async def apply(self, changes: Sequence[UserChange], resume_token: str) -> None:
        """Forgets who was erased, keeps the names of the others, and then moves on."""
        newest = {change.user_id: change.username for change in changes}
        gone = [user_id for user_id, username in newest.items() if username is None]
        for user_id in gone:
            for holder in self._holders:
                await holder.erase(user_id)
        names = {user_id: name for user_id, name in newest.items() if name is not None}
        await self._copy.store(names, gone, self._clock(), resume_token)
        if gone:
            _log.info("users erased", count=len(gone))

    async def end_listing(self) -> None:
        """There was nothing to tell anew."""
