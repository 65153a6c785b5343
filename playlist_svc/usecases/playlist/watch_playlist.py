"""A live view of one playlist: its state at once, then each change as it happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from meshkit.faults import ResourceExhausted
from meshkit.feeds import expired, first_of
from meshkit.single_flight import SingleFlight
from meshkit.stream_ends import OpenStream, Reason, StreamEnd
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.usecases import resume_tokens
from playlist_svc.usecases.access import Access, unknown
from playlist_svc.usecases.change_sets import NO_NEWS, FindNews, News
from playlist_svc.usecases.notifier import Hub, Watcher
from playlist_svc.usecases.resume_tokens import Seen
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.views import Shown, Views

MOST_VIEWS = 100
"""Views that a user has open at one instance."""

_AT_A_TIME = 4
"""Views that ask the store at a time: all of them want to at once, and others have to be served."""
_RETRY_S = 30.0

_DELETED = StreamEnd(Reason.DELETED, "The playlist was deleted.")
_LOST = StreamEnd(Reason.ACCESS_LOST, "You may not see this playlist any more.")


@dataclass(frozen=True, slots=True)
class Update:
    """One step of a view: the playlist, and what is new since the step before."""

    shown: Shown
    news: News
    resume_token: str


class WatchPlaylist:
    """Views of playlists for whoever may see them, as long as that is so."""

    def __init__(
        self,
        hub: Hub,
        access: Access,
        store: PlaylistStore,
        views: Views,
        news: FindNews,
        refresh: Refresh,
    ) -> None:
        self._hub = hub
        self._access = access
        self._store = store
        self._views = views
        self._news = news
        self._refresh = refresh
        self._open: Counter[str] = Counter()
        self._turn = asyncio.Semaphore(_AT_A_TIME)
        self._heads: SingleFlight[tuple[str, int], Head | None] = SingleFlight(limit=64, kept_s=5.0)

    async def __call__(
        self, playlist_id: str, user_id: str, resume_token: str, stream: OpenStream
    ) -> AsyncGenerator[Update, None]:
        """Steps until the stream ends, which this does to it when there is nothing more to see.

        Raises NotFound, InvalidArgument for a damaged token, OutOfRange (RESUME_TOKEN_EXPIRED)
        when what changed since it is no longer known, ResourceExhausted (LIMIT_REACHED) for one
        view too many of a user; Unavailable.
        """
        seen = resume_tokens.decode(playlist_id, resume_token) if resume_token else None
        with self._counted(user_id), self._hub.watching(playlist_id) as watcher:
            head = await self._first(playlist_id, user_id)
            if seen and (seen.revision > head.revision or seen.version > head.version):
                raise expired()
            news = await self._news(head, seen.revision) if seen else NO_NEWS
            if news.gone:
                raise expired()
            yield await self._update(head, user_id, news)
            while (following := await self._changed(watcher, head, stream.stop)) is not None:
                if not await self._sees(following, user_id):
                    stream.finish(_LOST if following.deleted_at_ms is None else _DELETED)
                    return
                news = await self._news(following, head.revision)
                yield await self._update(following, user_id, news)
                head = following

    @contextmanager
    def _counted(self, user_id: str) -> Iterator[None]:
        """A view of the user, until the block ends."""
        if self._open[user_id] >= MOST_VIEWS:
            raise ResourceExhausted(
                f"There can be at most {MOST_VIEWS} views at a time.",
                metadata={"limit": str(MOST_VIEWS)},
                retry_after_s=_RETRY_S,
            )
        self._open[user_id] += 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]

    async def _first(self, playlist_id: str, user_id: str) -> Head:
        """The playlist as it is, not as it was a moment ago: the watcher is told what comes."""
        async with self._turn:
            head = await self._access.newest(playlist_id)
            if not await self._access.sees(head, user_id):
                raise unknown(playlist_id)
        return await self._refresh(head)

    async def _sees(self, head: Head, user_id: str) -> bool:
        async with self._turn:
            return await self._access.sees(head, user_id)

    async def _changed(self, watcher: Watcher, head: Head, stop: asyncio.Event) -> Head | None:
        """The playlist after its next change; None when ``stop`` is set."""
        while not stop.is_set():
            if watcher.woken.is_set():
                watcher.woken.clear()
                told = watcher.head or await self._looked_up(head.playlist_id)
                if told is None or told.version > head.version:
                    return told or _deleted(head)
            else:
                await first_of(stop, watcher.woken)
        return None

    async def _looked_up(self, playlist_id: str) -> Head | None:
        """The playlist as it was at the last call to look, or later; read once for all."""
        key = (playlist_id, self._hub.calls_to_look)
        return await self._heads(key, lambda: self._store.head(playlist_id))

    async def _update(self, head: Head, user_id: str, news: News) -> Update:
        async with self._turn:
            shown = await self._views.shown(head, user_id)
        token = resume_tokens.encode(head.playlist_id, Seen(head.revision, head.version))
        return Update(shown, news, token)


def _deleted(head: Head) -> Head:
    return replace(head, deleted_at_ms=head.modified_at_ms)
