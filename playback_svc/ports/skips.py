"""The count of skips in a window of time, shared by every device and instance of a user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

WINDOW_S = 1800
"""Length of a window; window ``n`` lasts from ``n * WINDOW_S`` Unix seconds on."""


@dataclass(frozen=True, slots=True)
class SkipAttempt:
    """One try to skip: whose, under which request, and the SHA-256 of the request's body."""

    user_id: str
    request_id: str
    body_sha256: bytes


@dataclass(frozen=True, slots=True)
class Tally:
    """How a try went, and how the user's window stands after it.

    ``allowed`` is False where the limit was reached before; then nothing was counted. ``used``
    counts the window that the try fell into; ``resets_in_s`` is whole seconds, rounded up, until
    that window ends. ``counted_now`` is False where this very request was counted before.
    """

    allowed: bool
    used: int
    resets_in_s: int
    counted_now: bool


@dataclass(frozen=True, slots=True)
class SkipsAhead:
    """Skips that are left in the present window, and when that ends, in Unix seconds."""

    remaining: int
    resets_at_s: int


class SkipWindows(Protocol):
    """Counts skips exactly. Fails CLOSED: Unavailable when the store cannot answer.

    The window is told by the store's own clock, whatever the callers' clocks say. A window's
    counts must be gone when the window after it is over.
    """

    async def take(self, skip: SkipAttempt, limit: int) -> Tally:
        """Count ``skip`` unless ``limit`` are counted in the present window.

        Of any number of simultaneous tries at most ``limit`` of distinct requests are allowed in
        a window. A request that is counted already, in this window or in the one before, is
        allowed and counts once. Raises RequestIdReused where it was counted with another body.
        """
        ...

    async def give_back(self, skip: SkipAttempt) -> None:
        """Undo a ``take`` of which it is certain that nothing came.

        Does nothing where the same request was taken more than once: another of its tries may
        have come through.
        """
        ...

    async def read(self, user_id: str) -> Tally:
        """How the present window stands; ``allowed`` is True and nothing is counted."""
        ...

    async def erase(self, user_id: str) -> None:
        """Must forget all counts of a user who was erased."""
        ...
