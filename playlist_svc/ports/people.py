"""Users, as identity knows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from meshkit.erasure import UserChange


class People(Protocol):
    """Names of users."""

    async def names(self, user_ids: Collection[str]) -> Mapping[str, str]:
        """The names of those users that there are, at most ten minutes old.

        While identity is away, those that were asked for before; it never raises Unavailable.
        """
        ...

    async def require(self, user_ids: Collection[str]) -> Mapping[str, str]:
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


def fold_changes(changes: Sequence[UserChange]) -> tuple[dict[str, str], list[str]]:
    """What changes in the order of their feed come to: names by user, and who was erased."""
    newest = {change.user_id: change.username for change in changes}
    names = {user_id: name for user_id, name in newest.items() if name is not None}
    return names, [user_id for user_id, name in newest.items() if name is None]


class Identity(Protocol):
    """Identity itself."""

    async def names(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        """The names of those users that there are. Raises Unavailable when it cannot answer."""
        ...
