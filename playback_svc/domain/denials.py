"""What is left of the media paths of a session that is over, or whose plan changed."""

from __future__ import annotations

from dataclasses import dataclass

from playback_svc.domain.player_state import EndReason, PlayerState, Status

KEPT_MS = 24 * 3_600_000
"""A denial is kept for so long: for as long as the longest path lives, in ms."""

_ENDED_BY_USER = (EndReason.STOPPED, EndReason.TAKEN_OVER)


@dataclass(frozen=True, slots=True)
class Denial:
    """The rungs that the paths of a session still give, none for good; kept until
    ``forget_at_ms``.

    A store numbers the denials of one session, from 1.
    """

    session_id: str
    rungs: tuple[str, ...]
    forget_at_ms: int


def all_denied(session_id: str, now_ms: int) -> Denial:
    """No path of the session gives anything from ``now_ms`` on."""
    return Denial(session_id, (), now_ms + KEPT_MS)


def narrowed(session_id: str, rungs: frozenset[str], now_ms: int) -> Denial:
    """The paths of the session give these rungs alone from ``now_ms`` on."""
    return Denial(session_id, tuple(sorted(rungs)), now_ms + KEPT_MS)


def is_denied(state: PlayerState | None) -> bool:
    """Whether the paths of a session give nothing: it was stopped, or taken over from.

    Those of one that silence has ended go on: a foreign player tells nothing, and may be held. So
    do those of one that came to its end, whose last seconds are still heard.
    """
    return state is not None and state.status is Status.STOPPED and state.ended_by in _ENDED_BY_USER
