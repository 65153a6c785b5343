"""Who has a role in a playlist: given, taken away, listed, and handed on with the ownership."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound
from meshkit.idempotency import RequestKey
from playlist_svc.domain.access import Role
from playlist_svc.domain.members import owned_by, with_member, without_member
from playlist_svc.domain.playlist import Head, Member
from playlist_svc.domain.refusals import no_such
from playlist_svc.domain.sharing import UserBlocked
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import PlaylistStore, Writing
from playlist_svc.ports.sharing import Blocks
from playlist_svc.usecases.access import Access, RoleMissing, granted


@dataclass(frozen=True, slots=True)
class Members:
    """A playlist's owner and members, with the names of those that there are."""

    head: Head
    names: Mapping[str, str]


class MemberChanges:
    """Changes members with the playlist held."""

    def __init__(self, store: PlaylistStore) -> None:
        self._store = store

    async def __call__(
        self,
        playlist_id: str,
        change: Callable[[Head], Head],
        key: RequestKey | None = None,
        answer: Callable[[Head], bytes] = lambda _: b"",
    ) -> bytes:
        """Makes ``change``, which may be given a deleted playlist; what it raises.

        Answers what ``answer`` makes of the playlist after it; an equal ``key`` changes nothing and
        gives the first answer.
        """

        async def decide(writing: Writing) -> bytes:
            held = writing.head
            changed = change(held)
            return answer(held if changed is held else writing.change(changed))

        return await self._store.write(playlist_id, key, decide)


class Collaborating:
    """What SharingService does about collaborators. ``caller`` is the user who asks."""

    def __init__(
        self,
        store: PlaylistStore,
        access: Access,
        people: People,
        blocks: Blocks,
        *,
        clock: Clock,
    ) -> None:
        self._store = store
        self._change = MemberChanges(store)
        self._access = access
        self._people = people
        self._blocks = blocks
        self._clock = clock

    async def set_role(
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
        answered = await self._store.answered(key)
        if answered is not None:
            await self._refuse_blocked(caller, user_id)
            names = await self._people.names([user_id])
            return _member(answered), names.get(user_id, "")
        head = await self._access.newest(playlist_id)
        await self._access.require(head, caller, Role.OWNER)
        if user_id == caller:
            raise InvalidArgument.field("user_id", "owns the playlist")
        name = (await self._people.existing([user_id]))[user_id]
        await self._refuse_blocked(caller, user_id)

        def change(held: Head) -> Head:
            granted(held, caller, Role.OWNER)
            if held.role_of(user_id) is role:
                return held
            return with_member(held, user_id, role, self._clock())

        answer = await self._held(playlist_id, caller, change, key, partial(_kept_member, user_id))
        if await self._blocks.between(caller, user_id):
            # A block that began meanwhile may have looked for roles before this one stood.
            await self._change(playlist_id, lambda held: without_member(held, user_id))
            raise UserBlocked
        return _member(answer), name

    async def remove(
        self, caller: str, playlist_id: str, user_id: str, key: RequestKey | None = None
    ) -> None:
        """Take a user's role away. Whoever has none and asks for themselves has nothing to lose.

        NotFound, PermissionDenied, FailedPrecondition when the owner would leave.
        """

        def change(held: Head) -> Head:
            if user_id != caller:
                granted(held, caller, Role.OWNER)
            elif held.deleted_at_ms is None and held.owner_id == caller:
                raise FailedPrecondition("The owner cannot leave the playlist: transfer it first.")
            return without_member(held, user_id)

        try:
            await self._held(playlist_id, caller, change, key)
        except NotFound:
            if user_id != caller:
                raise

    async def members(self, caller: str, playlist_id: str) -> Members:
        """The owner and the members. NotFound; PermissionDenied for who has no role."""
        head = await self._access.newest(playlist_id)
        await self._access.require(head, caller, Role.VIEWER)
        return Members(head, await self._people.names(head.roles))

    async def transfer(
        self, caller: str, playlist_id: str, user_id: str, key: RequestKey | None = None
    ) -> Head:
        """Make a member the owner; the playlist as it is now.

        NotFound (playlist, or a user who is no member), PermissionDenied.
        """

        def change(held: Head) -> Head:
            if held.owner_id == user_id:
                # Where the caller handed it on before, this is the same call again.
                return granted(held, caller, Role.EDITOR)
            granted(held, caller, Role.OWNER)
            if held.role_of(user_id) is Role.STRANGER:
                raise no_such("collaborator", user_id)
            return owned_by(held, user_id, self._clock())

        await self._held(playlist_id, caller, change, key)
        head = await self._access.newest(playlist_id)
        if head.owner_id == user_id and head.follower_count:
            # Nobody follows their own; repeating the call finishes what a crash left.
            await self._store.unfollow(playlist_id, user_id)
            head = await self._access.newest(playlist_id)
        await self._access.require(head, caller, Role.VIEWER)
        return head

    async def _held(
        self,
        playlist_id: str,
        caller: str,
        change: Callable[[Head], Head],
        key: RequestKey | None,
        answer: Callable[[Head], bytes] = lambda _: b"",
    ) -> bytes:
        try:
            return await self._change(playlist_id, change, key, answer)
        except RoleMissing as missing:
            raise await self._access.refusal(missing.head, caller, missing.role) from None

    async def _refuse_blocked(self, caller: str, user_id: str) -> None:
        if await self._blocks.between(caller, user_id):
            raise UserBlocked


def _kept_member(user_id: str, head: Head) -> bytes:
    """A member of the playlist, as it is kept for retries."""
    member = next(member for member in head.members if member.user_id == user_id)
    return json.dumps([member.user_id, member.role.name, member.since_ms]).encode()


def _member(kept: bytes) -> Member:
    user_id, role, since_ms = json.loads(kept)
    return Member(user_id, Role[role], since_ms)
