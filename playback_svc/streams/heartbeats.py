"""Heartbeats: what devices tell of their playback, acknowledged from memory and kept in batches.

A beat touches no store. It changes what its stream knows and marks it; twice a second one task of
the process writes what is marked to the live positions, and a minute apart (and at every change of
status, and at a stream's end) to the session store. Events tell the streams what commands did.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from dataclasses import replace

import structlog

from meshkit.faults import Fault, NotFound, Unavailable
from meshkit.principal import Principal
from meshkit.streams import HeldStreams, OpenStreams
from playback_svc.domain.beats import Measurements
from playback_svc.domain.player_state import EndReason, PlayerState, Status
from playback_svc.ports.clock import Clock
from playback_svc.ports.events import Event, EventBus, PlaybackChanged
from playback_svc.ports.metrics import Metrics
from playback_svc.ports.player_states import Checkpoint, PlayerStateStore
from playback_svc.ports.positions import PositionStore
from playback_svc.streams.heartbeat_stream import HeartbeatStream, session_end_of
from playback_svc.usecases.commander import Commander, SessionLookup
from playback_svc.usecases.decisions import playback_changed
from playback_svc.usecases.expiry import Expire

FLUSH_EVERY_S = 0.5
CHECKPOINT_MS = 60_000
_CHUNK = 500
_MOST_MARKED = 200_000
_MEASURE_EVERY_MS = 5_000

_log = structlog.get_logger("playback")


class Heartbeats:
    """The streams that this process holds, and the beats that come over them."""

    def __init__(
        self,
        store: PlayerStateStore,
        positions: PositionStore,
        events: EventBus,
        commander: Commander,
        *,
        streams: OpenStreams,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._store = store
        self._positions = positions
        self._events = events
        self._commander = commander
        self._expire = Expire(commander)
        self._sessions = SessionLookup(store)
        self._metrics = metrics
        self._clock = clock
        self.held: HeldStreams[HeartbeatStream] = HeldStreams(
            "heartbeat", streams, metrics.count_streams
        )
        self._marked: dict[str, HeartbeatStream] = {}
        # The last streams, by user, of sessions that beat without a stream, while they may go on.
        self._passing: dict[str, HeartbeatStream] = {}
        self._measure_at_ms = 0

    async def open(self, holder: Principal, session_id: str, device_id: str) -> HeartbeatStream:
        """A stream of beats; its ``end`` is set where the session takes no beats any more.

        Raises NotFound for a session or device that is not the caller's, ResourceExhausted for
        too many streams, Unavailable. Give it back to :meth:`close`.
        """
        stream = HeartbeatStream(holder, session_id, device_id)
        self.held.add(stream)
        try:
            # Watched before the state is read: a command in between is heard of, not missed.
            await self._events.watch(holder.user_id)
            await self._join(stream)
        except BaseException:
            self.close(stream)
            raise
        return stream

    def close(self, stream: HeartbeatStream) -> None:
        """Lets go of a stream; its last beat is kept soon."""
        self.held.remove(stream)
        self._events.unwatch(stream.holder.user_id)
        if stream.live_epoch:
            stream.checkpoint_at_ms = 0
            self.mark(stream)

    async def _join(self, stream: HeartbeatStream) -> PlayerState | None:
        """Brings what is known of the session into the stream; None where it is over."""
        user_id, now_ms = stream.holder.user_id, self._clock()
        partition, _ = await self._commander.stored_answer(user_id, None)
        state = await self._commander.current(partition)
        if state is None or state.session_id != stream.session_id:
            record = await self._sessions.ended_session(user_id, stream.session_id)
            device_id = state.device_id if state else ""
            stream.end_session(session_end_of(record.ended_by or EndReason.TAKEN_OVER, device_id))
            return None
        if state.device_id != stream.device_id:
            raise NotFound(
                "The session plays on another device.",
                metadata={"resource": "session", "id": stream.session_id},
            )
        stream.load(state, now_ms)
        stored_at_ms = partition.state.last_beat_at_ms if partition.state else None
        stream.checkpoint_at_ms = (stored_at_ms or 0) + CHECKPOINT_MS
        return state

    def mark(self, stream: HeartbeatStream) -> None:
        """Have the stream's last beat kept at the next flush, unless a later one of its session is.

        A session has two streams while its device comes back over a new one.
        """
        marked = self._marked.get(stream.session_id)
        if marked is None or marked.last_seq <= stream.last_seq:
            stream.rung = stream.rung or (marked.rung if marked else None)
            self._marked[stream.session_id] = stream

    def begin(self, stream: HeartbeatStream) -> None:
        """The first beat of a session has come."""
        self._metrics.count_session(stream.holder.tier)

    def report(self, stream: HeartbeatStream, measurements: Measurements) -> None:
        """Add up what the device counted since its beat before."""
        self._metrics.observe(stream.holder.tier, measurements)

    async def stream_for_beat(
        self, holder: Principal, session_id: str, device_id: str
    ) -> HeartbeatStream:
        """What takes one beat that comes alone: the session's stream, or a passing one."""
        for stream in self.held.of_user(holder.user_id):
            if (stream.session_id, stream.device_id, stream.end) == (session_id, device_id, None):
                return stream
        # It stays for as long as the session beats, and needs no token meanwhile.
        stream = HeartbeatStream(replace(holder, token=""), session_id, device_id)
        state = await self._join(stream)
        if state is None:
            return stream
        if state.last_beat_at_ms is not None:
            # What was heard since the beat before counts, as over a stream.
            stream.beat_at_ms = state.last_beat_at_ms
            stream.moving = state.moving and state.status is Status.PLAYING
        self._passing[holder.user_id] = stream
        return stream

    async def still_on(self, stream: HeartbeatStream) -> bool:
        """Whether the session goes on after a long silence; ends the stream where it does not.

        Fails OPEN: a store that cannot answer leaves the session going on.
        """
        try:
            if await self._expire(stream.holder.user_id):
                stream.end_session(session_end_of(EndReason.EXPIRED))
                return False
        except Fault as fault:
            _log.warning("silence not looked into", reason=fault.reason)
        stream.heard_at_ms = self._clock()
        return stream.end is None

    def handle_event(self, event: Event) -> None:
        """A command changed a user's playback, here or in another instance; else not for beats."""
        if not isinstance(event, PlaybackChanged):
            return
        now_ms = self._clock()
        for stream in self.held.of_user(event.user_id):
            stream.apply(event, now_ms)
        if passing := self._passing.get(event.user_id):
            passing.apply(event, now_ms)

    async def run(self) -> None:
        """Keep beats until cancelled; then keep the rest."""
        task = asyncio.current_task()
        try:
            # Asked for every turn: a driver may swallow the cancellation of one of its commands.
            while task is None or not task.cancelling():
                await asyncio.sleep(FLUSH_EVERY_S)
                self.update_metrics()
                await self.flush()
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Keep what is marked."""
        marked, self._marked = self._marked, {}
        each = iter(marked.values())
        while chunk := list(itertools.islice(each, _CHUNK)):
            for stream in chunk:
                self._count(stream)
            await self._keep_positions(chunk)
            await self._keep_checkpoints(chunk)

    def update_metrics(self) -> None:
        """Tells, every few seconds, how many sessions play."""
        now_ms = self._clock()
        if now_ms < self._measure_at_ms:
            return
        self._measure_at_ms = now_ms + _MEASURE_EVERY_MS
        self._passing = {
            user_id: stream for user_id, stream in self._passing.items() if stream.plays_at(now_ms)
        }
        streams = itertools.chain(self._passing.values(), self.held)
        playing = {stream.session_id for stream in streams if stream.plays_at(now_ms)}
        self._metrics.set_playing(len(playing))

    def _count(self, stream: HeartbeatStream) -> None:
        if stream.heard_ms and stream.rung is not None:
            self._metrics.count_heard(stream.rung.name, stream.heard_ms / 1000)
        stream.heard_ms = 0

    async def _keep_positions(self, streams: list[HeartbeatStream]) -> None:
        """Fails OPEN: without live positions the last checkpoint stands, and beats are retried."""
        try:
            await self._positions.put([stream.live() for stream in streams])
        except Unavailable:
            if len(self._marked) < _MOST_MARKED:
                for stream in streams:
                    self.mark(stream)

    async def _keep_checkpoints(self, streams: Iterable[HeartbeatStream]) -> None:
        """Fails OPEN: a checkpoint that could not be stored is due again at the next beat."""
        now_ms = self._clock()
        due = {
            stream.holder.user_id: stream for stream in streams if stream.checkpoint_at_ms <= now_ms
        }
        beats = [Checkpoint(user_id, stream.live()) for user_id, stream in due.items()]
        if not beats:
            return
        try:
            kept = await self._store.checkpoint(beats)
        except Fault as fault:
            _log.warning("checkpoints not stored", reason=fault.reason, beats=len(beats))
            return
        for stream, held in zip(due.values(), kept, strict=True):
            stream.checkpoint_at_ms = now_ms + CHECKPOINT_MS
            if not held:
                await self._catch_up(stream)

    async def _catch_up(self, stream: HeartbeatStream) -> None:
        """The row has moved on: an event was lost, or the device lags behind."""
        try:
            partition, _ = await self._commander.stored_answer(stream.holder.user_id, None)
        except Fault as fault:
            _log.warning("state not read again", reason=fault.reason)
            return
        state: PlayerState | None = partition.state
        if state is not None:
            self.handle_event(playback_changed(stream.holder.user_id, state))
