"""Give a user a role in a playlist."""

from __future__ import annotations

import json
from functools import partial

from meshkit.faults import InvalidArgument
from meshkit.idempotency import RequestKey
from playlist_svc.domain.access import Role
from playlist_svc.domain.members import with_member, without_member
from playlist_svc.domain.playlist import Head, Member
from playlist_svc.domain.sharing import UserBlocked
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.ports.sharing import Blocks
from playlist_svc.usecases.access import Access, require_role
from playlist_svc.usecases.sharing.member_changes import MemberChanges


class SetCollaborator:
    """Gives roles, for owners."""

    def __init__(
        self,
        store: PlaylistStore,
        change: MemberChanges,
        access: Access,
        people: People,
        blocks: Blocks,
        *,
        clock: Clock,
    ) -> None:
        self._store = store
        self._change = change
        self._access = access
        self._people = people
        self._blocks = blocks
        self._clock = clock

    async def __call__(
        self,
        caller: str,
        playlist_id: str,
        user_id: str,
        role: Role,
        key: RequestKey | None = None,
    ) -> tuple[Member, str]:
        """Give a user a role; the member and the name. A retry is told what it was told first.

        NotFound (playlist, user), PermissionDenied, InvalidArgument for the owner, UserBlocked,
        FailedPrecondition (COLLECTION_FULL).
        """
        answered = await self._store.stored_answer(key)
        if answered is not None:
            await self._require_not_blocked(caller, user_id)
            names = await self._people.names([user_id])
            return _member(answered), names.get(user_id, "")
        head = await self._access.newest(playlist_id)
        await self._access.require(head, caller, Role.OWNER)
        if user_id == caller:
            raise InvalidArgument.field("user_id", "owns the playlist")
        name = (await self._people.require([user_id]))[user_id]
        await self._require_not_blocked(caller, user_id)

        def change(held: Head) -> Head:
            require_role(held, caller, Role.OWNER)
            if held.role_of(user_id) is role:
                return held
            return with_member(held, user_id, role, self._clock())

        answer = await self._change.by(
            playlist_id, caller, change, key, partial(_kept_member, user_id)
        )
        if await self._blocks.between(caller, user_id):
            # A block that began meanwhile may have looked for roles before this one stood.
            await self._change(playlist_id, lambda held: without_member(held, user_id))
            raise UserBlocked
        return _member(answer), name

    async def _require_not_blocked(self, caller: str, user_id: str) -> None:
        if await self._blocks.between(caller, user_id):
            raise UserBlocked


def _kept_member(user_id: str, head: Head) -> bytes:
    """A member of the playlist, as it is kept for retries."""
    member = next(member for member in head.members if member.user_id == user_id)
    return json.dumps([member.user_id, member.role.name, member.since_ms]).encode()


def _member(kept: bytes) -> Member:
    user_id, role, since_ms = json.loads(kept)
    return Member(user_id, Role[role], since_ms)
