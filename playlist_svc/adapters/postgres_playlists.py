"""The playlists in PostgreSQL: the schema ``playlist``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from meshkit import feeds_postgres, postgres
from meshkit.faults import NotFound
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers
from meshkit.postgres import Connection, Pool
from playlist_svc.adapters import (
    heads,
    postgres_erasure,
    postgres_heads,
    postgres_purge,
    postgres_versions,
)
from playlist_svc.adapters.drafts import Draft, as_snapshot, first_head, leaving, owned_counts
from playlist_svc.adapters.playlist_rows import instant
from playlist_svc.adapters.postgres_erasure import FOLLOWED, OWNED, SHARED
from playlist_svc.adapters.postgres_heads import Held
from playlist_svc.adapters.postgres_user_counts import drop_empty
from playlist_svc.adapters.turns import MOST_FOLLOWING, Turns
from playlist_svc.adapters.versions import Versions
from playlist_svc.domain import delta
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import KEPT_REVISIONS, MOST_PLAYLISTS, Head, Snapshot
from playlist_svc.domain.refusals import no_such
from playlist_svc.ports.playlists import (
    HeadCache,
    Kinds,
    Listed,
    NewSnapshot,
    RevisionGone,
    Standing,
    Writing,
)

_LONG = 2_000
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


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many playlists a user has and follows at most, how many versions of each are kept at
    least, and after how many there is another full copy at the latest."""

    playlists: int = MOST_PLAYLISTS
    revisions: int = KEPT_REVISIONS
    copy_every: int = postgres_versions.COPY_EVERY


class PostgresPlaylists:
    """The ``PlaylistStore`` of the schema.

    Every write locks the playlist's row first and users' counts after it. Of one store at most one
    edit of a playlist and one follow wait for that lock; the others wait without a connection.
    ``versions`` may be shared by the stores of one process, never by two databases. Each new head
    goes to ``cache`` after its commit and before its write is acknowledged.
    """

    def __init__(
        self, pool: Pool, versions: Versions, cache: HeadCache, bounds: Bounds | None = None
    ) -> None:
        self._pool = pool
        self._versions = versions
        self._cache = cache
        self._bounds = bounds or Bounds()
        self._answers = PostgresAnswers()
        self._edits = Turns()
        self._follows = Turns(MOST_FOLLOWING)

    async def create(self, head: Head, first: NewSnapshot, key: RequestKey | None) -> Head:
        """See ``PlaylistStore.create``."""
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

    async def foreseen(self, owner_id: str, key: RequestKey | None) -> Head | None:
        """See ``PlaylistStore.foreseen``."""

        async def query(connection: Connection) -> Head | None:
            answer = await self._answers.answer_of(connection, key)
            if answer is not None:
                return heads.decode(answer)
            await postgres_heads.check_room(connection, self._bounds.playlists, owner_id)
            return None

        return await postgres.read(self._pool, query)

    async def write(
        self,
        playlist_id: str,
        key: RequestKey | None,
        decide: Callable[[Writing], Awaitable[bytes]],
    ) -> bytes:
        """See ``PlaylistStore.write``."""
        writing: PostgresWriting | None = None

        async def produce() -> bytes:
            nonlocal writing
            held = await postgres_heads.hold(connection, playlist_id)
            if held is None:
                raise no_such("playlist", playlist_id)
            writing = PostgresWriting(connection, self._versions, held)
            answer = await decide(writing)
            await writing.store(self._bounds)
            return answer

        async with (
            self._edits.turn(playlist_id),
            postgres.transaction(self._pool) as connection,
        ):
            answer = await self._answers.answer_once(connection, key, produce)
        if writing is not None and writing.draft.is_changed:
            await self._committed(writing.draft)
        return answer

    async def _committed(self, draft: Draft) -> None:
        if draft.recorded is not None:
            head = draft.head
            self._versions.put(head.playlist_id, head.revision, draft.recorded.content)
        await self._cache.put([draft.head])

    async def head(self, playlist_id: str) -> Head | None:
        """See ``PlaylistStore.head``."""
        return await postgres.read(
            self._pool, lambda connection: postgres_heads.find(connection, playlist_id)
        )

    async def content(self, head: Head, revision: int) -> Content:
        """See ``PlaylistStore.content``."""
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
        """See ``PlaylistStore.snapshot``."""
        return await postgres.read(
            self._pool,
            lambda connection: postgres_versions.by_id(connection, playlist_id, snapshot_id),
        )

    async def snapshots_between(self, playlist_id: str, after: int, limit: int) -> list[Snapshot]:
        """See ``PlaylistStore.snapshots_between``."""
        newest_first = await postgres.read(
            self._pool,
            lambda connection: postgres_versions.above(connection, playlist_id, after, limit),
        )
        return newest_first[::-1]

    async def snapshots(self, playlist_id: str, before: int | None, limit: int) -> list[Snapshot]:
        """See ``PlaylistStore.snapshots``."""
        return await postgres.read(
            self._pool,
            lambda connection: postgres_versions.below(connection, playlist_id, before, limit),
        )

    async def heads_of(
        self, user_id: str, kinds: Kinds, after: tuple[int, str] | None, limit: int
    ) -> list[Listed]:
        """See ``PlaylistStore.heads_of``."""
        return await postgres.read(
            self._pool,
            lambda connection: postgres_heads.listed(connection, user_id, kinds, after, limit),
        )

    async def standing(self, playlist_id: str, owner_id: str, user_id: str) -> Standing:
        """See ``PlaylistStore.standing``."""
        names = {"playlist": playlist_id, "owner": owner_id, "user": user_id}

        async def query(connection: Connection) -> Standing:
            async for follows, blocked in await connection.execute(_STANDING, names):
                return Standing(follows, blocked)
            raise RuntimeError("a question without a table has one answer")

        return await postgres.read(self._pool, query)

    async def follow(self, playlist_id: str, user_id: str, now_ms: int) -> int:
        """See ``PlaylistStore.follow``."""
        async with (
            self._follows.turn(playlist_id),
            postgres.transaction(self._pool) as connection,
        ):
            held = await postgres_heads.hold(connection, playlist_id)
            if held is None or held.head.deleted_at_ms is not None:
                raise no_such("playlist", playlist_id)
            row = [playlist_id, user_id, instant(now_ms)]
            if not (await connection.execute(_FOLLOW, row)).rowcount:
                return held.head.follower_count
            head = await self._step_followers(connection, held.head, user_id, 1)
        await self._cache.put([head])
        return head.follower_count

    async def unfollow(self, playlist_id: str, user_id: str) -> None:
        """See ``PlaylistStore.unfollow``."""
        async with (
            self._follows.turn(playlist_id),
            postgres.transaction(self._pool) as connection,
        ):
            held = await postgres_heads.hold(connection, playlist_id)
            if held is None:
                return
            if not (await connection.execute(_UNFOLLOW, [playlist_id, user_id])).rowcount:
                return
            head = await self._step_followers(connection, held.head, user_id, -1)
        await self._cache.put([head])

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
        """See ``PlaylistStore.purge``."""
        erased = await postgres_purge.playlists(self._pool, now_ms, limit)
        return erased + await postgres_purge.versions(self._pool, self._bounds.revisions, limit)

    async def erase(self, user_id: str) -> None:
        """See ``PlaylistStore.erase``."""
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


class PostgresWriting:
    """A ``Writing`` on the connection that holds the playlist's row."""

    def __init__(self, connection: Connection, versions: Versions, held: Held) -> None:
        self._connection = connection
        self._versions = versions
        self._held = held
        self.draft = Draft(held.head)

    @property
    def connection(self) -> Connection:
        """What is stored on it is stored with the decision, all or nothing."""
        return self._connection

    @property
    def head(self) -> Head:
        """See ``Writing.head``."""
        return self.draft.head

    async def content(self, revision: int) -> Content:
        """See ``Writing.content``."""
        recorded = self.draft.recorded
        if recorded is not None and revision == self.head.revision:
            return recorded.content
        if not 1 <= revision <= self._held.head.revision:
            raise RevisionGone(f"there is no revision {revision}")
        return await postgres_versions.content(
            self._connection, self._versions, self.head.playlist_id, revision
        )

    async def snapshot(self, snapshot_id: str) -> Snapshot | None:
        """See ``Writing.snapshot``."""
        recorded = self.draft.recorded
        if recorded is not None and recorded.snapshot_id == snapshot_id:
            return as_snapshot(recorded, self.head.revision)
        return await postgres_versions.by_id(self._connection, self.head.playlist_id, snapshot_id)

    async def snapshot_at(self, revision: int) -> Snapshot | None:
        """See ``Writing.snapshot_at``."""
        recorded = self.draft.recorded
        if recorded is not None and revision == self.head.revision:
            return as_snapshot(recorded, revision)
        return await postgres_versions.by_revision(
            self._connection, self.head.playlist_id, revision
        )

    async def last_undoable(self, author_id: str) -> Snapshot | None:
        """See ``Writing.last_undoable``."""
        return await postgres_versions.last_undoable(
            self._connection, self.head.playlist_id, author_id
        )

    async def last_redoable(self, author_id: str) -> Snapshot | None:
        """See ``Writing.last_redoable``."""
        return await postgres_versions.last_redoable(
            self._connection, self.head.playlist_id, author_id
        )

    def record(self, snapshot: NewSnapshot) -> Head:
        """See ``Writing.record``."""
        return self.draft.record(snapshot)

    def change(self, head: Head) -> Head:
        """See ``Writing.change``."""
        return self.draft.change(head)

    async def store(self, bounds: Bounds) -> None:
        """Send what was decided in one round trip; nothing when nothing was."""
        if not self.draft.is_changed:
            return
        connection, head, before = self._connection, self.draft.head, self.draft.held
        encoded = await self._delta()
        await postgres_heads.count(connection, bounds.playlists, owned_counts(before, head))
        async with connection.pipeline():
            # Before the others: it looks at the state of the connection, which they keep busy.
            await feeds_postgres.append(connection, heads.change_of(head))
            held = replace(self._held, head=head)
            if self.draft.recorded is not None:
                held = await self._store_version(self.draft.recorded, held, encoded, bounds)
            await postgres_heads.update_members(connection, before, head)
            await postgres_heads.update(connection, held)

    async def _delta(self) -> bytes:
        if self.draft.recorded is None:
            return b""
        before, after = await self.content(self.draft.held.revision), self.draft.recorded.content
        if max(len(before.order), len(after.order)) <= _LONG:
            return delta.encode(delta.difference(before, after))
        # After a sort it takes 0.1 s of pure Python, and every other call would wait.
        return delta.encode(await asyncio.to_thread(delta.difference, before, after))

    async def _store_version(
        self, recorded: NewSnapshot, held: Held, encoded: bytes, bounds: Bounds
    ) -> Held:
        """Answers what the full copies cover then."""
        playlist_id, revision = held.head.playlist_id, held.head.revision
        await postgres_versions.insert(self._connection, playlist_id, revision, recorded, encoded)
        deltas = held.bytes_since_copy + len(encoded)
        if not postgres_versions.copy_is_due(
            revision - held.copy_revision, deltas, recorded.content, bounds.copy_every
        ):
            return replace(held, bytes_since_copy=deltas)
        await postgres_versions.insert_copy(
            self._connection, playlist_id, revision, recorded.content
        )
        return Held(held.head, revision, 0)


async def _insert(connection: Connection, head: Head, first: NewSnapshot, most: int) -> None:
    await postgres_heads.count(connection, most, owned_counts(None, head))
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
