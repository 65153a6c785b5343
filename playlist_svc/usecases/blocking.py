"""Blocking people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from meshkit.faults import InvalidArgument, NotFound
from meshkit.idempotency import RequestKey
from playlist_svc.domain.members import without_member
from playlist_svc.domain.social import Block
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import Writing
from playlist_svc.ports.social import Cutting, SocialStore, Tie, Ties
from playlist_svc.usecases.social import existing


@dataclass(frozen=True, slots=True)
class Blocks:
    """A part of a user's blocks, and the names of the blocked as far as they are known."""

    found: Sequence[Block]
    names: Mapping[str, str]


class Blocking:
    """Blocks users and ends what tied the two to each other.

    The block itself is one transaction and the first thing that is stored, so that from then on
    every check of access refuses. The roles in playlists end one by one after it: whoever was
    interrupted blocks again, by a retry too, which does what is left.
    """

    def __init__(
        self,
        store: SocialStore,
        people: People,
        ties: Ties,
        playlists: Cutting,
        clock: Clock,
    ) -> None:
        self._store = store
        self._people = people
        self._ties = ties
        self._playlists = playlists
        self._clock = clock

    async def block(self, user_id: str, blocked_id: str, key: RequestKey | None = None) -> None:
        """Block a user. Raises InvalidArgument for oneself, NotFound, FailedPrecondition.

        Who is blocked by somebody can block them as well, or being blocked would give a right.
        """
        if user_id == blocked_id:
            raise InvalidArgument.field("user_id", "must not be yourself")
        if await self._store.answered(key) is None:
            await existing(self._people, [blocked_id])
        await self._store.block(user_id, blocked_id, self._clock(), key)
        if key and not (await self._store.relation(user_id, blocked_id)).blocking:
            # A retry that comes after the end of the block has nothing to cut.
            return
        for tie in await self._ties.between(user_id, blocked_id):
            await self._cut(tie)

    async def _cut(self, tie: Tie) -> None:
        await self._playlists.unfollow(tie.playlist_id, tie.user_id)
        # A playlist that was purged by now needs no cut.
        with suppress(NotFound):
            await self._playlists.write(tie.playlist_id, None, _Leaving(tie.user_id))

    async def unblock(self, user_id: str, blocked_id: str, key: RequestKey | None = None) -> None:
        """Block a user no longer."""
        await self._store.unblock(user_id, blocked_id, key)

    async def blocks(self, user_id: str, after: tuple[int, str] | None, limit: int) -> Blocks:
        """Whom the user blocks, the latest first."""
        found = await self._store.blocks(user_id, after, limit)
        return Blocks(found, await self._people.names([block.user_id for block in found]))


@dataclass(frozen=True, slots=True)
class _Leaving:
    """The decision that a user has no role in a playlist any more."""

    user_id: str

    async def __call__(self, writing: Writing) -> bytes:
        writing.change(without_member(writing.head, self.user_id))
        return b""
