"""Users, as identity knows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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
        does not exist, Unavailable when identity is away and one was never asked for."""
        ...


@dataclass(frozen=True, slots=True)
class LastKnownName:
    """A name, and when identity told it, Unix milliseconds."""

    username: str
    known_at_ms: int


class LastKnownNames(Protocol):
    """The names that identity told any instance, for when it is away."""

    async def find(self, user_ids: Collection[str]) -> Mapping[str, LastKnownName]:
        """Those that are kept, however old."""
        ...

    async def keep(self, names: Mapping[str, str], gone: Collection[str], known_at_ms: int) -> None:
        """Must keep the names unless newer ones are kept, and drop those of the users that are
        gone unless they were told later."""
        ...


@dataclass(frozen=True, slots=True)
class UserChange:
    """What identity's feed tells of a user; ``username`` is None when the user was erased."""

    user_id: str
    username: str | None


class UserReplica(Protocol):
    """The names as whoever follows identity's feed writes them."""

    async def resume_token(self) -> str:
        """The token that was stored last; empty when there is none."""
        ...

    async def store(
        self, names: Mapping[str, str], gone: Collection[str], known_at_ms: int, resume_token: str
    ) -> None:
        """As ``LastKnownNames.keep``, with the token unless it is empty; all or nothing."""
        ...


class Identity(Protocol):
    """Identity itself."""

    async def names(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        """The names of those users that there are. Raises Unavailable when it cannot answer."""
        ...
