"""What heartbeats say about a session, and when silence means that it is over.

Nothing here writes: a session that fell silent *is* stopped as soon as anyone looks, whether or
not a sweep has stored that yet, and every reader derives the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from playback_svc.domain.player_state import EndReason, PlayerState, Status, Version, end

SILENCE_PLAYING_MS = 35_000
"""A playing session without a beat for this long is over."""

SILENCE_PAUSED_MS = 24 * 3_600_000
"""A held session without a beat or command for this long is over."""

BLIND_MS = 90_000
"""After live positions were lost, silence says nothing for this long."""


@dataclass(frozen=True, slots=True)
class LivePosition:
    """The last accepted beat of a session.

    ``version`` is what the device had applied when it was at ``position_ms``; ``seq`` and
    ``beat_at_ms`` are those of the newest beat, which may have moved no position. ``rung`` is what
    was heard, and empty while the device told none. ``offline`` was said with ``position_ms``.
    """

    session_id: str
    version: Version
    seq: int
    position_ms: int
    position_at_ms: int
    moving: bool
    bitrate_kbps: int
    beat_at_ms: int
    rung: str = ""
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Liveness:
    """A live position, if one is known, and since when positions are kept without a gap.

    ``since_ms`` is None while nobody can tell, because the live store cannot answer.
    """

    position: LivePosition | None
    since_ms: int | None

    def proves_silence(self, now_ms: int) -> bool:
        """Whether the absence of beats means anything at ``now_ms``."""
        return self.since_ms is not None and now_ms - self.since_ms >= BLIND_MS


UNKNOWN = Liveness(None, None)
"""What is known of a session while live positions cannot be read."""


def observe(state: PlayerState, live: LivePosition | None) -> PlayerState:
    """``state`` with what the last beat adds; one of an older version may be of another play.

    It moves no position, and does not say where the sound of this one comes from.
    """
    if live is None or live.session_id != state.session_id or live.seq <= state.last_seq:
        return state
    heard = replace(
        state,
        last_seq=live.seq,
        rung=live.rung or state.rung,
        bitrate_kbps=live.bitrate_kbps if live.rung else state.bitrate_kbps,
        last_beat_at_ms=live.beat_at_ms,
        offline=live.offline if live.version == state.version else state.offline,
    )
    if state.status is not Status.PLAYING or live.version != state.version:
        return heard
    position_ms = min(live.position_ms, state.track.duration_ms)
    # A device tells where it is, not how it came there: no more can have been heard than time went.
    progress_ms = min(position_ms - state.position_ms, live.position_at_ms - state.position_at_ms)
    return replace(
        heard,
        position_ms=position_ms,
        position_at_ms=live.position_at_ms,
        heard_ms=state.heard_ms + max(0, progress_ms),
        moving=live.moving,
    )


def expires_at_ms(state: PlayerState) -> int | None:
    """When ``state`` is over unless something comes first; None where it is over already."""
    if state.status is Status.STOPPED:
        return None
    heard_at_ms = max(state.position_at_ms, state.last_beat_at_ms or 0)
    if state.status is Status.PAUSED:
        return heard_at_ms + SILENCE_PAUSED_MS
    if state.last_beat_at_ms is None and not state.attended:
        left_ms = state.track.duration_ms - state.position_ms
        return state.position_at_ms + left_ms + SILENCE_PLAYING_MS
    return heard_at_ms + SILENCE_PLAYING_MS


def derive_state(state: PlayerState, liveness: Liveness, now_ms: int) -> PlayerState:
    """The state at ``now_ms``: with its last beat, and STOPPED where silence has ended it."""
    state = observe(state, liveness.position)
    over_at_ms = expires_at_ms(state)
    if over_at_ms is None or now_ms < over_at_ms or not liveness.proves_silence(now_ms):
        return state
    # Nobody heard anything after the last sign of life; a device that gives none at all, such as a
    # plain HLS player, played to the end.
    seen_at_ms = state.last_beat_at_ms
    if seen_at_ms is None:
        seen_at_ms = state.position_at_ms if state.attended else over_at_ms
    position_ms = state.position_at(max(seen_at_ms, state.position_at_ms))
    return end(state, EndReason.EXPIRED, position_ms, over_at_ms)
