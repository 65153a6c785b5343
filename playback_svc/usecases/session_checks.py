"""What a command needs of the state: a session that is not over, on the device that was meant."""

from __future__ import annotations

from dataclasses import dataclass

from meshkit.faults import FailedPrecondition
from playback_svc.domain.player_state import EndReason, PlayerState, SessionNotCurrent, Status


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and with which plan; ``sender`` is the device that asks, '' where not said.

    ``sid`` is the sign-in by which it asks.
    """

    user_id: str
    tier: str
    sender: str = ""
    sid: str = ""


def require_open(state: PlayerState | None, device_id: str | None = None) -> PlayerState:
    """``state`` if its session takes commands, and plays on ``device_id`` where one is named.

    Raises SessionNotCurrent, FailedPrecondition (DEVICE_NOT_PLAYING).
    """
    if device_id is not None and (
        state is None or state.status is Status.STOPPED or state.device_id != device_id
    ):
        active = state.device_id if state and state.status is not Status.STOPPED else ""
        raise FailedPrecondition(
            "Your session does not play on this device.",
            reason="DEVICE_NOT_PLAYING",
            metadata={"device_id": device_id, "active_device_id": active},
        )
    if state is None:
        raise SessionNotCurrent(EndReason.STOPPED)
    if state.status is Status.STOPPED:
        raise SessionNotCurrent(state.ended_by or EndReason.STOPPED)
    return state


def require_started(state: PlayerState | None) -> PlayerState:
    """``state`` if anything was ever played. Raises SessionNotCurrent."""
    if state is None:
        raise SessionNotCurrent(EndReason.STOPPED)
    return state
