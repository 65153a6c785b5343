"""Fetching ahead: which piece next, from which rung, and what to do when the network fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from player.domain.adaptation import AdaptationContext
from player.domain.buffer import DiscontinuousPiece, LoadedPiece, MediaBuffer
from player.domain.fragments import FragmentSplitter, MalformedMedia, read_span
from player.domain.playlist import MediaPlaylist, Rung
from player.domain.throughput import ThroughputMeter
from player.errors import MediaDamaged, NetworkFailed, PlayerError, StreamExpired
from player.ports import AdaptationPolicy, Clock, RefreshStream
from player.settings import PlayerSettings
from player.source import StreamSource, both

# A decoder needs the frame before the first one wanted, and playlists round their times.
PREROLL_S = 0.1
_RETRY_S = 1.0

T = TypeVar("T")


class _RungDiffers(Exception):
    """The rung's decoder configuration is not that of the audio before it."""


def _split(splitter: FragmentSplitter, chunk: bytes, rung: Rung) -> list[bytes]:
    try:
        return splitter.feed(chunk)
    except MalformedMedia as error:
        raise MediaDamaged(f"a piece of the {rung.kbps} kbit/s rung is damaged: {error}") from None


class Loader:
    """Keeps a MediaBuffer filled ahead of the play head."""

    def __init__(
        self,
        source: StreamSource,
        policy: AdaptationPolicy,
        clock: Clock,
        settings: PlayerSettings,
        refresh: RefreshStream | None,
    ) -> None:
        self._source = source
        self._policy = policy
        self._clock = clock
        self._settings = settings
        self._refresh = refresh
        self._grown = asyncio.Condition()
        self._rung: Rung | None = None
        self._unfinished_s: float | None = None
        self._failing_since: float | None = None
        self._refreshes_in_row = 0
        self.buffer = MediaBuffer()
        self.throughput = ThroughputMeter()
        self.fetch_times_s: list[float] = []
        self.refreshes = 0
        self.starved = False
        self.duration_s = 0.0
        self.play_head: Callable[[], int] = lambda: 0

    def aim(self, position_s: float) -> None:
        """Get ready to play from a position: forget what was fetched unless it is part of it."""
        tail = self.buffer.tail
        if tail is not None:
            tick = tail.track.delay + round(position_s * tail.track.sample_rate)
            preroll = max(0, tick - round(PREROLL_S / 2 * tail.track.sample_rate))
            if self.buffer.holding(preroll) is None or self.buffer.holding(tick) is None:
                self.buffer.clear()
                self._unfinished_s = None

    async def run(self, url: str, position_s: float) -> None:
        """Fill the buffer from a position to the end of the track. Raises PlayerError."""
        while True:
            try:
                await self._fill(url, position_s)
                return
            except StreamExpired as expired:
                url = await self._renew(expired, position_s)
            except NetworkFailed as failure:
                await self._endure(failure)

    async def wait_for(self, ready: Callable[[], T | None]) -> T:
        """The first true answer of ``ready``, asked again whenever the buffer has grown."""
        async with self._grown:
            while not (answer := ready()):
                await self._grown.wait()
            return answer

    @property
    def failing(self) -> bool:
        """Whether the server does not answer: nothing more may come."""
        return self._failing_since is not None

    def ahead_s(self, tick: int) -> float:
        """Seconds of audio loaded from a tick on."""
        piece = self.buffer.holding(tick)
        return self.buffer.ahead(tick) / piece.track.sample_rate if piece else 0.0

    async def _fill(self, url: str, position_s: float) -> None:
        if not self._source.opened:
            await self._source.open(url)
        while not self.buffer.complete:
            await self._wait_for_room()
            playlist, rung, index = await self._next(position_s)
            try:
                await both(self._source.init(rung), self._receive(playlist, rung, index))
            except _RungDiffers:
                self._source.drop(rung)

    async def _next(self, position_s: float) -> tuple[MediaPlaylist, Rung, int]:
        """The piece to load: the policy's rung, unless that rung has no piece starting there."""
        rungs = self._source.ladder.rungs
        current = self._rung if self._rung in rungs else None
        last = self.buffer.tail
        if current is None and last is not None:
            current = self._source.ladder.matching(last.rung.kbps)
        if current is None:
            current = self._choose(None, self._settings.startup_s)
        playlist = await self._source.playlist(current)
        self.duration_s = playlist.duration_s
        if last is None:
            index: int | None = playlist.index_at(position_s - PREROLL_S)
        else:
            # What broke off in the middle is asked for again; what is here of it is kept.
            cut = self._unfinished_s
            index = playlist.index_starting(last.end_s if cut is None else cut)
        if index is None:
            raise MediaDamaged("the rungs of the stream are cut at different times")
        piece = playlist.pieces[index]
        wanted = self._choose(current, piece.duration_s)
        if wanted != current:
            other = await self._source.playlist(wanted)
            at = other.index_starting(piece.start_s)
            if at is not None:
                return other, wanted, at
        return playlist, current, index

    def _choose(self, current: Rung | None, piece_s: float) -> Rung:
        return self._policy.choose(
            AdaptationContext(
                ladder=self._source.ladder,
                current=current,
                buffer_s=self.ahead_s(self.play_head()),
                piece_s=piece_s,
                throughput_kbps=self.throughput.kbps,
                last_kbps=self.throughput.last_kbps,
                previous_kbps=self.throughput.previous_kbps,
                starved=self.starved,
            )
        )

    async def _receive(self, playlist: MediaPlaylist, rung: Rung, index: int) -> None:
        """Fetch a piece; each fragment can be played as soon as it is here."""
        piece, final = playlist.pieces[index], index == len(playlist.pieces) - 1
        begin, size = self._clock.now(), 0
        splitter = FragmentSplitter()
        held: bytes | None = None
        self._unfinished_s = piece.start_s
        async for chunk in self._source.stream(piece.resource):
            size += len(chunk)
            self._source.bytes_fetched += len(chunk)
            for fragment in _split(splitter, chunk, rung):
                if held is not None:
                    await self._keep(held, rung, piece.end_s, last=False)
                held = fragment
            if held is not None and not final:
                await self._keep(held, rung, piece.end_s, last=False)
                held = None
        if splitter.pending or (size == 0):
            raise MediaDamaged(f"a piece of the {rung.kbps} kbit/s rung is damaged: it is cut off")
        if held is not None:
            await self._keep(held, rung, piece.end_s, last=True)
        self._finished(rung, size, self._clock.now() - begin)

    def _finished(self, rung: Rung, size: int, took_s: float) -> None:
        self.fetch_times_s.append(took_s)
        self.throughput.add(size, took_s)
        self._rung, self._unfinished_s = rung, None
        self._failing_since, self._refreshes_in_row = None, 0

    async def _keep(self, fragment: bytes, rung: Rung, end_s: float, *, last: bool) -> None:
        init, track = await self._source.init(rung)
        tail = self.buffer.tail
        if tail is not None and tail.track.configuration != track.configuration:
            raise _RungDiffers
        try:
            span = read_span(fragment, track)
            async with self._grown:
                if tail is None or span.end > tail.span.end:
                    self.buffer.append(LoadedPiece(end_s, span, rung, track, init, fragment, last))
                self.buffer.trim(self.play_head())
                self.starved = False
                self._grown.notify_all()
        except MalformedMedia as error:
            raise MediaDamaged(
                f"a piece of the {rung.kbps} kbit/s rung is damaged: {error}"
            ) from None
        except DiscontinuousPiece as error:
            raise MediaDamaged(f"the stream has a gap: {error}") from None

    async def _wait_for_room(self) -> None:
        tail = self.buffer.tail
        if tail is None:
            return
        playlist = await self._source.playlist(self._source.ladder.matching(tail.rung.kbps))
        limit_s = self._settings.max_segments * playlist.segment_s
        while self.ahead_s(self.play_head()) > limit_s - playlist.segment_s:
            await self._clock.sleep(playlist.segment_s / 4)

    async def _renew(self, expired: StreamExpired, position_s: float) -> str:
        """A fresh address for the same track, if the caller can get one."""
        if self._refresh is None or self._refreshes_in_row >= self._settings.max_refreshes:
            raise expired
        self._refreshes_in_row += 1
        self.refreshes += 1
        piece = self.buffer.holding(self.play_head())
        if piece is not None:
            position_s = (self.play_head() - piece.track.delay) / piece.track.sample_rate
        url = await self._refresh(round(position_s * 1000))
        await self._source.open(url)
        return url

    async def _endure(self, failure: PlayerError) -> None:
        """Music in the buffer goes on; an empty buffer waits a while; a first try does not."""
        if self.buffer.tail is None:
            raise failure
        now = self._clock.now()
        heard = self.ahead_s(self.play_head()) > 0 and not self.starved
        async with self._grown:
            if heard or self._failing_since is None:
                self._failing_since = now
            self._grown.notify_all()
        if now - self._failing_since > self._settings.network_patience_s:
            raise failure
        await self._clock.sleep(_RETRY_S)
