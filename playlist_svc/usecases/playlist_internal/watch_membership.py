"""Tell which tracks are in which playlist."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from meshkit.feed_steps import listed_then_changed
from meshkit.feeds import CaughtUp, Change, ChangeFeed, Op
from playlist_svc.domain.access import Visibility
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.listings import Listings
from playlist_svc.ports.playlists import PlaylistStore, RevisionGone
from playlist_svc.usecases.change_notifier import ENTITY
from playlist_svc.usecases.playlist_internal.watch_changes import PlaylistRemoved

# Lists are longer than what is said about them.
_PAGE = 100
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class TracksChanged:
    """A playlist's newest version; ``track_ids`` are 16 bytes each, in order."""

    head: Head
    track_ids: bytes


MembershipEvent = TracksChanged | PlaylistRemoved


class WatchMembership:
    """The tracks of every playlist, then those of each that changed. ``decode`` reads a head."""

    def __init__(
        self,
        feed: ChangeFeed,
        listings: Listings,
        store: PlaylistStore,
        decode: Callable[[bytes], Head],
    ) -> None:
        self._feed = feed
        self._listings = listings
        self._store = store
        self._decode = decode

    async def __call__(
        self, token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[tuple[str, MembershipEvent | CaughtUp | None]]:
        """Changes after ``token``, each with the token that resumes after it.

        ``meshkit.feed_steps`` says what comes when. Within a batch a playlist is told once, as it
        is after the batch or later.
        """
        seen = _LastTold()

        async def told(changes: tuple[Change, ...]) -> AsyncIterator[MembershipEvent]:
            for change in _newest(changes):
                event = await self._changed(change, seen)
                if event is not None:
                    yield event

        steps = listed_then_changed(self._feed, token, self._everything, told, stop=stop)
        async for step in steps:
            yield step

    async def _everything(self, stop: asyncio.Event) -> AsyncIterator[MembershipEvent]:
        after = ""
        while heads := await self._listings.all_heads(after, _PAGE):
            for head in heads:
                yield await self._tracks(head)
                if stop.is_set():
                    return
            after = heads[-1].playlist_id

    async def _changed(self, change: Change, seen: _LastTold) -> MembershipEvent | None:
        if change.op is Op.DELETE:
            return PlaylistRemoved(change.id, change.version)
        head = self._decode(change.payload)
        return await self._tracks(head) if seen.differs(head) else None

    async def _tracks(self, head: Head) -> MembershipEvent:
        try:
            content = await self._store.content(head, head.revision)
        except RevisionGone:
            newest = await self._store.head(head.playlist_id)
            if newest is None or newest.revision <= head.revision:
                return PlaylistRemoved(head.playlist_id, head.version)
            return await self._tracks(newest)
        return TracksChanged(head, b"".join(content.order.track_ids()))


class _LastTold:
    """What was told of the playlists that changed last: a new follower makes no difference here."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, tuple[str, Visibility]] = OrderedDict()

    def differs(self, head: Head) -> bool:
        """Whether the tracks, or who may see them, are others than those told last."""
        now = (head.snapshot_id, head.visibility)
        before = self._told.pop(head.playlist_id, None)
        self._told[head.playlist_id] = now
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return now != before


def _newest(changes: tuple[Change, ...]) -> list[Change]:
    """The newest change of each playlist, in the order of the feed."""
    newest: dict[str, Change] = {}
    for change in changes:
        held = newest.get(change.id)
        if change.entity == ENTITY and (held is None or held.version < change.version):
            newest.pop(change.id, None)
            newest[change.id] = change
    return list(newest.values())
