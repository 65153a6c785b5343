"""The playlists in PostgreSQL: the schema ``playlist``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from meshkit import feeds_postgres, postgres
from meshkit.clock import instant_of_ms
from meshkit.faults import NotFound
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers
from meshkit.postgres import Connection, Pool
from playlist_svc.adapters.codecs import heads
from playlist_svc.adapters.codecs.kept_answers import kept, number
from playlist_svc.adapters.content_cache import ContentCache
from playlist_svc.adapters.pending_write import PendingWrite, first_head, leaving, owned_counts
from playlist_svc.adapters.playlist_locks import MOST_FOLLOWING, WAIT_S, PlaylistLocks
from playlist_svc.adapters.postgres import erasure as postgres_erasure
from playlist_svc.adapters.postgres import heads as postgres_heads
from playlist_svc.adapters.postgres import purge as postgres_purge
from playlist_svc.adapters.postgres import versions as postgres_versions
from playlist_svc.adapters.postgres.erasure import FOLLOWED, OWNED, SHARED
from playlist_svc.adapters.postgres.heads import LockedHead
from playlist_svc.adapters.postgres.user_counts import drop_empty
from playlist_svc.adapters.postgres.writing import Bounds, PostgresWriting
from playlist_svc.domain import delta
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import Head, Snapshot
from playlist_svc.domain.refusals import unknown_resource_error
from playlist_svc.ports.playlists import (
    HeadCache,
    Kinds,
    Listed,
    ManagedPlaylistExists,
    NewSnapshot,
    PlaylistRelation,
    Writing,
)

_FOLLOW = """
INSERT INTO playlist_followers (playlist_id, user_id, followed_at) VALUES (%s, %s, %s)
ON CONFLICT (playlist_id, user_id) DO NOTHING
"""
_UNFOLLOW = "DELETE FROM playlist_followers WHERE playlist_id = %s AND user_id = %s"
_STANDING = """
SELECT EXISTS (
    SELECT FROM playlist_followers WHERE playlist_id = %(playlist)s AND user_id = %(user)s
),
       EXISTS (SELECT FROM blocks WHERE user_id = %(owner)s AND blocked_id = %(user)s)
"""


class PostgresPlaylists:
    """The ``PlaylistStore`` of the schema.

    Every write locks the playlist's row first and users' counts after it. Of one store at most one
    edit of a playlist and one follow wait for that lock; the others wait without a connection,
    ``turn_wait_s`` at most.
    ``versions`` may be shared by the stores of one process, never by two databases. Each new head
    goes to ``cache`` after its commit and before its write is acknowledged.
    """

    def __init__(
        self,
        pool: Pool,
        versions: ContentCache,
        cache: HeadCache,
        bounds: Bounds | None = None,
        *,
        turn_wait_s: float = WAIT_S,
    ) -> None:
        self._pool = pool
        self._versions = versions
        self._cache = cache
        self._bounds = bounds or Bounds()
        self._answers = PostgresAnswers()
        self._edits = PlaylistLocks(wait_s=turn_wait_s)
        self._follows = PlaylistLocks(MOST_FOLLOWING, turn_wait_s)

    async def create(self, head: Head, first: NewSnapshot, key: RequestKey | None) -> Head:
        made = first_head(head, first)
        is_new = False

        async def produce() -> bytes:
            nonlocal is_new
            is_new = True
            await _insert(connection, made, first, self._bounds.playlists)
            return heads.encode(made)

        async with postgres.transaction(self._pool) as connection:
            answer = await self._answers.answer_once(connection, key, produce)
        if is_new:
            self._versions.put(made.playlist_id, made.revision, first.content)
            await self._cache.put([made])
        return heads.decode(answer)

    async def managed(self, owner_id: str, service: str, key: str) -> Head | None:
        return await postgres.read(
            self._pool,
            lambda connection: postgres_heads.find_managed(connection, owner_id, service, key),
        )

    async def preview_create(self, owner_id: str, key: RequestKey | None) -> Head | None:
        async def query(connection: Connection) -> Head | None:
            answer = await self._answers.answer_of(connection, key)
            if answer is not None:
                return heads.decode(answer)
            await postgres_heads.require_room(connection, self._bounds.playlists, owner_id)
            return None

        return await postgres.read(self._pool, query)

    async def write(
        self,
        playlist_id: str,
        key: RequestKey | None,
        decide: Callable[[Writing], Awaitable[bytes]],
    ) -> bytes:
        writing: PostgresWriting | None = None

        async def produce() -> bytes:
            nonlocal writing
            held = await postgres_heads.hold(connection, playlist_id)
            if held is None:
                raise unknown_resource_error("playlist", playlist_id)
            writing = PostgresWriting(connection, self._versions, held)
            answer = await decide(writing)
            await writing.store(self._bounds)
            return answer

        async with (
            self._edits.hold(playlist_id),
            postgres.transaction(self._pool) as connection,
        ):
            answer = await self._answers.answer_once(connection, key, produce)
        if writing is not None and writing.draft.is_changed:
            await self._committed(writing.draft)
        return answer

    async def stored_answer(self, key: RequestKey | None) -> bytes | None:
        return await kept(self._pool, key)

    async def _committed(self, draft: PendingWrite) -> None:
        if draft.recorded is not None:
            head = draft.head
            self._versions.put(head.playlist_id, head.revision, draft.recorded.content)
        await self._cache.put([draft.head])

    async def head(self, playlist_id: str) -> Head | None:
        return await postgres.read(
            self._pool, lambda connection: postgres_heads.find(connection, playlist_id)
        )

    async def content(self, head: Head, revision: int) -> Content:
        playlist_id = head.playlist_id
        kept = self._versions.get(playlist_id, revision)
        if kept is not None:
            return kept
        return await postgres.read(
            self._pool,
            lambda connection: postgres_versions.content(
                connection, self._versions, playlist_id, revision
            ),
        )

    async def snapshot(self, playlist_id: str, snapshot_id: str) -> Snapshot | None:
        return await postgres.read(
            self._pool,
            lambda connection: postgres_versions.by_id(connection, playlist_id, snapshot_id),
        )

    async def snapshots_between(self, playlist_id: str, after: int, limit: int) -> list[Snapshot]:
        newest_first = await postgres.read(
            self._pool,
            lambda connection: postgres_versions.above(connection, playlist_id, after, limit),
        )
        return newest_first[::-1]

    async def snapshots(self, playlist_id: str, before: int | None, limit: int) -> list[Snapshot]:
        return await postgres.read(
            self._pool,
            lambda connection: postgres_versions.below(connection, playlist_id, before, limit),
        )

    async def heads_of(
        self, user_id: str, kinds: Kinds, after: tuple[int, str] | None, limit: int
    ) -> list[Listed]:
        return await postgres.read(
            self._pool,
            lambda connection: postgres_heads.listed(connection, user_id, kinds, after, limit),
        )

    async def relation(self, playlist_id: str, owner_id: str, user_id: str) -> PlaylistRelation:
        names = {"playlist": playlist_id, "owner": owner_id, "user": user_id}

        async def query(connection: Connection) -> PlaylistRelation:
            async for follows, blocked in await connection.execute(_STANDING, names):
                return PlaylistRelation(follows, blocked)
            raise RuntimeError("a question without a table has one answer")

        return await postgres.read(self._pool, query)

    async def follow(
        self, playlist_id: str, user_id: str, now_ms: int, key: RequestKey | None = None
    ) -> int:
        async def step(connection: Connection, held: LockedHead | None) -> Head:
            if held is None or held.head.deleted_at_ms is not None:
                raise unknown_resource_error("playlist", playlist_id)
            row = [playlist_id, user_id, instant_of_ms(now_ms)]
            if not (await connection.execute(_FOLLOW, row)).rowcount:
                return held.head
            return await self._step_followers(connection, held.head, user_id, 1)

        return int(await self._stepped(playlist_id, key, step))

    async def unfollow(self, playlist_id: str, user_id: str, key: RequestKey | None = None) -> None:
        async def step(connection: Connection, held: LockedHead | None) -> Head | None:
            if held is None:
                return None
            if not (await connection.execute(_UNFOLLOW, [playlist_id, user_id])).rowcount:
                return held.head
            return await self._step_followers(connection, held.head, user_id, -1)

        await self._stepped(playlist_id, key, step)

    async def _stepped(
        self,
        playlist_id: str,
        key: RequestKey | None,
        step: Callable[[Connection, LockedHead | None], Awaitable[Head | None]],
    ) -> bytes:
        """How many follow after ``step``, as it is kept."""
        heads_after: list[Head] = []

        async def produce() -> bytes:
            held = await postgres_heads.hold(connection, playlist_id)
            head = await step(connection, held)
            if head is None or held is None:
                return number(0)
            if head is not held.head:
                heads_after.append(head)
            return number(head.follower_count)

        async with (
            self._follows.hold(playlist_id),
            postgres.transaction(self._pool) as connection,
        ):
            answer = await self._answers.answer_once(connection, key, produce)
        if heads_after:
            await self._cache.put(heads_after)
        return answer

    async def _step_followers(
        self, connection: Connection, before: Head, user_id: str, step: int
    ) -> Head:
        followers = before.follower_count + step
        head = replace(before, follower_count=followers, version=before.version + 1)
        await postgres_heads.count(connection, self._bounds.playlists, followed={user_id: step})
        async with connection.pipeline():
            await feeds_postgres.append(connection, heads.change_of(head))
            await postgres_heads.update_followers(connection, head)
        return head

    async def purge(self, now_ms: int, limit: int) -> int:
        erased = await postgres_purge.playlists(self._pool, now_ms, limit)
        return erased + await postgres_purge.versions(self._pool, self._bounds.revisions, limit)

    async def erase(self, user_id: str) -> None:
        async for playlist_id in postgres_erasure.found(self._pool, OWNED, user_id):
            async with postgres.transaction(self._pool) as connection:
                gone = await postgres_erasure.withdraw(connection, playlist_id, user_id)
            if gone is not None:
                await self._cache.put([gone])
                await postgres_erasure.drop(self._pool, playlist_id)
        async for playlist_id in postgres_erasure.found(self._pool, SHARED, user_id):
            # One that was purged by now has no members.
            with suppress(NotFound):
                await self.write(playlist_id, None, leaving(user_id))
        async for playlist_id in postgres_erasure.found(self._pool, FOLLOWED, user_id):
            await self.unfollow(playlist_id, user_id)
        async with postgres.transaction(self._pool) as connection:
            await drop_empty(connection, user_id)


async def _insert(connection: Connection, head: Head, first: NewSnapshot, most: int) -> None:
    # The row of the owner's counts is locked from here on: who makes the same is seen after it.
    await postgres_heads.count(connection, most, owned_counts(None, head))
    named = head.owner_id, head.managed_by, head.managed_key
    if head.managed_key and await postgres_heads.find_managed(connection, *named):
        raise ManagedPlaylistExists
    async with connection.pipeline():
        await feeds_postgres.append(connection, heads.change_of(head))
        await postgres_heads.insert(connection, head)
        # The first version is kept as a whole, so that nobody asks what it changed.
        nothing = delta.encode(())
        await postgres_versions.insert(connection, head.playlist_id, head.revision, first, nothing)
        await postgres_versions.insert_copy(
            connection, head.playlist_id, head.revision, first.content
        )
        await postgres_heads.update_members(connection, None, head)
