"""List who has a role in a playlist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from playlist_svc.domain.access import Role
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.people import People
from playlist_svc.usecases.access import Access


@dataclass(frozen=True, slots=True)
class Members:
    """A playlist's owner and members, with the names of those that there are."""

    head: Head
    names: Mapping[str, str]


class ListCollaborators:
    """Lists the owner and the members for whoever is one of them."""

    def __init__(self, access: Access, people: People) -> None:
        self._access = access
        self._people = people

    async def __call__(self, caller: str, playlist_id: str) -> Members:
        """The owner and the members. NotFound; PermissionDenied for who has no role."""
        head = await self._access.newest(playlist_id)
        await self._access.require(head, caller, Role.VIEWER)
        return Members(head, await self._people.names(head.roles))
