"""A live view of one playlist: its state at once, then each change as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from meshkit.feeds import expired, first_of
from meshkit.single_flight import SingleFlight
from meshkit.stream_ends import OpenStream, Reason, StreamEnd
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.usecases import resume_tokens
from playlist_svc.usecases.access import Access, unknown_playlist_error
from playlist_svc.usecases.change_notifier import ChangeNotifier, Subscription
from playlist_svc.usecases.change_sets import NO_CHANGES, ChangeSet, FindChanges, RevisionExpired
from playlist_svc.usecases.resume_tokens import WatchPosition
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.views import PlaylistView, Views

_AT_A_TIME = 4
"""Views that ask the store at a time: all of them want to at once, and others have to be served."""

_DELETED = StreamEnd(Reason.DELETED, "The playlist was deleted.")
_LOST = StreamEnd(Reason.ACCESS_LOST, "You may not see this playlist any more.")


@dataclass(frozen=True, slots=True)
class Update:
    """One step of a view: the playlist, and what is new since the step before."""

    shown: PlaylistView
    changes: ChangeSet
    resume_token: str


class WatchPlaylist:
    """Views of playlists for whoever may see them, as long as that is so."""

    def __init__(
        self,
        notifier: ChangeNotifier,
        access: Access,
        store: PlaylistStore,
        views: Views,
        changes_since: FindChanges,
        refresh: Refresh,
    ) -> None:
        self._notifier = notifier
        self._access = access
        self._store = store
        self._views = views
        self._changes_since = changes_since
        self._refresh = refresh
        self._turn = asyncio.Semaphore(_AT_A_TIME)
        self._heads: SingleFlight[tuple[str, int], Head | None] = SingleFlight(limit=64, kept_s=5.0)

    async def __call__(
        self, playlist_id: str, user_id: str, resume_token: str, stream: OpenStream
    ) -> AsyncGenerator[Update, None]:
        """Steps until the stream ends, which this does to it when there is nothing more to see.

        Raises NotFound, InvalidArgument for a damaged token, OutOfRange (RESUME_TOKEN_EXPIRED)
        when what changed since it is no longer known; Unavailable.
        """
        seen = resume_tokens.decode(playlist_id, resume_token) if resume_token else None
        with self._notifier.subscribe(playlist_id) as subscription:
            head = await self._first(playlist_id, user_id)
            if seen and (seen.revision > head.revision or seen.version > head.version):
                raise expired()
            changes = await self._changes_since(head, seen.revision) if seen else NO_CHANGES
            if isinstance(changes, RevisionExpired):
                raise expired()
            yield await self._update(head, user_id, changes)
            while (following := await self._changed(subscription, head, stream.stop)) is not None:
                if not await self._sees(following, user_id):
                    stream.finish(_LOST if following.deleted_at_ms is None else _DELETED)
                    return
                changes = await self._changes_since(following, head.revision)
                yield await self._update(following, user_id, changes)
                head = following

    async def _first(self, playlist_id: str, user_id: str) -> Head:
        """The playlist as it is, not as it was a moment ago: the watcher is told what comes."""
        async with self._turn:
            head = await self._access.newest(playlist_id)
            if not await self._access.sees(head, user_id):
                raise unknown_playlist_error(playlist_id)
        return await self._refresh(head)

    async def _sees(self, head: Head, user_id: str) -> bool:
        async with self._turn:
            return await self._access.sees(head, user_id)

    async def _changed(
        self, subscription: Subscription, head: Head, stop: asyncio.Event
    ) -> Head | None:
        """The playlist after its next change; None when ``stop`` is set."""
        while not stop.is_set():
            if subscription.changed.is_set():
                subscription.changed.clear()
                told = subscription.head or await self._looked_up(head.playlist_id)
                if told is None or told.version > head.version:
                    return told or _deleted(head)
            else:
                await first_of(stop, subscription.changed)
        return None

    async def _looked_up(self, playlist_id: str) -> Head | None:
        """The playlist as it was at the last call to look, or later; read once for all."""
        key = (playlist_id, self._notifier.resyncs)
        return await self._heads(key, lambda: self._store.head(playlist_id))

    async def _update(self, head: Head, user_id: str, changes: ChangeSet) -> Update:
        async with self._turn:
            shown = await self._views.shown(head, user_id)
        token = resume_tokens.encode(head.playlist_id, WatchPosition(head.revision, head.version))
        return Update(shown, changes, token)


def _deleted(head: Head) -> Head:
    return replace(head, deleted_at_ms=head.modified_at_ms)
