"""One playlist in this process's memory, while a decision about it is made."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from playlist_svc.adapters.pending_write import PendingWrite, as_snapshot
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import Head, Kind, Snapshot
from playlist_svc.ports.playlists import NewSnapshot, RevisionGone

_UNDOABLE = (Kind.EDIT, Kind.RESTORE)


@dataclass
class StoredPlaylist:
    """A playlist with its versions by revision."""

    head: Head
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    contents: dict[int, Content] = field(default_factory=dict)

    def add(self, recorded: NewSnapshot, head: Head) -> None:
        """Take a version up as the newest."""
        self.head = head
        self.snapshots[head.revision] = as_snapshot(recorded, head.revision)
        self.contents[head.revision] = recorded.content
        if recorded.undoes is not None:
            self._mark(recorded.undoes, head.revision)
        if recorded.redoes is not None:
            self._mark(recorded.redoes, None)

    def _mark(self, revision: int, undone_by: int | None) -> None:
        if revision in self.snapshots:
            self.snapshots[revision] = replace(self.snapshots[revision], undone_by=undone_by)

    def content(self, revision: int) -> Content:
        """A version's content. Raises RevisionGone."""
        if revision not in self.contents:
            raise RevisionGone(f"revision {revision} is not kept")
        return self.contents[revision]

    def by_id(self, snapshot_id: str) -> Snapshot | None:
        """A version by its id."""
        found = (s for s in self.snapshots.values() if s.snapshot_id == snapshot_id)
        return next(found, None)


class MemoryWriting:
    """A ``Writing`` while the playlist's lock is held."""

    def __init__(self, kept: StoredPlaylist) -> None:
        self._kept = kept
        self.draft = PendingWrite(kept.head)

    @property
    def head(self) -> Head:
        return self.draft.head

    async def content(self, revision: int) -> Content:
        await asyncio.sleep(0)
        recorded = self.draft.recorded
        if recorded is not None and revision == self.head.revision:
            return recorded.content
        return self._kept.content(revision)

    async def snapshot(self, snapshot_id: str) -> Snapshot | None:
        recorded = self.draft.recorded
        if recorded is not None and recorded.snapshot_id == snapshot_id:
            return as_snapshot(recorded, self.head.revision)
        return self._kept.by_id(snapshot_id)

    async def snapshot_at(self, revision: int) -> Snapshot | None:
        recorded = self.draft.recorded
        if recorded is not None and revision == self.head.revision:
            return as_snapshot(recorded, revision)
        return self._kept.snapshots.get(revision)

    async def last_undoable(self, author_id: str) -> Snapshot | None:
        standing = [s for s in self._edits_of(author_id) if s.undone_by is None]
        return max(standing, key=lambda s: s.revision, default=None)

    async def last_redoable(self, author_id: str) -> Snapshot | None:
        newest = max((s.revision for s in self._edits_of(author_id)), default=0)
        everyone = self._kept.snapshots.values()
        undos = {s.revision for s in everyone if s.author_id == author_id and s.kind is Kind.UNDO}
        undone = [
            (s.undone_by, s)
            for s in everyone
            if s.kind in _UNDOABLE and s.undone_by in undos and s.undone_by > newest
        ]
        return max(undone, key=lambda each: each[0])[1] if undone else None

    def _edits_of(self, author_id: str) -> list[Snapshot]:
        everyone = self._kept.snapshots.values()
        return [s for s in everyone if s.author_id == author_id and s.kind in _UNDOABLE]

    def record(self, snapshot: NewSnapshot) -> Head:
        return self.draft.record(snapshot)

    def change(self, head: Head) -> Head:
        return self.draft.change(head)
