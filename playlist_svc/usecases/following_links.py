"""Links, as those who hold one use them: to look, and to take what is offered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from meshkit.faults import NotFound, ResourceExhausted
from playlist_svc.domain.access import Role
from playlist_svc.domain.ids import to_text
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
from playlist_svc.ports.playlists import HeadCache, PlaylistStore, Writing
from playlist_svc.ports.sharing import Blocks, ShareStore, Tries
from playlist_svc.ports.tracks import Track, Tracks
from playlist_svc.usecases.collaborating import MemberChanges


@dataclass(frozen=True, slots=True)
class Preview:
    """What a link leads to: its first entries, and names of tracks and users by id."""

    share: Share
    head: Head
    entries: Sequence[Entry]
    tracks: Mapping[str, Track]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The playlist as it is once a link was accepted, and whether the caller follows it."""

    head: Head
    follows: bool
    names: Mapping[str, str]


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

    def __init__(self, door: Door, store: PlaylistStore, tracks: Tracks, people: People) -> None:
        self._door = door
        self._store = store
        self._tracks = tracks
        self._people = people

    async def __call__(self, address: str, code: str) -> Preview:
        """The playlist and its first tracks. ShareInvalid, ResourceExhausted (LIMIT_REACHED)."""
        share, head = await self._door.open(f"address {address}", code)
        content = await self._store.content(head, head.revision)
        entries = content.order.slice(0, PREVIEWED_TRACKS)
        tracks = await self._tracks.named({to_text(entry.track_id) for entry in entries})
        users = {to_text(entry.added_by) for entry in entries} | {head.owner_id}
        return Preview(share, head, entries, tracks, await self._people.names(users))


class AcceptShare:
    """Has a user take what a link offers."""

    def __init__(
        self,
        door: Door,
        store: PlaylistStore,
        cache: HeadCache,
        shares: ShareStore,
        blocks: Blocks,
        people: People,
        *,
        clock: Clock,
    ) -> None:
        self._door = door
        self._store = store
        self._cache = cache
        self._shares = shares
        self._blocks = blocks
        self._people = people
        self._clock = clock
        self._change = MemberChanges(store, cache)

    async def __call__(self, caller: str, code: str) -> Accepted:
        """The playlist as the caller has it now.

        ShareInvalid, UserBlocked, FailedPrecondition (COLLECTION_FULL), ResourceExhausted
        (LIMIT_REACHED).
        """
        who = f"user {caller}"
        share, head = await self._door.open(who, code)
        await self._refuse_blocked(head.owner_id, caller)
        if share.role is None:
            head = await self._follow(head, caller)
        else:
            try:
                head = await self._join(share, share.role, caller)
            except ShareInvalid:
                await self._door.failed(who)
                raise
        standing = await self._store.standing(head.playlist_id, head.owner_id, caller)
        return Accepted(head, standing.follows, await self._people.names([head.owner_id]))

    async def _follow(self, head: Head, caller: str) -> Head:
        playlist_id = head.playlist_id
        count = await self._store.follow(playlist_id, caller, self._clock())
        if await self._blocked(head.owner_id, caller):
            # A block that began meanwhile may have looked for followers before this one was.
            await self._store.unfollow(playlist_id, caller)
            raise UserBlocked
        newest = await self._store.head(playlist_id)
        if newest is None:
            return replace(head, follower_count=count)
        await self._cache.put([newest])
        return newest

    async def _join(self, share: Share, role: Role, caller: str) -> Head:
        """Revoking holds the playlist as this does, so that one comes wholly before the other."""
        heads: list[Head] = []

        async def decide(writing: Writing) -> bytes:
            held = writing.head
            current = await self._shares.held(writing, share.share_id)
            now_ms = self._clock()
            if current is None or not current.opens(held, now_ms):
                raise ShareInvalid
            before = held.role_of(caller)
            if before < role:
                held = writing.change(with_member(held, caller, role, now_ms))
            if before is Role.STRANGER:
                await self._shares.count_accepted(writing, share.share_id)
            heads.append(held)
            return b""

        try:
            await self._store.write(share.playlist_id, None, decide)
        except ShareInvalid:
            raise
        except NotFound:
            raise ShareInvalid from None
        head = heads[-1]
        await self._cache.put([head])
        if await self._blocked(head.owner_id, caller):
            await self._change(head.playlist_id, lambda held: without_member(held, caller))
            raise UserBlocked
        return head

    async def _refuse_blocked(self, owner_id: str, caller: str) -> None:
        if await self._blocked(owner_id, caller):
            raise UserBlocked

    async def _blocked(self, owner_id: str, caller: str) -> bool:
        return owner_id != caller and await self._blocks.between(owner_id, caller)
