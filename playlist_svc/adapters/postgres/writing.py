"""One playlist of the schema, held against every other writer while a decision is made."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from meshkit import feeds_postgres
from meshkit.postgres import Connection
from playlist_svc.adapters.codecs import heads
from playlist_svc.adapters.content_cache import ContentCache
from playlist_svc.adapters.pending_write import PendingWrite, as_snapshot, owned_counts
from playlist_svc.adapters.postgres import heads as postgres_heads
from playlist_svc.adapters.postgres import versions as postgres_versions
from playlist_svc.adapters.postgres.heads import LockedHead
from playlist_svc.domain import delta
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import KEPT_REVISIONS, MOST_PLAYLISTS, Head, Snapshot
from playlist_svc.ports.playlists import NewSnapshot, RevisionGone

_LONG = 2_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many playlists a user has and follows at most, how many versions of each are kept at
    least, and after how many there is another full copy at the latest."""

    playlists: int = MOST_PLAYLISTS
    revisions: int = KEPT_REVISIONS
    copy_every: int = postgres_versions.COPY_EVERY


class PostgresWriting:
    """A ``Writing`` on the connection that holds the playlist's row."""

    def __init__(self, connection: Connection, versions: ContentCache, held: LockedHead) -> None:
        self._connection = connection
        self._versions = versions
        self._held = held
        self.draft = PendingWrite(held.head)

    @property
    def connection(self) -> Connection:
        """What is stored on it is stored with the decision, all or nothing."""
        return self._connection

    @property
    def head(self) -> Head:
        return self.draft.head

    async def content(self, revision: int) -> Content:
        recorded = self.draft.recorded
        if recorded is not None and revision == self.head.revision:
            return recorded.content
        if not 1 <= revision <= self._held.head.revision:
            raise RevisionGone(f"there is no revision {revision}")
        return await postgres_versions.content(
            self._connection, self._versions, self.head.playlist_id, revision
        )

    async def snapshot(self, snapshot_id: str) -> Snapshot | None:
        recorded = self.draft.recorded
        if recorded is not None and recorded.snapshot_id == snapshot_id:
            return as_snapshot(recorded, self.head.revision)
        return await postgres_versions.by_id(self._connection, self.head.playlist_id, snapshot_id)

    async def snapshot_at(self, revision: int) -> Snapshot | None:
        recorded = self.draft.recorded
        if recorded is not None and revision == self.head.revision:
            return as_snapshot(recorded, revision)
        return await postgres_versions.by_revision(
            self._connection, self.head.playlist_id, revision
        )

    async def last_undoable(self, author_id: str) -> Snapshot | None:
        return await postgres_versions.last_undoable(
            self._connection, self.head.playlist_id, author_id
        )

    async def last_redoable(self, author_id: str) -> Snapshot | None:
        return await postgres_versions.last_redoable(
            self._connection, self.head.playlist_id, author_id
        )

    def record(self, snapshot: NewSnapshot) -> Head:
        return self.draft.record(snapshot)

    def change(self, head: Head) -> Head:
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
        self, recorded: NewSnapshot, held: LockedHead, encoded: bytes, bounds: Bounds
    ) -> LockedHead:
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
        return LockedHead(held.head, revision, 0)
