"""One stream address, opened: its ladder, and the playlists and initialisations of its rungs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from player.domain.fragments import MalformedMedia, TrackFormat, read_init
from player.domain.playlist import Ladder, MediaPlaylist, Quality, Resource, Rung
from player.errors import MediaDamaged, PlaylistRejected, StreamRefused
from player.ports import Fetcher, PlaylistReader

MAX_PLAYLIST_BYTES = 4 * 1024 * 1024
MAX_INIT_BYTES = 1024 * 1024
MAX_PIECE_BYTES = 64 * 1024 * 1024

A = TypeVar("A")
B = TypeVar("B")


async def both(first: Coroutine[Any, Any, A], second: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Await two things at once; the first failure cancels the other and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as tasks:
            one, two = tasks.create_task(first), tasks.create_task(second)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    return one.result(), two.result()


class StreamSource:
    """Reads a stream's parts through a fetcher, each playlist and initialisation once."""

    def __init__(self, fetcher: Fetcher, reader: PlaylistReader, quality: Quality) -> None:
        self._fetcher = fetcher
        self._reader = reader
        self._quality = quality
        self._ladder: Ladder | None = None
        self._playlists: dict[Rung, MediaPlaylist] = {}
        self._inits: dict[Rung, tuple[bytes, TrackFormat]] = {}
        self._reading_init = asyncio.Lock()
        self.bytes_fetched = 0

    @property
    def opened(self) -> bool:
        """Whether the master playlist was read."""
        return self._ladder is not None

    @property
    def ladder(self) -> Ladder:
        """The rungs to choose among. Only after ``open``."""
        if self._ladder is None:
            raise RuntimeError("open the stream first")
        return self._ladder

    async def open(self, url: str) -> None:
        """Read the master playlist; forgets what an earlier address gave."""
        content = await self.read(Resource(url), MAX_PLAYLIST_BYTES)
        self._ladder = Ladder.of(self._reader.master(content, url), self._quality)
        self._playlists.clear()
        self._inits.clear()

    def drop(self, rung: Rung) -> None:
        """Never choose this rung again. Raises PlaylistRejected when it is the only one."""
        rest = tuple(r for r in self.ladder.rungs if r != rung)
        if not rest:
            raise PlaylistRejected("no rung of the stream continues the audio played so far")
        self._ladder = Ladder(rest)

    async def playlist(self, rung: Rung) -> MediaPlaylist:
        """The timeline of a rung."""
        if rung not in self._playlists:
            content = await self.read(Resource(rung.url), MAX_PLAYLIST_BYTES)
            self._playlists[rung] = self._reader.media(content, rung.url)
        return self._playlists[rung]

    async def init(self, rung: Rung) -> tuple[bytes, TrackFormat]:
        """The initialisation segment of a rung and what it says. Raises MediaDamaged."""
        async with self._reading_init:
            return await self._init(rung)

    async def _init(self, rung: Rung) -> tuple[bytes, TrackFormat]:
        if rung not in self._inits:
            playlist = await self.playlist(rung)
            content = await self.read(playlist.init, MAX_INIT_BYTES)
            self.bytes_fetched += len(content)
            try:
                track = read_init(content)
            except MalformedMedia as error:
                raise MediaDamaged(f"the {rung.kbps} kbit/s rung cannot be read: {error}") from None
            if track.encrypted:
                raise PlaylistRejected("the stream is encrypted and this player holds no licence")
            self._inits[rung] = (content, track)
        return self._inits[rung]

    async def read(self, resource: Resource, limit: int) -> bytes:
        """All bytes of a resource. Raises StreamRefused beyond ``limit`` bytes."""
        return b"".join([chunk async for chunk in self.stream(resource, limit)])

    async def stream(
        self, resource: Resource, limit: int = MAX_PIECE_BYTES
    ) -> AsyncIterator[bytes]:
        """The bytes of a resource as they arrive. Raises StreamRefused beyond ``limit`` bytes."""
        received = 0
        async for chunk in self._fetcher.stream(resource):
            received += len(chunk)
            if received > limit:
                raise StreamRefused(f"the server sent more than {limit} bytes for one request")
            yield chunk
