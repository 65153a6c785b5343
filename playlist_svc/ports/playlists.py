"""Playlists and their history: the truth, and the copy of heads that may be lost."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from meshkit.idempotency import RequestKey
from playlist_svc.domain.content import Content
from playlist_svc.domain.playlist import Head, Kind, Snapshot


@dataclass(frozen=True, slots=True)
class NewSnapshot:
    """A version to record on top of the newest one. ``undoes`` and ``redoes`` are revisions.

    ``undoes`` marks that revision as undone by the new one; ``redoes`` takes such a mark away.
    """

    snapshot_id: str
    kind: Kind
    author_id: str
    created_at_ms: int
    summary: str
    content: Content
    artwork_paths: tuple[str, ...]
    reverts: int | None = None
    undoes: int | None = None
    redoes: int | None = None


class Writing(Protocol):
    """One playlist, held against every other writer while a decision is made.

    What is recorded and changed here is stored when the decision returns, all or nothing.
    """

    @property
    def head(self) -> Head:
        """The playlist as it is, with what was recorded and changed here so far."""
        ...

    async def content(self, revision: int) -> Content:
        """A version's content. Raises ``RevisionGone`` for one that is not kept."""
        ...

    async def snapshot(self, snapshot_id: str) -> Snapshot | None:
        """A version of this playlist by its id; None for an unknown one."""
        ...

    async def snapshot_at(self, revision: int) -> Snapshot | None:
        """A version of this playlist by its revision; None for an unknown one."""
        ...

    async def last_undoable(self, author_id: str) -> Snapshot | None:
        """The author's newest EDIT or RESTORE that is not undone."""
        ...

    async def last_redoable(self, author_id: str) -> Snapshot | None:
        """The EDIT or RESTORE, anyone's, that the author's newest UNDO took back of those that
        still stand; ``undone_by`` is that undo.

        None where the author's newest EDIT or RESTORE is newer than it. An undo stands until what
        it took back is redone, by whomever.
        """
        ...

    def record(self, snapshot: NewSnapshot) -> Head:
        """Add a version; the head takes its title, description, counts and art. At most once."""
        ...

    def change(self, head: Head) -> Head:
        """Replace what is no part of a version: visibility, rule, owner, members, deletion, the
        edition of a managed playlist.

        ``version`` rises by itself. Answers the head as it will be.
        """
        ...


class RevisionGone(Exception):
    """The version is older than what is kept, or there never was one."""


class ManagedPlaylistExists(Exception):
    """The service manages a playlist of that key for the owner already."""


class Kinds(enum.Enum):
    """Which of a user's playlists."""

    OWNED = "OWNED"
    FOLLOWED = "FOLLOWED"
    SHARED = "SHARED"
    DELETED = "DELETED"
    PUBLIC = "PUBLIC"
    """Owned and public: what others see."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A playlist in a list, with the key that it is ordered by (a time in ms, then the id)."""

    head: Head
    key_ms: int


@dataclass(frozen=True, slots=True)
class PlaylistRelation:
    """How a user who is not the owner stands to a playlist: follows it, is blocked by its owner."""

    follows: bool
    blocked: bool


class PlaylistStore(Protocol):
    """The truth about playlists. What was acknowledged must survive a crash.

    Every change must appear in the service's change feed, in the same transaction (entity
    "playlist", the head's version, DELETE when it was deleted).
    """

    async def create(self, head: Head, first: NewSnapshot, key: RequestKey | None) -> Head:
        """Store a new playlist at revision 1 with its first version.

        An equal ``key`` gives the playlist that was made the first time, as it was then. Raises
        FailedPrecondition (COLLECTION_FULL) when the owner has ``MOST_PLAYLISTS`` not deleted, and
        ManagedPlaylistExists when there is one of the same owner, ``managed_by`` and
        ``managed_key``, the last of which is not empty: of several at once one must be made.
        """
        ...

    async def managed(self, owner_id: str, service: str, key: str) -> Head | None:
        """The playlist that a service manages for the owner under ``key``, which is not empty."""
        ...

    async def preview_create(self, owner_id: str, key: RequestKey | None) -> Head | None:
        """What ``create`` would answer or refuse now, whatever it stores: the playlist that an
        equal ``key`` made, None where it would make one. Promises nothing of the next moment.

        Raises FailedPrecondition (COLLECTION_FULL), InvalidArgument (REQUEST_ID_REUSED).
        """
        ...

    async def write(
        self,
        playlist_id: str,
        key: RequestKey | None,
        decide: Callable[[Writing], Awaitable[bytes]],
    ) -> bytes:
        """Hold the playlist, decide, store; the answer is kept under ``key`` and given again.

        Decisions about one playlist must happen one after the other, over all instances. Raises
        NotFound for an unknown playlist; a deleted one is given to ``decide``. What ``decide``
        raises leaves nothing behind. Bounded to 5 s.
        """
        ...

    async def stored_answer(self, key: RequestKey | None) -> bytes | None:
        """What a write with an equal key answered; None where there was none. Promises nothing of
        the next moment. Raises InvalidArgument (REQUEST_ID_REUSED)."""
        ...

    async def head(self, playlist_id: str) -> Head | None:
        """The playlist as the last acknowledged write left it; None for an unknown one."""
        ...

    async def content(self, head: Head, revision: int) -> Content:
        """A version's content, from memory where this instance has it. Raises RevisionGone."""
        ...

    async def snapshot(self, playlist_id: str, snapshot_id: str) -> Snapshot | None:
        """A version by its id; None for an unknown one, and for another playlist's."""
        ...

    async def snapshots_between(self, playlist_id: str, after: int, limit: int) -> list[Snapshot]:
        """The newest ``limit`` versions above revision ``after``, oldest first."""
        ...

    async def snapshots(self, playlist_id: str, before: int | None, limit: int) -> list[Snapshot]:
        """At most ``limit`` versions below revision ``before`` (None: the newest), newest first."""
        ...

    async def heads_of(
        self, user_id: str, kinds: Kinds, after: tuple[int, str] | None, limit: int
    ) -> list[Listed]:
        """A user's playlists after a key, by falling key: OWNED, PUBLIC and DELETED by creation,
        SHARED by when the role began, FOLLOWED by when following began.

        FOLLOWED leaves out what the user may not see any more. Deleted ones are in DELETED alone.
        """
        ...

    async def relation(self, playlist_id: str, owner_id: str, user_id: str) -> PlaylistRelation:
        """How a user stands to a playlist and its owner."""
        ...

    async def follow(
        self, playlist_id: str, user_id: str, now_ms: int, key: RequestKey | None = None
    ) -> int:
        """Have the user follow; the number of followers after it, exact under concurrency.

        The answer is kept under ``key`` and given again.

        Raises FailedPrecondition (COLLECTION_FULL) when the user follows ``MOST_PLAYLISTS``.
        """
        ...

    async def unfollow(self, playlist_id: str, user_id: str, key: RequestKey | None = None) -> None:
        """Have the user follow no longer; once only for equal keys."""
        ...

    async def purge(self, now_ms: int, limit: int) -> int:
        """Erase at most ``limit`` playlists that were deleted longer than ``RECOVERABLE_MS`` ago,
        and the oldest versions beyond ``KEPT_REVISIONS``; how many rows of either went."""
        ...

    async def erase(self, user_id: str) -> None:
        """Erase all playlists of a user, and end the user's roles and following elsewhere.

        What the user wrote into the histories of others stays, under the user's id. Repeatable: it
        is made of bounded transactions, and called again it must do what is left. The feed must
        tell each playlist of the user as deleted, and nothing of what that playlist was.
        """
        ...


class HeadCache(Protocol):
    """Heads by id in ``playlist:{playlist_id}:metadata``, 6 h. Fails OPEN: it may lose any.

    A head is kept only over a lower version, a deleted one too, so that whoever writes late cannot
    bring an old one back.
    """

    async def get(self, playlist_id: str) -> Head | None:
        """The head as it was last put; None when it is not there."""
        ...

    async def put(self, heads: Sequence[Head]) -> None:
        """Keep each unless a higher version is kept already."""
        ...
