"""A live view of one playlist: its state at once, then each change as it happens."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from meshkit.feeds import expired, first_of
from playlist_svc.domain.diff import Change, diff
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.playlists import PlaylistStore, RevisionGone
from playlist_svc.usecases import resume_tokens
from playlist_svc.usecases.access import Access, unknown
from playlist_svc.usecases.history import History, Told, entries_of
from playlist_svc.usecases.hub import Hub, Watcher
from playlist_svc.usecases.reading import Names, Reading, Shown
from playlist_svc.usecases.resume_tokens import Seen
from playlist_svc.usecases.smart_refresh import Refresh

MOST_CHANGES = 500
"""Changes that one message tells; with more, it says that there are."""
MOST_SNAPSHOTS = 50


class End(enum.Enum):
    """Why a view ends by itself."""

    DELETED = "DELETED"
    ACCESS_LOST = "ACCESS_LOST"


@dataclass(frozen=True, slots=True)
class Update:
    """One step of a view: the playlist, and what is new since the step before.

    ``reload``: more changed than is told. ``end`` is set in a last step that ends by itself.
    """

    shown: Shown | None
    told: Told
    changes: tuple[Change, ...]
    names: Names
    reload: bool
    resume_token: str
    end: End | None = None


_NOTHING_TOLD = Told([], {}, {})
_NO_NAMES = Names({}, {})


class WatchPlaylist:
    """Views of playlists for whoever may see them, as long as that is so."""

    def __init__(
        self,
        hub: Hub,
        access: Access,
        store: PlaylistStore,
        reading: Reading,
        history: History,
        refresh: Refresh,
    ) -> None:
        self._hub = hub
        self._access = access
        self._store = store
        self._reading = reading
        self._history = history
        self._refresh = refresh

    async def __call__(
        self, playlist_id: str, user_id: str, resume_token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[Update]:
        """Steps until ``stop`` is set, or one of them says that it was the last.

        Raises NotFound, InvalidArgument for a damaged token, OutOfRange (RESUME_TOKEN_EXPIRED)
        when what changed since it is no longer known.
        """
        seen = resume_tokens.decode(playlist_id, resume_token) if resume_token else None
        with self._hub.watching(playlist_id) as watcher:
            head = await self._first(playlist_id, user_id)
            if seen and (seen.revision > head.revision or seen.version > head.version):
                raise expired()
            update = await self._update(head, user_id, seen, resuming=True)
            while True:
                yield update
                seen = Seen(head.revision, head.version)
                following = await self._next(watcher, playlist_id, head, stop)
                if following is None:
                    return
                if not await self._access.sees(following, user_id):
                    yield _last(following)
                    return
                head = following
                update = await self._update(head, user_id, seen)

    async def _first(self, playlist_id: str, user_id: str) -> Head:
        """The playlist as it is, not as it was a moment ago: the watcher is told what comes."""
        head = await self._access.newest(playlist_id)
        if not await self._access.sees(head, user_id):
            raise unknown(playlist_id)
        return await self._refresh(head)

    async def _next(
        self, watcher: Watcher, playlist_id: str, head: Head, stop: asyncio.Event
    ) -> Head | None:
        """The playlist after its next change; None when ``stop`` is set."""
        while not stop.is_set():
            if watcher.woken.is_set():
                watcher.woken.clear()
                told = watcher.head or await self._store.head(playlist_id)
                if told is None or told.version > head.version:
                    return told or _deleted(head)
            else:
                await first_of(stop, watcher.woken)
        return None

    async def _update(
        self, head: Head, user_id: str, seen: Seen | None, *, resuming: bool = False
    ) -> Update:
        shown = await self._reading.shown(head, user_id)
        token = resume_tokens.encode(head.playlist_id, Seen(head.revision, head.version))
        if seen is None or seen.revision == head.revision:
            return Update(shown, _NOTHING_TOLD, (), _NO_NAMES, False, token)
        snapshots = await self._store.snapshots_between(
            head.playlist_id, seen.revision, MOST_SNAPSHOTS
        )
        told = await self._history.told(head.playlist_id, snapshots)
        try:
            changes = await self._changes(head, seen.revision)
        except RevisionGone:
            if resuming:
                raise expired() from None
            return Update(shown, told, (), _NO_NAMES, True, token)
        if len(changes) > MOST_CHANGES:
            return Update(shown, told, (), _NO_NAMES, True, token)
        names = await self._reading.names(entries_of(changes))
        return Update(shown, told, changes, names, False, token)

    async def _changes(self, head: Head, since: int) -> tuple[Change, ...]:
        old = await self._store.content(head, since)
        return diff(old, await self._store.content(head, head.revision))


def _deleted(head: Head) -> Head:
    return replace(head, deleted_at_ms=head.modified_at_ms)


def _last(head: Head) -> Update:
    end = End.ACCESS_LOST if head.deleted_at_ms is None else End.DELETED
    return Update(None, _NOTHING_TOLD, (), _NO_NAMES, False, "", end)
