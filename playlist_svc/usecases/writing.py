"""What every write of a playlist has in common: rights under the lock, versions, the answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from meshkit.faults import InvalidArgument
from meshkit.idempotency import RequestKey
from playlist_svc.domain.access import Role
from playlist_svc.domain.content import Content
from playlist_svc.domain.merge import MergeConflict, TextConflict, merge_content
from playlist_svc.domain.playlist import Head, Kind
from playlist_svc.ports.clock import Clock, NewId
from playlist_svc.ports.playlists import (
    NewSnapshot,
    PlaylistStore,
    RevisionGone,
    Writing,
)
from playlist_svc.ports.tracks import Tracks
from playlist_svc.usecases import snapshot_metadata
from playlist_svc.usecases.access import Access, RoleMissing, require_role
from playlist_svc.usecases.conflicts import (
    conflict_error,
    conflict_of,
    edit_errors_as_faults,
    snapshot_too_old_error,
)


@dataclass(frozen=True, slots=True)
class Command:
    """Who writes to which playlist. ``snapshot_id`` is the version that an edit was made on; empty:
    the newest. ``key`` is None for what is not deduplicated."""

    playlist_id: str
    user_id: str
    key: RequestKey | None = None
    snapshot_id: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """What a write answers, kept for retries. ``item_ids`` are those of added entries;
    ``about`` is the version that was undone or redone."""

    snapshot_id: str
    item_ids: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    about: str = ""
    summary: str = ""

    def packed(self) -> bytes:
        """As it is kept."""
        fields = [self.snapshot_id, self.item_ids, self.added, self.removed]
        return json.dumps([*fields, self.about, self.summary], separators=(",", ":")).encode()

    @classmethod
    def of(cls, packed: bytes) -> Edited:
        """From what was kept."""
        snapshot_id, item_ids, added, removed, about, summary = json.loads(packed)
        return cls(snapshot_id, tuple(item_ids), added, removed, about, summary)


Decide = Callable[[Writing], Awaitable[Edited]]


class Writer:
    """Writes to one playlist at a time, by whoever has the role for it."""

    def __init__(self, store: PlaylistStore, access: Access) -> None:
        self._store = store
        self._access = access

    async def __call__(
        self, command: Command, role: Role, decide: Decide
    ) -> tuple[Edited, Head | None]:
        """Has ``decide`` write while the playlist is held, when the user has ``role``.

        Answers with the head after it; None when the answer is that of an earlier, equal request.
        Raises NotFound, PermissionDenied, and what ``decide`` raises.
        """

        async def held(writing: Writing) -> Edited:
            require_role(writing.head, command.user_id, role)
            return await decide(writing)

        try:
            return await self.write(command.playlist_id, command.key, held)
        except RoleMissing as missing:
            refusal = await self._access.role_error(missing.head, command.user_id, missing.role)
            raise refusal from None

    async def write(
        self, playlist_id: str, key: RequestKey | None, decide: Decide
    ) -> tuple[Edited, Head | None]:
        """As calling it, without looking at rights; a deleted playlist is given to ``decide``."""
        after: list[Head] = []

        async def held(writing: Writing) -> bytes:
            edited = await decide(writing)
            after[:] = [writing.head]
            return edited.packed()

        answer = await self._store.write(playlist_id, key, held)
        return Edited.of(answer), after[0] if after else None


class Revisions:
    """Makes versions: fits an edit to what others did, and records what came of it."""

    def __init__(self, tracks: Tracks, clock: Clock, new_id: NewId) -> None:
        self._tracks = tracks
        self._clock = clock
        self._new_id = new_id

    async def base(self, writing: Writing, snapshot_id: str, current: Content) -> Content:
        """The content of the version that an edit was made on.

        InvalidArgument on ``snapshot_id`` for an unknown one, Aborted for one no longer kept.
        """
        if snapshot_id in ("", writing.head.snapshot_id):
            return current
        snapshot = await writing.snapshot(snapshot_id)
        if snapshot is None:
            raise InvalidArgument.field("snapshot_id", "is no version of this playlist")
        return await self.at(writing, snapshot.revision, snapshot_id)

    async def at(self, writing: Writing, revision: int, snapshot_id: str) -> Content:
        """A version's content. Aborted, naming ``snapshot_id``, for one no longer kept."""
        try:
            return await writing.content(revision)
        except RevisionGone:
            raise snapshot_too_old_error(snapshot_id, writing.head) from None

    async def merge(
        self,
        writing: Writing,
        sides: tuple[Content, Content, Content],
        snapshot_id: str,
        moved: Collection[bytes] | None = None,
    ) -> Content:
        """What the second of ``sides`` (base, target, current) did to the first, on the third.

        Aborted (PLAYLIST_CONFLICT), naming ``snapshot_id`` as the base, where it cannot be;
        FailedPrecondition (PLAYLIST_FULL).
        """
        base, target, current = sides
        try:
            with edit_errors_as_faults():
                return merge_content(base, target, current, moved)
        except (MergeConflict, TextConflict) as error:
            others = await snapshot_metadata.summarize(self._tracks, base, current)
            raise conflict_error(snapshot_id, writing.head, conflict_of(error), others) from None

    async def record(
        self,
        writing: Writing,
        current: Content,
        content: Content,
        author_id: str,
        *,
        kind: Kind = Kind.EDIT,
        sorted_by: str | None = None,
        reverts: int | None = None,
        undoes: int | None = None,
        redoes: int | None = None,
    ) -> str | None:
        """Records ``content`` as the newest version and tells what changed, in words.

        None, and no version, when nothing changed.
        """
        if content == current:
            return None
        known = writing.head.artwork_paths
        summary = await snapshot_metadata.summarize(
            self._tracks, current, content, sorted_by=sorted_by
        )
        snapshot = NewSnapshot(
            snapshot_id=self._new_id(),
            kind=kind,
            author_id=author_id,
            created_at_ms=self._clock(),
            summary=summary,
            content=content,
            artwork_paths=await snapshot_metadata.choose_covers(
                self._tracks, current, content, known
            ),
            reverts=reverts,
            undoes=undoes,
            redoes=redoes,
        )
        writing.record(snapshot)
        return summary
