"""Heartbeats: what devices tell of their playback, acknowledged from memory and kept in batches.

A beat touches no store. It changes its stream's slot and marks it; twice a second one task of the
process writes what is marked to the live positions, and a minute apart (and at every change of
status, and at a stream's end) to the session store. Wake-ups tell the slots what commands did.
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
from playback_svc.domain.beats import Counted
from playback_svc.domain.player_state import EndReason, PlayerState, Status
from playback_svc.ports.clock import Clock
from playback_svc.ports.events import Event, EventBus, PlaybackChanged
from playback_svc.ports.measures import Measures
from playback_svc.ports.player_states import Checkpoint, PlayerStateStore
from playback_svc.ports.positions import PositionStore
from playback_svc.streams.slots import Slot, over_by
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
        measures: Measures,
        clock: Clock,
    ) -> None:
        self._store = store
        self._positions = positions
        self._events = events
        self._commander = commander
        self._expire = Expire(commander)
        self._sessions = SessionLookup(store)
        self._measures = measures
        self._clock = clock
        self.held: HeldStreams[Slot] = HeldStreams("heartbeat", streams, measures.streams)
        self._marked: dict[str, Slot] = {}
        # The last slots, by user, of sessions that beat without a stream, while they may go on.
        self._passing: dict[str, Slot] = {}
        self._measure_at_ms = 0

    async def open(self, holder: Principal, session_id: str, device_id: str) -> Slot:
        """A stream's slot; its ``end`` is set where the session takes no beats any more.

        Raises NotFound for a session or device that is not the caller's, ResourceExhausted for
        too many streams, Unavailable. Give the slot back to :meth:`close`.
        """
        slot = Slot(holder, session_id, device_id)
        self.held.add(slot)
        try:
            # Watched before the state is read: a command in between is heard of, not missed.
            await self._events.watch(holder.user_id)
            await self._join(slot)
        except BaseException:
            self.close(slot)
            raise
        return slot

    def close(self, slot: Slot) -> None:
        """Lets go of a stream; its last beat is kept soon."""
        self.held.remove(slot)
        self._events.unwatch(slot.holder.user_id)
        if slot.live_epoch:
            slot.checkpoint_at_ms = 0
            self.mark(slot)

    async def _join(self, slot: Slot) -> PlayerState | None:
        """Brings what is known of the session into its slot; None where it is over."""
        user_id, now_ms = slot.holder.user_id, self._clock()
        partition, _ = await self._commander.stored_answer(user_id, None)
        state = await self._commander.current(partition)
        if state is None or state.session_id != slot.session_id:
            record = await self._sessions.over(user_id, slot.session_id)
            device_id = state.device_id if state else ""
            slot.leave(over_by(record.ended_by or EndReason.TAKEN_OVER, device_id))
            return None
        if state.device_id != slot.device_id:
            raise NotFound(
                "The session plays on another device.",
                metadata={"resource": "session", "id": slot.session_id},
            )
        slot.load(state, now_ms)
        stored_at_ms = partition.state.last_beat_at_ms if partition.state else None
        slot.checkpoint_at_ms = (stored_at_ms or 0) + CHECKPOINT_MS
        return state

    def mark(self, slot: Slot) -> None:
        """Have the slot's last beat kept at the next flush, unless a later one of its session is.

        A session has two streams while its device comes back over a new one.
        """
        marked = self._marked.get(slot.session_id)
        if marked is None or marked.last_seq <= slot.last_seq:
            slot.rung = slot.rung or (marked.rung if marked else None)
            self._marked[slot.session_id] = slot

    def begin(self, slot: Slot) -> None:
        """The first beat of a session has come."""
        self._measures.begun(slot.holder.tier)

    def report(self, slot: Slot, counted: Counted) -> None:
        """Add up what the device counted since its beat before."""
        self._measures.report(slot.holder.tier, counted)

    async def attend(self, holder: Principal, session_id: str, device_id: str) -> Slot:
        """A slot for one beat without a stream: that of the session's stream, or a passing one."""
        for slot in self.held.of_user(holder.user_id):
            if (slot.session_id, slot.device_id, slot.end) == (session_id, device_id, None):
                return slot
        # It stays for as long as the session beats, and needs no token meanwhile.
        slot = Slot(replace(holder, token=""), session_id, device_id)
        state = await self._join(slot)
        if state is None:
            return slot
        if state.last_beat_at_ms is not None:
            # What was heard since the beat before counts, as over a stream.
            slot.beat_at_ms = state.last_beat_at_ms
            slot.moving = state.moving and state.status is Status.PLAYING
        self._passing[holder.user_id] = slot
        return slot

    async def still_on(self, slot: Slot) -> bool:
        """Whether the session goes on after a long silence; ends the slot where it does not.

        Fails OPEN: a store that cannot answer leaves the session going on.
        """
        try:
            if await self._expire(slot.holder.user_id):
                slot.leave(over_by(EndReason.EXPIRED))
                return False
        except Fault as fault:
            _log.warning("silence not looked into", reason=fault.reason)
        slot.heard_at_ms = self._clock()
        return slot.end is None

    def hear(self, event: Event) -> None:
        """A command changed a user's playback, here or in another instance; else not for beats."""
        if not isinstance(event, PlaybackChanged):
            return
        now_ms = self._clock()
        for slot in self.held.of_user(event.user_id):
            slot.wake(event, now_ms)
        if passing := self._passing.get(event.user_id):
            passing.wake(event, now_ms)

    async def run(self) -> None:
        """Keep beats until cancelled; then keep the rest."""
        task = asyncio.current_task()
        try:
            # Asked for every turn: a driver may swallow the cancellation of one of its commands.
            while task is None or not task.cancelling():
                await asyncio.sleep(FLUSH_EVERY_S)
                self.measure()
                await self.flush()
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Keep what is marked."""
        marked, self._marked = self._marked, {}
        each = iter(marked.values())
        while chunk := list(itertools.islice(each, _CHUNK)):
            for slot in chunk:
                self._count(slot)
            await self._keep_positions(chunk)
            await self._keep_checkpoints(chunk)

    def measure(self) -> None:
        """Tells, every few seconds, how many sessions play."""
        now_ms = self._clock()
        if now_ms < self._measure_at_ms:
            return
        self._measure_at_ms = now_ms + _MEASURE_EVERY_MS
        self._passing = {
            user_id: slot for user_id, slot in self._passing.items() if slot.plays_at(now_ms)
        }
        slots = itertools.chain(self._passing.values(), self.held)
        playing = {slot.session_id for slot in slots if slot.plays_at(now_ms)}
        self._measures.playing(len(playing))

    def _count(self, slot: Slot) -> None:
        if slot.heard_ms and slot.rung is not None:
            self._measures.heard(slot.rung.name, slot.heard_ms / 1000)
        slot.heard_ms = 0

    async def _keep_positions(self, slots: list[Slot]) -> None:
        """Fails OPEN: without live positions the last checkpoint stands, and beats are retried."""
        try:
            await self._positions.put([slot.live() for slot in slots])
        except Unavailable:
            if len(self._marked) < _MOST_MARKED:
                for slot in slots:
                    self.mark(slot)

    async def _keep_checkpoints(self, slots: Iterable[Slot]) -> None:
        """Fails OPEN: a checkpoint that could not be stored is due again at the next beat."""
        now_ms = self._clock()
        due = {slot.holder.user_id: slot for slot in slots if slot.checkpoint_at_ms <= now_ms}
        beats = [Checkpoint(user_id, slot.live()) for user_id, slot in due.items()]
        if not beats:
            return
        try:
            kept = await self._store.checkpoint(beats)
        except Fault as fault:
            _log.warning("checkpoints not stored", reason=fault.reason, beats=len(beats))
            return
        for slot, held in zip(due.values(), kept, strict=True):
            slot.checkpoint_at_ms = now_ms + CHECKPOINT_MS
            if not held:
                await self._catch_up(slot)

    async def _catch_up(self, slot: Slot) -> None:
        """The row has moved on: a wake-up was lost, or the device lags behind."""
        try:
            partition, _ = await self._commander.stored_answer(slot.holder.user_id, None)
        except Fault as fault:
            _log.warning("state not read again", reason=fault.reason)
            return
        state: PlayerState | None = partition.state
        if state is not None:
            self.hear(playback_changed(slot.holder.user_id, state))
