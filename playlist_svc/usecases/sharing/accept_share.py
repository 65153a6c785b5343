"""Take what a link offers."""

from __future__ import annotations

from dataclasses import replace

from meshkit.faults import NotFound
from meshkit.idempotency import RequestKey
from playlist_svc.domain.access import Role
from playlist_svc.domain.members import with_member, without_member
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.sharing import Share, ShareInvalid, UserBlocked, digest
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.playlists import PlaylistStore, Writing
from playlist_svc.ports.sharing import Blocks, ShareStore
from playlist_svc.usecases.playlist.get_playlist import GetPlaylist
from playlist_svc.usecases.sharing.member_changes import MemberChanges
from playlist_svc.usecases.sharing.share_codes import ShareCodes
from playlist_svc.usecases.views import PlaylistView, Views


class AcceptShare:
    """Has a user take what a link offers."""

    def __init__(
        self,
        codes: ShareCodes,
        *,
        store: PlaylistStore,
        shares: ShareStore,
        blocks: Blocks,
        change: MemberChanges,
        get_playlist: GetPlaylist,
        views: Views,
        clock: Clock,
    ) -> None:
        self._codes = codes
        self._store = store
        self._shares = shares
        self._blocks = blocks
        self._change = change
        self._get_playlist = get_playlist
        self._views = views
        self._clock = clock

    async def __call__(self, caller: str, code: str, key: RequestKey | None = None) -> PlaylistView:
        """The playlist as the caller has it now; to the owner the link gives nothing.

        A retry finds it whatever became of the link since, where the caller still may see it.

        ShareInvalid, UserBlocked, FailedPrecondition (COLLECTION_FULL), ResourceExhausted
        (LIMIT_REACHED).
        """
        if await self._store.stored_answer(key) is not None:
            return await self._again(caller, code)
        who = f"user {caller}"
        share, head = await self._codes.open(who, code)
        if await self._blocked(head.owner_id, caller):
            raise UserBlocked
        try:
            if share.role is None:
                head = await self._follow(head, caller, key)
            else:
                head = await self._join(share, share.role, caller, key)
        except ShareInvalid:
            await self._codes.failed(who)
            raise
        except NotFound:
            # The playlist was deleted meanwhile.
            raise ShareInvalid from None
        return await self._views.shown(head, caller)

    async def _again(self, caller: str, code: str) -> PlaylistView:
        share = await self._shares.find(digest(code))
        head = await self._store.head(share.playlist_id) if share is not None else None
        if head is None or head.deleted_at_ms is not None:
            raise ShareInvalid
        if await self._blocked(head.owner_id, caller):
            raise UserBlocked
        return await self._get_playlist(head.playlist_id, caller)

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
            if before is Role.STRANGER and await self._shares.has_accepted(
                writing, share.share_id, caller
            ):
                # Who was a collaborator by this link and is none now was removed, or left.
                raise ShareInvalid
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
