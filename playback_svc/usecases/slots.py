"""The streams of this process: one slot each, found by user, and the lives of their tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from meshkit.faults import ResourceExhausted
from playback_svc.domain.player_state import EndReason, PlayerState, Status, Version
from playback_svc.domain.presence import (
    SILENCE_PAUSED_MS,
    SILENCE_PLAYING_MS,
    LivePosition,
    expires_at_ms,
)
from playback_svc.ports.live import Wake

STREAMS_PER_USER = 16
_LIMIT_RETRY_S = 5.0


class Closing(StrEnum):
    """Why a stream ends; the names of ``SessionEnd.Reason``."""

    TAKEN_OVER = "TAKEN_OVER"
    STOPPED = "STOPPED"
    EXPIRED = "EXPIRED"
    FINISHED = "FINISHED"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105
    TOKEN_REVOKED = "TOKEN_REVOKED"  # noqa: S105
    DRAINING = "DRAINING"


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """Why, in words for people, and for DRAINING how many seconds to wait before coming back."""

    reason: Closing
    message: str
    reconnect_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose stream it is, by the access token that was last seen; Unix seconds."""

    user_id: str
    sid: str
    tier: str
    expires_at_s: float


_ENDED = {
    EndReason.STOPPED: StreamEnd(Closing.STOPPED, "Playback was stopped."),
    EndReason.FINISHED: StreamEnd(Closing.FINISHED, "Everything was played."),
    EndReason.EXPIRED: StreamEnd(
        Closing.EXPIRED, "Nothing was heard of this session for too long."
    ),
}


def ended_by(reason: EndReason, device_id: str = "") -> StreamEnd:
    """The end that a session's end means for its stream; ``device_id`` plays now."""
    known = _ENDED.get(reason)
    if known is not None:
        return known
    return StreamEnd(Closing.TAKEN_OVER, f"{device_id or 'Another device'} plays now.")


class Slot:
    """One stream: what its device said last, and what is known of the user's playback.

    Mutable and small on purpose: a process holds tens of thousands, and every beat passes here.
    """

    __slots__ = (
        "beat_at_ms", "bitrate_kbps", "checkpoint_at_ms", "device_id", "duration_ms", "early",
        "end", "epoch", "heard_at_ms", "heard_ms", "holder", "interrupt", "last_seq", "listening",
        "live_epoch", "live_revision", "moving", "position_at_ms", "position_ms", "revision",
        "session_id", "silence_ms",
    )  # fmt: skip

    def __init__(self, holder: Holder, session_id: str, device_id: str) -> None:
        self.holder = holder
        self.session_id = session_id
        self.device_id = device_id
        self.end: StreamEnd | None = None
        self.early: Wake | None = None
        self.listening = False
        self.interrupt: Callable[[], object] = _nothing
        self.epoch = self.revision = self.live_epoch = self.live_revision = 0
        self.last_seq = self.position_ms = self.position_at_ms = self.duration_ms = 0
        self.beat_at_ms = self.heard_at_ms = self.heard_ms = self.bitrate_kbps = 0
        self.silence_ms = SILENCE_PLAYING_MS
        self.checkpoint_at_ms = 0
        self.moving = True

    def load(self, state: PlayerState, now_ms: int) -> None:
        """Takes over what is known of the session; a wake-up that came first is heard now."""
        self.duration_ms = state.track.duration_ms
        self.last_seq = state.last_seq
        self.bitrate_kbps = state.bitrate_kbps
        self.beat_at_ms = now_ms
        # In the future for a session that never sent a beat: it may be silent to its track's end.
        self.silence_ms = _silence_ms(state.status)
        self.heard_at_ms = (expires_at_ms(state) or now_ms) - self.silence_ms
        self.epoch, self.revision = state.version
        if state.status is Status.STOPPED:
            self.finish(ended_by(state.ended_by or EndReason.STOPPED))
        if self.early is not None:
            self.wake(self.early, now_ms)

    def wake(self, wake: Wake, now_ms: int) -> None:
        """Hears of a command: goes on, or ends. An older one is old news."""
        if not self.revision:
            if self.early is None or self.early.version < wake.version:
                self.early = wake
            return
        if wake.version <= (self.epoch, self.revision):
            return
        if wake.session_id != self.session_id:
            self.finish(ended_by(EndReason.TAKEN_OVER, wake.device_id))
            return
        self.epoch, self.revision = wake.version
        self.duration_ms = wake.duration_ms
        self.heard_at_ms = now_ms
        self.silence_ms = _silence_ms(wake.status)
        if wake.status is Status.STOPPED:
            self.finish(ended_by(wake.ended_by or EndReason.STOPPED))

    def silent_too_long(self, now_ms: int) -> bool:
        """Whether the session may be over by its silence until now."""
        return now_ms - self.heard_at_ms >= self.silence_ms

    def take(
        self,
        seq: int,
        epoch: int,
        revision: int,
        position_ms: int,
        moving: bool,
        bitrate_kbps: int,
        now_ms: int,
    ) -> None:
        """Takes a beat whose ``seq`` is above the last; an older version moves no position."""
        if self.moving and self.live_epoch:
            self.heard_ms += min(now_ms - self.beat_at_ms, SILENCE_PLAYING_MS)
        self.last_seq = seq
        self.beat_at_ms = self.heard_at_ms = now_ms
        if epoch > self.epoch or (epoch == self.epoch and revision >= self.revision):
            self.live_epoch = epoch
            self.live_revision = revision
            self.position_ms = position_ms if position_ms < self.duration_ms else self.duration_ms
            self.position_at_ms = now_ms
        if bitrate_kbps:
            self.bitrate_kbps = bitrate_kbps
        if moving is not self.moving:
            self.moving = moving
            self.checkpoint_at_ms = 0

    def live(self) -> LivePosition:
        """The last beat as it is kept."""
        return LivePosition(
            session_id=self.session_id,
            version=Version(self.live_epoch, self.live_revision),
            seq=self.last_seq,
            position_ms=self.position_ms,
            position_at_ms=self.position_at_ms,
            moving=self.moving,
            bitrate_kbps=self.bitrate_kbps,
            beat_at_ms=self.beat_at_ms,
        )

    def finish(self, end: StreamEnd) -> None:
        """Ends the stream; the first end stands. A stream that waits for its device wakes up."""
        if self.end is None:
            self.end = end
            if self.listening:
                self.listening = False
                self.interrupt()


def _nothing() -> None:
    """A slot without a stream has nothing to interrupt."""


def _silence_ms(status: Status) -> int:
    return SILENCE_PAUSED_MS if status is Status.PAUSED else SILENCE_PLAYING_MS


class StreamRegistry:
    """The slots of this process's streams."""

    def __init__(self, now_s: float) -> None:
        self._by_user: dict[str, list[Slot]] = {}
        self._expiring: dict[int, list[Slot]] = {}
        self._looked_until_s = int(now_s)
        self.held = 0

    def add(self, slot: Slot) -> None:
        """Holds a stream. Raises ResourceExhausted for one too many of its user."""
        slots = self._by_user.setdefault(slot.holder.user_id, [])
        if len(slots) >= STREAMS_PER_USER:
            raise ResourceExhausted(
                f"At most {STREAMS_PER_USER} heartbeat streams of a user at a time.",
                metadata={"limit": "streams_per_user"},
                retry_after_s=_LIMIT_RETRY_S,
            )
        slots.append(slot)
        self.held += 1
        self._await_expiry(slot)

    def remove(self, slot: Slot) -> None:
        """Holds it no longer."""
        slots = self._by_user[slot.holder.user_id]
        slots.remove(slot)
        if not slots:
            del self._by_user[slot.holder.user_id]
        self.held -= 1

    def of_user(self, user_id: str) -> list[Slot]:
        """The user's streams here."""
        return self._by_user.get(user_id, [])

    def of_session(self, user_id: str, session_id: str) -> Slot | None:
        """A stream of the session here, if there is one."""
        for slot in self.of_user(user_id):
            if slot.session_id == session_id and slot.end is None:
                return slot
        return None

    def __iter__(self) -> Iterator[Slot]:
        for slots in list(self._by_user.values()):
            yield from tuple(slots)

    def _await_expiry(self, slot: Slot) -> None:
        second = max(int(slot.holder.expires_at_s) + 1, self._looked_until_s + 1)
        self._expiring.setdefault(second, []).append(slot)

    def end_expired(self, now_s: float) -> None:
        """Ends the streams whose token's life was over by ``now_s`` and not renewed."""
        end = StreamEnd(Closing.TOKEN_EXPIRED, "The access token has expired.")
        while self._looked_until_s < int(now_s):
            self._looked_until_s += 1
            for slot in self._expiring.pop(self._looked_until_s, ()):
                if slot.end is not None:
                    continue
                if slot.holder.expires_at_s > now_s:
                    self._await_expiry(slot)
                else:
                    slot.finish(end)
