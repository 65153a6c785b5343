"""Preferences kept where they are read fast; the truth is in the user's partition."""

from __future__ import annotations

from typing import Protocol

from playback_svc.domain.preferences import Preferences


class PreferencesCache(Protocol):
    """The latest preferences of users. May forget them, and fails OPEN: never raises for itself.

    Versions of a user only rise here: what is older than what is kept, or announced, is not taken.
    """

    async def get(self, user_id: str) -> Preferences | None:
        """What was put last; None for nothing, or while a newer version is announced."""
        ...

    async def announce(self, user_id: str, version: int) -> None:
        """That version is about to be stored: what is older is not answered from now on.

        Forgotten after a minute: the one who announced it may have died before it stored it.
        """
        ...

    async def put(self, user_id: str, preferences: Preferences) -> None:
        """Keep them. What cannot be kept now is kept later, before anything is read here."""
        ...

    async def erase(self, user_id: str) -> None:
        """Must forget those of a user who was erased. Fails CLOSED: raises Unavailable."""
        ...
