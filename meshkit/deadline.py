"""How long the call that is being served may still take, so that no call outlives its caller."""

from __future__ import annotations

import time
from contextvars import ContextVar

_ends_at: ContextVar[float | None] = ContextVar("segue_deadline", default=None)


def set_remaining(seconds: float | None) -> None:
    """Starts the budget of the current context; None lifts it, for streams that live for hours."""
    _ends_at.set(None if seconds is None else time.monotonic() + seconds)


def budget(at_most_s: float) -> float:
    """Seconds for a call made from here: what remains of the caller's time, ``at_most_s`` at most.

    Never below a millisecond, so that a spent budget fails as DEADLINE_EXCEEDED and not as a
    negative timeout.
    """
    ends_at = _ends_at.get()
    if ends_at is None:
        return at_most_s
    return max(min(at_most_s, ends_at - time.monotonic()), 0.001)
