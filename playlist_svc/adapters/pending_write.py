"""What a decision about a playlist recorded and changed so far."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from playlist_svc.domain.members import without_member
from playlist_svc.domain.playlist import Head, Snapshot
from playlist_svc.ports.playlists import NewSnapshot, Writing


class PendingWrite:
    """The head as it will be, beside the one that is held. Its version rises once."""

    def __init__(self, held: Head) -> None:
        self.held = held
        self.head = held
        self.recorded: NewSnapshot | None = None

    def record(self, snapshot: NewSnapshot) -> Head:
        """RuntimeError for a second one."""
        if self.recorded is not None:
            raise RuntimeError("one decision makes one version")
        self.recorded = snapshot
        self.head = advanced(replace(self.head, version=self.held.version + 1), snapshot)
        return self.head

    def change(self, head: Head) -> Head:
        """Nothing rises when nothing differs."""
        changed = replace(
            self.head,
            owner_id=head.owner_id,
            visibility=head.visibility,
            members=head.members,
            rule=head.rule,
            rule_evaluated_at_ms=head.rule_evaluated_at_ms,
            deleted_at_ms=head.deleted_at_ms,
            managed_edition=head.managed_edition,
        )
        if changed != self.head:
            self.head = replace(changed, version=self.held.version + 1)
        return self.head

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to store."""
        return self.head is not self.held


def advanced(head: Head, snapshot: NewSnapshot) -> Head:
    """The head with this version as its newest."""
    order = snapshot.content.order
    return replace(
        head,
        title=snapshot.content.title,
        description=snapshot.content.description,
        revision=head.revision + 1,
        snapshot_id=snapshot.snapshot_id,
        modified_at_ms=snapshot.created_at_ms,
        track_count=len(order),
        total_duration_ms=order.duration_ms(),
        artwork_paths=snapshot.artwork_paths,
    )


def first_head(head: Head, first: NewSnapshot) -> Head:
    """The head of a new playlist: revision 1 and version 1, whatever it said."""
    return advanced(replace(head, revision=0, version=1, follower_count=0), first)


def leaving(user_id: str) -> Callable[[Writing], Awaitable[bytes]]:
    """The decision that a user has no role in a playlist any more."""

    async def decide(writing: Writing) -> bytes:
        writing.change(without_member(writing.head, user_id))
        return b""

    return decide


def withdrawn(head: Head) -> Head:
    """The head of a playlist that is being erased: deleted so long ago that nobody recovers it."""
    return replace(
        head,
        title="",
        description="",
        artwork_paths=(),
        members=(),
        rule=None,
        rule_evaluated_at_ms=0,
        deleted_at_ms=0,
        version=head.version + 1,
    )


def as_snapshot(recorded: NewSnapshot, revision: int) -> Snapshot:
    """The version as the history tells it."""
    return Snapshot(
        revision=revision,
        snapshot_id=recorded.snapshot_id,
        kind=recorded.kind,
        author_id=recorded.author_id,
        created_at_ms=recorded.created_at_ms,
        summary=recorded.summary,
        track_count=len(recorded.content.order),
        reverts=recorded.reverts,
    )


def owned_counts(before: Head | None, after: Head) -> dict[str, int]:
    """By how much the number of playlists that a user owns differs; deleted ones do not count."""
    counts: dict[str, int] = {}
    for head, step in ((before, -1), (after, 1)):
        if head is not None and head.deleted_at_ms is None:
            counts[head.owner_id] = counts.get(head.owner_id, 0) + step
    return {user_id: step for user_id, step in counts.items() if step}
