"""Links, as those who hold one use them: to look, and to take what is offered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meshkit.faults import NotFound, ResourceExhausted
from meshkit.idempotency import RequestKey
from playlist_svc.domain.access import Role
from playlist_svc.domain.members import with_member, without_member
from playlist_svc.domain.order import Entry
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.sharing import (
    PREVIEWED_TRACKS,
    Share,
    ShareInvalid,
    UserBlocked,
    digest,
)
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import PlaylistStore, Writing
from playlist_svc.ports.sharing import Blocks, ShareStore, Tries
from playlist_svc.usecases.sharing.set_collaborator import MemberChanges
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.views import Names, Reading, Shown


@dataclass(frozen=True, slots=True)
class Preview:
    """What a link leads to: the playlist as a stranger sees it, and its first entries."""

    share: Share
    shown: Shown
    entries: list[Entry]
    names: Names


class Door:
    """Finds what a code opens, and bounds how often someone may try."""

    def __init__(
        self, store: PlaylistStore, shares: ShareStore, tries: Tries, *, clock: Clock
    ) -> None:
        self._store = store
        self._shares = shares
        self._tries = tries
        self._clock = clock

    async def open(self, who: str, code: str) -> tuple[Share, Head]:
        """The link of a code that is in force, and its playlist.

        Whatever the code is, one digest is made and looked for. ShareInvalid, which counts as two
        tries; ResourceExhausted (LIMIT_REACHED).
        """
        await self._count(who)
        try:
            return await self._opened(code)
        except ShareInvalid:
            await self.failed(who)
            raise

    async def failed(self, who: str) -> None:
        """Count a code that turned out to be wrong."""
        await self._tries.failed(who, self._clock())

    async def _count(self, who: str) -> None:
        wait_ms = await self._tries.begin(who, self._clock())
        if wait_ms:
            raise ResourceExhausted(
                "Too many links were tried in the last minute.",
                metadata={"limit": "share_tries_per_minute"},
                retry_after_s=wait_ms / 1000,
            )

    async def _opened(self, code: str) -> tuple[Share, Head]:
        share = await self._shares.find(digest(code))
        if share is None:
            raise ShareInvalid
        head = await self._store.head(share.playlist_id)
        if head is None or not share.opens(head, self._clock()):
            raise ShareInvalid
        return share, head


class PreviewShare:
    """What a link leads to, for anyone."""

    def __init__(
        self, door: Door, store: PlaylistStore, reading: Reading, refresh: Refresh, people: People
    ) -> None:
        self._door = door
        self._store = store
        self._reading = reading
        self._refresh = refresh
        self._people = people

    async def __call__(self, address: str, code: str) -> Preview:
        """The playlist and its first tracks. ShareInvalid, ResourceExhausted (LIMIT_REACHED)."""
        share, head = await self._door.open(f"address {address}", code)
        head = await self._refresh(head)
        content = await self._store.content(head, head.revision)
        entries = content.order.slice(0, PREVIEWED_TRACKS)
        names = await self._reading.names(entries)
        owner = (await self._people.names([head.owner_id])).get(head.owner_id, "")
        return Preview(share, Shown(head, owner, Role.STRANGER, False), entries, names)


class AcceptShare:
    """Has a user take what a link offers."""

    def __init__(
        self,
        door: Door,
        store: PlaylistStore,
        shares: ShareStore,
        blocks: Blocks,
        reading: Reading,
        *,
        clock: Clock,
    ) -> None:
        self._door = door
        self._store = store
        self._shares = shares
        self._blocks = blocks
        self._reading = reading
        self._clock = clock
        self._change = MemberChanges(store)

    async def __call__(self, caller: str, code: str, key: RequestKey | None = None) -> Shown:
        """The playlist as the caller has it now; to the owner the link gives nothing.

        A retry finds it whatever became of the link since, where the caller still may see it.

        ShareInvalid, UserBlocked, FailedPrecondition (COLLECTION_FULL), ResourceExhausted
        (LIMIT_REACHED).
        """
        if await self._store.answered(key) is not None:
            return await self._again(caller, code)
        who = f"user {caller}"
        share, head = await self._door.open(who, code)
        if await self._blocked(head.owner_id, caller):
            raise UserBlocked
        try:
            if share.role is None:
                head = await self._follow(head, caller, key)
            else:
                head = await self._join(share, share.role, caller, key)
        except ShareInvalid:
            await self._door.failed(who)
            raise
        except NotFound:
            # The playlist was deleted meanwhile.
            raise ShareInvalid from None
        return await self._reading.shown(head, caller)

    async def _again(self, caller: str, code: str) -> Shown:
        share = await self._shares.find(digest(code))
        head = await self._store.head(share.playlist_id) if share is not None else None
        if head is None or head.deleted_at_ms is not None:
            raise ShareInvalid
        if await self._blocked(head.owner_id, caller):
            raise UserBlocked
        return await self._reading.playlist(head.playlist_id, caller)

    async def _follow(self, head: Head, caller: str, key: RequestKey | None) -> Head:
        playlist_id = head.playlist_id
        if head.owner_id == caller:
            await self._change(playlist_id, lambda held: held, key)
            return head
        count = await self._store.follow(playlist_id, caller, self._clock(), key)
        if await self._blocked(head.owner_id, caller):
            # A block that began meanwhile may have looked for followers before this one was.
            await self._store.unfollow(playlist_id, caller)
            raise UserBlocked
        newest = await self._store.head(playlist_id)
        if newest is not None and newest.owner_id == caller:
            # The caller became the owner meanwhile, and nobody follows their own.
            await self._store.unfollow(playlist_id, caller)
            newest = await self._store.head(playlist_id)
        return newest or replace(head, follower_count=count)

    async def _join(self, share: Share, role: Role, caller: str, key: RequestKey | None) -> Head:
        """Revoking holds the playlist as this does, so that one comes wholly before the other."""

        async def decide(writing: Writing) -> bytes:
            held = writing.head
            current = await self._shares.held(writing, share.share_id)
            now_ms = self._clock()
            if current is None or not current.opens(held, now_ms):
                raise ShareInvalid
            before = held.role_of(caller)
            if before < role:
                writing.change(with_member(held, caller, role, now_ms))
            if before is Role.STRANGER:
                await self._shares.count_accepted(writing, share.share_id, caller)
            return b""

        await self._store.write(share.playlist_id, key, decide)
        head = await self._store.head(share.playlist_id)
        if head is None:
            raise ShareInvalid
        if await self._blocked(head.owner_id, caller):
            await self._change(head.playlist_id, lambda held: without_member(held, caller))
            raise UserBlocked
        return head

    async def _blocked(self, owner_id: str, caller: str) -> bool:
        return owner_id != caller and await self._blocks.between(owner_id, caller)
