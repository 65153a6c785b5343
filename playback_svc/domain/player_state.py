"""The state of one user's player and the commands on it, as pure functions.

Times are Unix milliseconds, positions are milliseconds from the start of the track. A command
takes the state as it is *now* (see :mod:`playback_svc.domain.liveness`) and returns the next one;
each that changes something raises ``revision`` by one, and a new session raises ``epoch``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from meshkit.faults import FailedPrecondition
from playback_svc.domain.play_queue import PlayQueue

NO_QUEUE = PlayQueue()
"""Nothing played from, nothing queued."""


class Status(StrEnum):
    """What the session does."""

    PLAYING = "PLAYING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"


class EndReason(StrEnum):
    """Why a session takes no more commands or beats."""

    TAKEN_OVER = "TAKEN_OVER"
    STOPPED = "STOPPED"
    EXPIRED = "EXPIRED"
    FINISHED = "FINISHED"


class Version(NamedTuple):
    """What every write compares: both numbers only rise, and order as a pair."""

    epoch: int
    revision: int


class Rung(NamedTuple):
    """One encoding that a session may use: its name in media paths and its rate in kbps."""

    name: str
    bitrate_kbps: int


@dataclass(frozen=True, slots=True)
class Track:
    """The track as its play began with it. Empty: it has no album, or no cover."""

    track_id: str
    title: str
    artist: str
    duration_ms: int
    premium: bool = False
    artist_id: str = ""
    album: str = ""
    album_id: str = ""
    artwork_path: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """What is streamed: the descriptor's SHA-256 (hex) and the rungs allowed, by rising quality."""

    descriptor: str
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class PlayerState:
    """The one row of a user. ``position_ms`` held at ``position_at_ms``, and so did ``heard_ms``.

    ``play_id`` names this play of the track, ``heard_ms`` is how much of it was heard so far,
    ``begun_ms`` up to where it needed not be heard: 0, but where it began elsewhere. ``carried_ms``
    is how much of it was heard in sessions before this one.

    ``attended`` says that the device is one that beats, so that its silence means something from
    the start.

    ``moving`` is False where the device said that its audio stands still although the session
    plays. ``last_seq`` and ``bitrate_kbps`` are 0, ``rung`` is empty and ``last_beat_at_ms`` is
    None, until a beat came.

    ``offline`` is what the last beat said of this play: that its sound comes from the device's own
    files. ``client_play_id`` is what the client calls this play, '' for nothing.

    ``sid`` is the sign-in of the device on which the session began, '' where that is not known.
    """

    version: Version
    session_id: str
    device_id: str
    track: Track
    asset: Asset
    status: Status
    position_ms: int
    position_at_ms: int
    started_at_ms: int
    play_id: str
    play_started_at_ms: int
    heard_ms: int = 0
    begun_ms: int = 0
    carried_ms: int = 0
    queue: PlayQueue = NO_QUEUE
    private: bool = False
    attended: bool = False
    skips_count: int = 0
    moving: bool = True
    ended_by: EndReason | None = None
    last_beat_at_ms: int | None = None
    last_seq: int = 0
    rung: str = ""
    bitrate_kbps: int = 0
    offline: bool = False
    client_play_id: str = ""
    sid: str = ""

    def position_at(self, now_ms: int) -> int:
        """The position at ``now_ms``, never past the end of the track nor before its start."""
        position = self.position_ms
        if self.status is Status.PLAYING and self.moving:
            position += max(0, now_ms - self.position_at_ms)
        return min(max(0, position), self.track.duration_ms)

    @property
    def has_beaten(self) -> bool:
        """Whether the session's device has ever said where it is."""
        return self.last_beat_at_ms is not None

    def heard_ms_at(self, now_ms: int) -> int:
        """How much of this play was heard by ``now_ms``, in ms."""
        return self.heard_ms + max(0, self.position_at(now_ms) - self.position_ms)


class SessionNotCurrent(FailedPrecondition):
    """The session is the caller's own and no longer takes commands."""

    default_reason = "SESSION_NOT_CURRENT"

    def __init__(self, ended_by: EndReason) -> None:
        super().__init__(
            "This session is no longer the one that plays.", metadata={"ended_by": ended_by.value}
        )
        self.ended_by = ended_by


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of a play: the track, what may be streamed of it, and what follows it."""

    play_id: str
    track: Track
    asset: Asset
    queue: PlayQueue = NO_QUEUE
    private: bool = False
    client_play_id: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What Play wants: a new session on a device, beginning with a play, from a position."""

    session_id: str
    device_id: str
    start: Start
    position_ms: int
    attended: bool = False
    sid: str = ""


def play(current: PlayerState | None, opening: Opening, now_ms: int) -> PlayerState:
    """A new session, which takes over from whatever played before."""
    before = current.version if current else Version(0, 0)
    start = opening.start
    position_ms = min(opening.position_ms, start.track.duration_ms)
    return PlayerState(
        version=Version(before.epoch + 1, before.revision + 1),
        session_id=opening.session_id,
        device_id=opening.device_id,
        track=start.track,
        asset=start.asset,
        status=Status.PLAYING,
        position_ms=position_ms,
        position_at_ms=now_ms,
        started_at_ms=now_ms,
        play_id=start.play_id,
        play_started_at_ms=now_ms,
        begun_ms=position_ms,
        queue=start.queue,
        private=start.private,
        attended=opening.attended,
        sid=opening.sid,
        client_play_id=start.client_play_id,
    )


def move_on(state: PlayerState, start: Start, now_ms: int, *, skipped: bool = False) -> PlayerState:
    """Another track in the same session, from its start; a held session plays again."""
    _require_open(state)
    return replace(
        _moved(state, Status.PLAYING, 0, now_ms),
        track=start.track,
        asset=start.asset,
        play_id=start.play_id,
        play_started_at_ms=now_ms,
        heard_ms=0,
        begun_ms=0,
        carried_ms=0,
        queue=start.queue,
        private=start.private,
        skips_count=state.skips_count + skipped,
        offline=False,
        client_play_id=start.client_play_id,
    )


def requeue(state: PlayerState, queue: PlayQueue) -> PlayerState:
    """Another queue behind the same play, even of a session that is over; the same if it is.

    No sign of life of the device: the position, and since when it holds, stay.
    """
    return state if queue == state.queue else replace(_revised(state), queue=queue)


@dataclass(frozen=True, slots=True)
class Handover:
    """What a transfer wants: a new session on a device; ``plays`` None goes on as before.

    ``play_id`` and ``begun_ms`` are for a play that was over; one that goes on keeps its own.
    ``private`` is what the user wants now: a play that goes on may become private by it, never
    public.
    """

    session_id: str
    device_id: str
    asset: Asset
    plays: bool | None
    play_id: str
    begun_ms: int = 0
    private: bool = False
    attended: bool = False
    sid: str = ""


def transfer(state: PlayerState, handover: Handover, now_ms: int) -> PlayerState:
    """The same play in a new session on another device; what was over is taken up where it ended.

    It plays, or is held, as before; what was over is held.
    """
    plays = handover.plays
    if plays is None:
        plays = state.status is Status.PLAYING
    begun = PlayerState(
        version=Version(state.version.epoch + 1, state.version.revision + 1),
        session_id=handover.session_id,
        device_id=handover.device_id,
        track=state.track,
        asset=handover.asset,
        status=Status.PLAYING if plays else Status.PAUSED,
        position_ms=state.position_at(now_ms),
        position_at_ms=now_ms,
        started_at_ms=now_ms,
        play_id=state.play_id,
        play_started_at_ms=state.play_started_at_ms,
        heard_ms=state.heard_ms_at(now_ms),
        begun_ms=state.begun_ms,
        carried_ms=state.heard_ms_at(now_ms),
        queue=state.queue,
        private=handover.private,
        attended=handover.attended,
        sid=handover.sid,
        offline=state.offline,
        client_play_id=state.client_play_id,
    )
    if state.status is Status.STOPPED:
        return replace(
            begun,
            play_id=handover.play_id,
            play_started_at_ms=now_ms,
            heard_ms=0,
            begun_ms=handover.begun_ms,
            carried_ms=0,
            offline=False,
            client_play_id="",
        )
    return replace(begun, private=state.private or handover.private)


def hide(state: PlayerState) -> PlayerState:
    """The same play, private from now on; the same state when it was, or when it is over.

    No sign of life of the device, as ``requeue`` is none.
    """
    if state.private or state.status is Status.STOPPED:
        return state
    return replace(_revised(state), private=True)


def pause(state: PlayerState, now_ms: int) -> PlayerState:
    """Held where it is; the same state when it was held already."""
    _require_open(state)
    if state.status is Status.PAUSED:
        return state
    return _moved(state, Status.PAUSED, state.position_at(now_ms), now_ms)


def resume(state: PlayerState, now_ms: int) -> PlayerState:
    """Goes on where it was held; the same state when it plays already."""
    _require_open(state)
    if state.status is Status.PLAYING:
        return state
    return _moved(state, Status.PLAYING, state.position_at(now_ms), now_ms)


def seek(state: PlayerState, position_ms: int, now_ms: int) -> PlayerState:
    """At ``position_ms``, or at the end for a position beyond it; playing or held as before."""
    _require_open(state)
    return _moved(state, state.status, min(position_ms, state.track.duration_ms), now_ms)


def stop(state: PlayerState, now_ms: int) -> PlayerState:
    """Over, by the user; the same state when it was over already."""
    return end(state, EndReason.STOPPED, state.position_at(now_ms), now_ms)


def end(state: PlayerState, reason: EndReason, position_ms: int, now_ms: int) -> PlayerState:
    """Over at ``position_ms`` for ``reason``; the same state when it was over already."""
    if state.status is Status.STOPPED:
        return state
    heard_ms = state.heard_ms + max(
        0, min(position_ms, state.position_at(now_ms)) - state.position_ms
    )
    ended = _moved(state, Status.STOPPED, position_ms, now_ms)
    return replace(ended, ended_by=reason, heard_ms=heard_ms)


def _require_open(state: PlayerState) -> None:
    if state.status is Status.STOPPED:
        raise SessionNotCurrent(state.ended_by or EndReason.STOPPED)


def _revised(state: PlayerState) -> PlayerState:
    version = Version(state.version.epoch, state.version.revision + 1)
    return replace(state, version=version)


def _moved(state: PlayerState, status: Status, position_ms: int, now_ms: int) -> PlayerState:
    return replace(
        _revised(state),
        status=status,
        position_ms=position_ms,
        position_at_ms=now_ms,
        heard_ms=state.heard_ms_at(now_ms),
        moving=True,
    )
