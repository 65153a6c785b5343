"""A stream of beats as its process knows it: what its device said last, what commands did since."""

from __future__ import annotations

from dataclasses import dataclass

from meshkit.principal import Principal
from meshkit.stream_ends import FINISHED, HeldStream
from playback_svc.domain.liveness import (
    SILENCE_PAUSED_MS,
    SILENCE_PLAYING_MS,
    LivePosition,
    expires_at_ms,
)
from playback_svc.domain.player_state import EndReason, PlayerState, Rung, Status, Version
from playback_svc.domain.rungs import nearest_rung, rung_named
from playback_svc.ports.events import PlaybackChanged

_NO_RUNG = Rung("", 0)

_WORDS = {
    EndReason.STOPPED: "Playback was stopped.",
    EndReason.FINISHED: "Everything was played.",
    EndReason.EXPIRED: "Nothing was heard of this session for too long.",
}


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """Why a session takes no more beats from a device, and the same for people."""

    reason: EndReason
    message: str


def session_end_of(reason: EndReason, device_id: str = "") -> SessionEnd:
    """What a device is told of its session's end; ``device_id`` plays now."""
    message = _WORDS.get(reason) or f"{device_id or 'Another device'} plays now."
    return SessionEnd(reason, message)


class HeartbeatStream(HeldStream):
    """One stream: what its device said last, and what is known of the user's playback.

    Mutable and small on purpose: a process holds tens of thousands, and every beat passes here.
    """

    __slots__ = (
        "beat_at_ms",
        "checkpoint_at_ms",
        "device_id",
        "duration_ms",
        "early",
        "epoch",
        "heard_at_ms",
        "heard_ms",
        "last_seq",
        "live_epoch",
        "live_revision",
        "moving",
        "offline",
        "position_at_ms",
        "position_ms",
        "revision",
        "rung",
        "rungs",
        "session_end",
        "session_id",
        "silence_ms",
    )  # fmt: skip

    def __init__(self, holder: Principal, session_id: str, device_id: str) -> None:
        super().__init__(holder)
        self.session_id = session_id
        self.device_id = device_id
        self.early: PlaybackChanged | None = None
        self.session_end: SessionEnd | None = None
        self.epoch = self.revision = self.live_epoch = self.live_revision = 0
        self.last_seq = self.position_ms = self.position_at_ms = self.duration_ms = 0
        self.beat_at_ms = self.heard_at_ms = self.heard_ms = 0
        self.rung: Rung | None = None
        self.rungs: tuple[Rung, ...] = ()
        self.silence_ms = SILENCE_PLAYING_MS
        self.checkpoint_at_ms = 0
        self.moving = True
        self.offline = False

    def load(self, state: PlayerState, now_ms: int) -> None:
        """Takes over what is known of the session; an event that came first is applied now."""
        self.duration_ms = state.track.duration_ms
        self.last_seq = state.last_seq
        self.rungs = state.asset.rungs
        self.rung = Rung(state.rung, state.bitrate_kbps) if state.rung else None
        self.beat_at_ms = now_ms
        # In the future for a session that never sent a beat: it may be silent to its track's end.
        self.silence_ms = _silence_ms(state.status)
        self.heard_at_ms = (expires_at_ms(state) or now_ms) - self.silence_ms
        self.epoch, self.revision = state.version
        if state.status is Status.STOPPED:
            self.end_session(session_end_of(state.ended_by or EndReason.STOPPED))
        if self.early is not None:
            self.apply(self.early, now_ms)

    def end_session(self, session_end: SessionEnd) -> None:
        """The session takes no more beats from this stream, which therefore ends."""
        if self.end is None:
            self.session_end = session_end
            self.finish(FINISHED)

    def apply(self, change: PlaybackChanged, now_ms: int) -> None:
        """Takes over what a command did: goes on, or ends. An older change says nothing new."""
        if not self.revision:
            if self.early is None or self.early.version < change.version:
                self.early = change
            return
        if change.version <= (self.epoch, self.revision):
            return
        if change.session_id != self.session_id:
            self.end_session(session_end_of(EndReason.TAKEN_OVER, change.device_id))
            return
        self.epoch, self.revision = change.version
        self.duration_ms = change.duration_ms
        self.rungs = change.rungs or self.rungs
        self.heard_at_ms = now_ms
        self.silence_ms = _silence_ms(change.status)
        if change.status is Status.STOPPED:
            self.end_session(session_end_of(change.ended_by or EndReason.STOPPED))

    def silent_too_long(self, now_ms: int) -> bool:
        """Whether the session may be over by its silence until now."""
        return now_ms - self.heard_at_ms >= self.silence_ms

    def take(
        self,
        seq: int,
        epoch: int,
        revision: int,
        position_ms: int,
        *,
        moving: bool,
        rung: str,
        bitrate_kbps: int,
        offline: bool,
        now_ms: int,
    ) -> None:
        """Takes a beat whose ``seq`` is above the last; an older version moves no position.

        ``bitrate_kbps`` is measured and tells the rung where ``rung`` is empty; 0 tells nothing.
        """
        if self.moving and self.last_seq:
            self.heard_ms += min(now_ms - self.beat_at_ms, SILENCE_PLAYING_MS)
        self.last_seq = seq
        self.beat_at_ms = self.heard_at_ms = now_ms
        if epoch > self.epoch or (epoch == self.epoch and revision >= self.revision):
            self.live_epoch = epoch
            self.live_revision = revision
            self.position_ms = position_ms if position_ms < self.duration_ms else self.duration_ms
            self.position_at_ms = now_ms
            self.offline = offline
        if rung:
            self.rung = rung_named(self.rungs, rung)
        elif bitrate_kbps:
            self.rung = nearest_rung(self.rungs, bitrate_kbps)
        if moving is not self.moving:
            self.moving = moving
            self.checkpoint_at_ms = 0

    def plays_at(self, now_ms: int) -> bool:
        """Whether the session has told that it plays and goes on."""
        told = self.last_seq > 0 and self.moving and self.end is None
        return told and not self.silent_too_long(now_ms)

    def live(self) -> LivePosition:
        """The last beat as it is kept."""
        rung = self.rung or _NO_RUNG
        return LivePosition(
            session_id=self.session_id,
            version=Version(self.live_epoch, self.live_revision),
            seq=self.last_seq,
            position_ms=self.position_ms,
            position_at_ms=self.position_at_ms,
            moving=self.moving,
            bitrate_kbps=rung.bitrate_kbps,
            beat_at_ms=self.beat_at_ms,
            rung=rung.name,
            offline=self.offline,
        )


def _silence_ms(status: Status) -> int:
    return SILENCE_PAUSED_MS if status is Status.PAUSED else SILENCE_PLAYING_MS
