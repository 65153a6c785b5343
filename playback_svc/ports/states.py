"""Users' playback as it is stored: one partition a user.

``PlayerStateStore`` promises no more than conditional batches inside one user's partition give,
so that PostgreSQL and Cassandra can both stand behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from meshkit.idempotency import RequestKey
from playback_svc.domain.player_state import Asset, EndReason, PlayerState, Status, Track, Version
from playback_svc.domain.presence import LivePosition


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One row of the log of sessions; ``ended_at_ms`` and ``ended_by`` are None while it lasts."""

    session_id: str
    device_id: str
    track_id: str
    status: Status
    position_ms: int
    bitrate_kbps: int
    started_at_ms: int
    last_heartbeat_at_ms: int | None
    ended_at_ms: int | None
    ended_by: EndReason | None


@dataclass(frozen=True, slots=True)
class Device:
    """A device as playing on it makes it known."""

    device_id: str
    seen_at_ms: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered, without secrets: addresses are signed anew from it, and equal.

    ``urls_expire_at_s`` is Unix seconds; None for commands that give no addresses.
    """

    session_id: str
    version: Version
    position_ms: int
    track: Track
    asset: Asset
    urls_expire_at_s: int | None = None


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer under its request's key, kept until ``expires_at_ms``."""

    key: RequestKey
    answer: Answer
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class Partition:
    """What one read of a user's partition found; ``stored`` is never past its time."""

    state: PlayerState | None
    stored: StoredAnswer | None


@dataclass(frozen=True, slots=True)
class Change:
    """One conditional write: all of it happens, or none.

    ``expected`` is the version that the row must still have, None for no row. ``stored`` must be
    new under its key.
    """

    user_id: str
    expected: Version | None
    state: PlayerState
    sessions: tuple[SessionRecord, ...] = ()
    device: Device | None = None
    stored: StoredAnswer | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A beat to keep; written only while the user's row has ``live.version``."""

    user_id: str
    live: LivePosition


class PlayerStateStore(Protocol):
    """Users' playback: state, log of sessions, devices and answered requests, a partition a user.

    A write that was acknowledged must survive a crash. Reads of a partition must see every write
    to it acknowledged before. Nothing is promised across partitions.
    """

    async def read(self, user_id: str, key: RequestKey | None, now_ms: int) -> Partition:
        """The user's state, and the answer stored under ``key`` unless its time is over."""
        ...

    async def session(self, user_id: str, session_id: str) -> SessionRecord | None:
        """A session of this user; None for an unknown one and for another user's."""
        ...

    async def commit(self, change: Change, now_ms: int) -> bool:
        """Write ``change`` if its conditions hold; False, and nothing written, where they don't.

        Of any number of writers with the same ``expected``, at most one that changes the version
        must succeed, and at most one with the same ``stored.key``. An answer past its time counts
        as none.
        """
        ...

    async def checkpoint(self, beats: Sequence[Checkpoint]) -> list[bool]:
        """Keep beats, each by itself: True where the user's row still had that version.

        Must never lower a row's ``last_seq`` nor change its version. Users are distinct.
        """
        ...

    async def overdue(self, before_ms: int, limit: int) -> list[str]:
        """At most ``limit`` users whose state, as stored, was over before ``before_ms``.

        The longest overdue come first. May name users who have changed since.
        """
        ...

    async def forget_answers(self, now_ms: int, limit: int) -> int:
        """Drop at most ``limit`` answers past their time; how many were dropped."""
        ...

    async def lead(self, name: str, holder: str, now_ms: int, until_ms: int) -> bool:
        """Whether ``holder`` leads ``name`` until ``until_ms``: nobody else did at ``now_ms``.

        Saves work and guards nothing: whatever a leader writes is conditional in itself.
        """
        ...
