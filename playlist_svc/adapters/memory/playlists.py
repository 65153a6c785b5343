"""Playlists in this process's memory, for unit tests. Loses all with the process."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace

from meshkit.feeds import MemoryChangeFeed
from meshkit.idempotency import MemoryAnswers, RequestKey
from playlist_svc.adapters.codecs import heads
from playlist_svc.adapters.codecs.kept_answers import number
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.writing import MemoryWriting, StoredPlaylist
from playlist_svc.adapters.pending_write import (
    PendingWrite,
    first_head,
    leaving,
    owned_counts,
    withdrawn,
)
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import (
    KEPT_REVISIONS,
    MOST_PLAYLISTS,
    RECOVERABLE_MS,
    Head,
    Snapshot,
)
from playlist_svc.domain.refusals import collection_full_error, unknown_resource_error
from playlist_svc.ports.playlists import (
    HeadCache,
    Kinds,
    Listed,
    ManagedPlaylistExists,
    NewSnapshot,
    PlaylistRelation,
    RevisionGone,
    Writing,
)


class MemoryPlaylists:
    """A ``PlaylistStore``. Every call yields to the loop once, so that races are real.

    ``blocks`` holds (who blocks, who is blocked); ``feed`` tells every change. ``most_playlists``
    and ``kept_revisions`` may be made small.
    """

    def __init__(
        self,
        cache: HeadCache | None = None,
        *,
        most_playlists: int = MOST_PLAYLISTS,
        kept_revisions: int = KEPT_REVISIONS,
    ) -> None:
        self.feed = MemoryChangeFeed()
        self.blocks: set[tuple[str, str]] = set()
        self._cache: HeadCache = MemoryHeads() if cache is None else cache
        self._most_playlists = most_playlists
        self._kept_revisions = kept_revisions
        self._answers = MemoryAnswers()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._playlists: dict[str, StoredPlaylist] = {}
        self._followed: dict[tuple[str, str], int] = {}

    async def create(self, head: Head, first: NewSnapshot, key: RequestKey | None) -> Head:
        async def produce() -> bytes:
            await asyncio.sleep(0)
            made = first_head(head, first)
            self._require_room_for_owners(None, made)
            if made.managed_key and self._managed(made.owner_id, made.managed_by, made.managed_key):
                raise ManagedPlaylistExists
            kept = StoredPlaylist(made)
            kept.add(first, made)
            self._playlists[made.playlist_id] = kept
            await self._tell(made)
            return heads.encode(made)

        return heads.decode(await self._answers.answer_once(None, key, produce))

    async def managed(self, owner_id: str, service: str, key: str) -> Head | None:
        await asyncio.sleep(0)
        return self._managed(owner_id, service, key)

    def _managed(self, *named: str) -> Head | None:
        heads_of_all = (kept.head for kept in self._playlists.values())
        found = (h for h in heads_of_all if (h.owner_id, h.managed_by, h.managed_key) == named)
        return next(found, None)

    async def preview_create(self, owner_id: str, key: RequestKey | None) -> Head | None:
        await asyncio.sleep(0)
        answer = await self._answers.answer_of(None, key)
        if answer is not None:
            return heads.decode(answer)
        self._require_room(owner_id, 1)
        return None

    async def write(
        self,
        playlist_id: str,
        key: RequestKey | None,
        decide: Callable[[Writing], Awaitable[bytes]],
    ) -> bytes:
        async def produce() -> bytes:
            async with self._locks[playlist_id]:
                await asyncio.sleep(0)
                kept = self._playlists.get(playlist_id)
                if kept is None:
                    raise unknown_resource_error("playlist", playlist_id)
                writing = MemoryWriting(kept)
                answer = await decide(writing)
                await self._store(kept, writing.draft)
                return answer

        return await self._answers.answer_once(None, key, produce)

    async def stored_answer(self, key: RequestKey | None) -> bytes | None:
        await asyncio.sleep(0)
        return await self._answers.answer_of(None, key)

    async def _store(self, kept: StoredPlaylist, draft: PendingWrite) -> None:
        if not draft.is_changed:
            return
        self._require_room_for_owners(draft.held, draft.head)
        if draft.recorded is not None:
            kept.add(draft.recorded, draft.head)
        kept.head = draft.head
        await self._tell(draft.head)

    def _require_room_for_owners(self, before: Head | None, after: Head) -> None:
        for user_id, step in owned_counts(before, after).items():
            self._require_room(user_id, step)

    def _require_room(self, user_id: str, step: int) -> None:
        owned = sum(
            kept.head.owner_id == user_id and kept.head.deleted_at_ms is None
            for kept in self._playlists.values()
        )
        if step > 0 and owned + step > self._most_playlists:
            raise collection_full_error(self._most_playlists)

    async def _tell(self, head: Head) -> None:
        self.feed.append(heads.change_of(head))
        await self._cache.put([head])

    async def head(self, playlist_id: str) -> Head | None:
        await asyncio.sleep(0)
        kept = self._playlists.get(playlist_id)
        return kept.head if kept else None

    async def content(self, head: Head, revision: int) -> Content:
        await asyncio.sleep(0)
        if head.playlist_id not in self._playlists:
            raise RevisionGone(f"revision {revision} is not kept")
        return self._playlists[head.playlist_id].content(revision)

    async def snapshot(self, playlist_id: str, snapshot_id: str) -> Snapshot | None:
        await asyncio.sleep(0)
        kept = self._playlists.get(playlist_id)
        return kept.by_id(snapshot_id) if kept else None

    async def snapshots_between(self, playlist_id: str, after: int, limit: int) -> list[Snapshot]:
        above = [s for s in await self._history(playlist_id) if s.revision > after]
        return above[-limit:] if limit else []

    async def snapshots(self, playlist_id: str, before: int | None, limit: int) -> list[Snapshot]:
        history = await self._history(playlist_id)
        below = [s for s in history if before is None or s.revision < before]
        return below[::-1][:limit]

    async def _history(self, playlist_id: str) -> list[Snapshot]:
        await asyncio.sleep(0)
        kept = self._playlists.get(playlist_id)
        return sorted(kept.snapshots.values(), key=lambda s: s.revision) if kept else []

    async def heads_of(
        self, user_id: str, kinds: Kinds, after: tuple[int, str] | None, limit: int
    ) -> list[Listed]:
        await asyncio.sleep(0)
        keyed = [
            Listed(kept.head, key_ms)
            for kept in self._playlists.values()
            if (key_ms := self._key_of(kept.head, user_id, kinds)) is not None
        ]
        keyed.sort(key=_place, reverse=True)
        return [each for each in keyed if after is None or _place(each) < after][:limit]

    def _key_of(self, head: Head, user_id: str, kinds: Kinds) -> int | None:
        """What a list of the user orders the playlist by; None when it is not in that list."""
        if (head.deleted_at_ms is not None) != (kinds is Kinds.DELETED):
            return None
        match kinds:
            case Kinds.OWNED | Kinds.DELETED:
                return head.created_at_ms if head.owner_id == user_id else None
            case Kinds.PUBLIC:
                public = head.visibility is Visibility.PUBLIC
                return head.created_at_ms if public and head.owner_id == user_id else None
            case Kinds.SHARED:
                since = (m.since_ms for m in head.members if m.user_id == user_id)
                return next(since, None)
            case Kinds.FOLLOWED:
                return (
                    self._followed.get((head.playlist_id, user_id))
                    if (self._is_seen(head, user_id))
                    else None
                )

    def _is_seen(self, head: Head, user_id: str) -> bool:
        if (head.owner_id, user_id) in self.blocks:
            return False
        return head.visibility is not Visibility.PRIVATE or head.role_of(user_id) > Role.STRANGER

    async def relation(self, playlist_id: str, owner_id: str, user_id: str) -> PlaylistRelation:
        await asyncio.sleep(0)
        follows = (playlist_id, user_id) in self._followed
        return PlaylistRelation(follows, (owner_id, user_id) in self.blocks)

    async def follow(
        self, playlist_id: str, user_id: str, now_ms: int, key: RequestKey | None = None
    ) -> int:
        async def produce() -> bytes:
            return number(await self._follow(playlist_id, user_id, now_ms))

        return int(await self._answers.answer_once(None, key, produce))

    async def _follow(self, playlist_id: str, user_id: str, now_ms: int) -> int:
        async with self._locks[playlist_id]:
            await asyncio.sleep(0)
            kept = self._playlists.get(playlist_id)
            if kept is None or kept.head.deleted_at_ms is not None:
                raise unknown_resource_error("playlist", playlist_id)
            if (playlist_id, user_id) not in self._followed:
                if sum(user == user_id for _, user in self._followed) >= self._most_playlists:
                    raise collection_full_error(self._most_playlists)
                self._followed[playlist_id, user_id] = now_ms
                await self._step_followers(kept, 1)
            return kept.head.follower_count

    async def unfollow(self, playlist_id: str, user_id: str, key: RequestKey | None = None) -> None:
        async def produce() -> bytes:
            async with self._locks[playlist_id]:
                await asyncio.sleep(0)
                if self._followed.pop((playlist_id, user_id), None) is not None:
                    await self._step_followers(self._playlists[playlist_id], -1)
            return number(0)

        await self._answers.answer_once(None, key, produce)

    async def _step_followers(self, kept: StoredPlaylist, step: int) -> None:
        head = kept.head
        followers = head.follower_count + step
        kept.head = replace(head, follower_count=followers, version=head.version + 1)
        await self._tell(kept.head)

    async def purge(self, now_ms: int, limit: int) -> int:
        await asyncio.sleep(0)
        before = now_ms - RECOVERABLE_MS
        deleted = ((kept.head.deleted_at_ms, name) for name, kept in self._playlists.items())
        over = sorted((at, name) for at, name in deleted if at is not None and at < before)
        for _, name in over[:limit]:
            self._drop(name)
        return len(over[:limit]) + sum(map(self._shorten, self._playlists.values()))

    async def erase(self, user_id: str) -> None:
        for playlist_id, kept in list(self._playlists.items()):
            async with self._locks[playlist_id]:
                if kept.head.owner_id == user_id and playlist_id in self._playlists:
                    self._drop(playlist_id)
                    await self._tell(withdrawn(kept.head))
                    continue
            if kept.head.role_of(user_id) in (Role.VIEWER, Role.EDITOR):
                await self.write(playlist_id, None, leaving(user_id))
            await self.unfollow(playlist_id, user_id)

    def _drop(self, playlist_id: str) -> None:
        del self._playlists[playlist_id]
        for key in [key for key in self._followed if key[0] == playlist_id]:
            del self._followed[key]

    def _shorten(self, kept: StoredPlaylist) -> int:
        oldest = kept.head.revision - self._kept_revisions
        gone = [revision for revision in kept.contents if revision < oldest]
        for revision in gone:
            del kept.contents[revision], kept.snapshots[revision]
        return len(gone)


def _place(listed: Listed) -> tuple[int, str]:
    return listed.key_ms, listed.head.playlist_id
