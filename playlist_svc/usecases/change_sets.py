"""What is new between two revisions of a playlist, found once for all who watch it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from meshkit.single_flight import SingleFlight
from playlist_svc.domain.change_count import exceeds
from playlist_svc.domain.content import Content
from playlist_svc.domain.diff import Change, diff
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.playlists import PlaylistStore, RevisionGone
from playlist_svc.usecases.described_snapshots import (
    DescribedSnapshots,
    DescribeSnapshots,
    entries_of,
)
from playlist_svc.usecases.views import Names, Views

MOST_CHANGES = 500
"""Changes that one message tells; with more, it says that there are."""
MOST_SNAPSHOTS = 50

_SMALL = 1_000
"""Entries of two versions together that are compared within a millisecond."""

_NO_NAMES = Names({}, {})


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class KnownChanges:
    """All that came about between two revisions."""

    snapshots: DescribedSnapshots
    changes: tuple[Change, ...] = ()
    names: Names = _NO_NAMES


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class TooManyChanges:
    """More came about between two revisions than is told."""

    snapshots: DescribedSnapshots


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class RevisionExpired:
    """The revision before is not kept any more: what came about since is not known."""

    snapshots: DescribedSnapshots


ChangeSet = KnownChanges | TooManyChanges | RevisionExpired
"""What came about between two revisions; the same for everyone who may see the playlist."""

NO_CHANGES = KnownChanges(DescribedSnapshots([], {}, {}))


class FindChanges:
    """Finds changes, each once an instance however many ask, and big ones beside the loop."""

    def __init__(self, store: PlaylistStore, views: Views, describe: DescribeSnapshots) -> None:
        self._store = store
        self._views = views
        self._describe = describe
        self._shared: SingleFlight[tuple[str, int, int], ChangeSet] = SingleFlight(
            limit=64, kept_s=5.0
        )
        # A thread more of such work would take a share of the interpreter from everyone else.
        self._turn = asyncio.Semaphore(1)

    async def __call__(self, head: Head, since: int) -> ChangeSet:
        """What is new in ``head`` since a revision. Raises Unavailable."""
        if since == head.revision:
            return NO_CHANGES
        key = (head.playlist_id, since, head.revision)
        return await self._shared(key, lambda: self._found(head, since))

    async def _found(self, head: Head, since: int) -> ChangeSet:
        playlist_id = head.playlist_id
        snapshots = await self._store.snapshots_between(playlist_id, since, MOST_SNAPSHOTS)
        told = await self._describe(playlist_id, snapshots)
        try:
            old = await self._store.content(head, since)
            new = await self._store.content(head, head.revision)
        except RevisionGone:
            return RevisionExpired(told)
        changes = await self._changes(old, new)
        if changes is None:
            return TooManyChanges(told)
        return KnownChanges(told, changes, await self._views.names(entries_of(changes)))

    async def _changes(self, old: Content, new: Content) -> tuple[Change, ...] | None:
        if len(old.order) + len(new.order) <= _SMALL:
            return bounded_diff(old, new)
        async with self._turn:
            return await asyncio.to_thread(bounded_diff, old, new)


def bounded_diff(old: Content, new: Content) -> tuple[Change, ...] | None:
    """The changes from one content to the other; None for more than a message tells."""
    return None if exceeds(old, new, MOST_CHANGES) else diff(old, new)
