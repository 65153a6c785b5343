"""When a track counts as played, and what is kept of a play."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from playback_svc.domain.origins import NOWHERE, PlayOrigin
from playback_svc.domain.play_queue import origin_of
from playback_svc.domain.player_state import EndReason, PlayerState

COUNTED_MS = 30_000
"""A track counts as played when this much of it, or half of it, was heard."""

_END_MS = 5_000


class Outcome(StrEnum):
    """How a play ended: at its end, by a skip, for something else, by silence."""

    COMPLETED = "COMPLETED"
    SKIPPED = "SKIPPED"
    LEFT = "LEFT"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class PlayRecord:
    """One play of a track.

    ``counted`` says that enough of it was heard to stand in the history and in the counts.
    ``rung`` is what was heard last, and empty where the device told none. ``offline`` says that the
    sound came from the device's own files. ``client_play_id`` is what the client called it, '' for
    nothing.
    """

    play_id: str
    session_id: str
    device_id: str
    track_id: str
    started_at_ms: int
    ended_at_ms: int
    heard_ms: int
    outcome: Outcome
    counted: bool
    private: bool
    origin: PlayOrigin = NOWHERE
    rung: str = ""
    offline: bool = False
    client_play_id: str = ""


def counted(heard_ms: int, duration_ms: int) -> bool:
    """Whether a track of that length, heard for that long, counts as played."""
    return heard_ms > 0 and heard_ms >= min(COUNTED_MS, duration_ms // 2)


def heard_enough(state: PlayerState, now_ms: int) -> bool:
    """Whether the play may end without being a skip: it counts, or all that was left was heard.

    What is left is taken from where it began; to go to another position saves nothing of it. From
    the start all of it is left, and of a track of a few seconds, too, half is to be heard.
    """
    heard_ms, duration_ms = state.heard_ms_at(now_ms), state.track.duration_ms
    left_heard = state.begun_ms > 0 and has_ended(state.begun_ms + heard_ms, duration_ms)
    return counted(heard_ms, duration_ms) or left_heard


def resume_position_ms(state: PlayerState) -> int:
    """Where a play of what is over begins, in ms: its position, or as far as it was heard to.

    Somebody who only went to a position has not heard what lies before it.
    """
    if counted(state.heard_ms, state.track.duration_ms):
        return state.position_ms
    return min(state.position_ms, state.begun_ms + state.heard_ms)


def limit_to_delivered(state: PlayerState, now_ms: int, delivered_ms: int) -> PlayerState:
    """``state`` at ``now_ms``, in which no more was heard in this session than it was sent.

    For a session that never sent a beat: nobody says that anything was heard but the clock.
    """
    surplus_ms = state.heard_ms_at(now_ms) - state.carried_ms - delivered_ms
    return replace(state, heard_ms=state.heard_ms - surplus_ms) if surplus_ms > 0 else state


def has_ended(position_ms: int, duration_ms: int) -> bool:
    """Whether a track at that position has come to its end: a device may be early by 5 s."""
    return position_ms >= duration_ms - _END_MS


def play_of(state: PlayerState, now_ms: int, *, skipped: bool = False) -> PlayRecord:
    """What is kept of the play that ``state`` leaves at ``now_ms``; ``skipped`` where by a skip."""
    heard_ms = state.heard_ms_at(now_ms)
    return PlayRecord(
        play_id=state.play_id,
        session_id=state.session_id,
        device_id=state.device_id,
        track_id=state.track.track_id,
        started_at_ms=state.play_started_at_ms,
        ended_at_ms=now_ms,
        heard_ms=heard_ms,
        outcome=_outcome(state, now_ms, skipped=skipped),
        counted=counted(heard_ms, state.track.duration_ms),
        private=state.private,
        origin=origin_of(state.queue),
        rung=state.rung,
        offline=state.offline,
        client_play_id=state.client_play_id,
    )


def _outcome(state: PlayerState, now_ms: int, *, skipped: bool) -> Outcome:
    """How the play ends. A skip in the last seconds of what was heard is an end."""
    duration_ms = state.track.duration_ms
    at_end = has_ended(state.position_at(now_ms), duration_ms)
    if not state.has_beaten:
        at_end = at_end and has_ended(state.begun_ms + state.heard_ms_at(now_ms), duration_ms)
    if at_end and (not skipped or heard_enough(state, now_ms)):
        return Outcome.COMPLETED
    if skipped:
        return Outcome.SKIPPED
    return Outcome.EXPIRED if state.ended_by is EndReason.EXPIRED else Outcome.LEFT
