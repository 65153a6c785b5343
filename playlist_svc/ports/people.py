"""Users, as identity knows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol


class People(Protocol):
    """Names of users."""

    async def names(self, user_ids: Collection[str]) -> Mapping[str, str]:
        """The names of those users that there are, at most ten minutes old.

        While identity is away, those that were asked for before; it never raises Unavailable.
        """
        ...

    async def existing(self, user_ids: Collection[str]) -> Mapping[str, str]:
        """The names of all of them; NotFound (metadata: resource "user", id) for the first that
        does not exist."""
        ...
