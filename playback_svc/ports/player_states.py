"""Users' playback as it is stored: one partition a user.

``PlayerStateStore`` promises no more than conditional batches inside one user's partition give,
so that PostgreSQL and Cassandra can both stand behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from meshkit.idempotency import RequestKey
from playback_svc.domain.denials import Denial
from playback_svc.domain.devices import Device
from playback_svc.domain.liveness import LivePosition
from playback_svc.domain.mailbox import Command
from playback_svc.domain.player_state import EndReason, PlayerState, Status, Track, Version
from playback_svc.domain.plays import PlayRecord
from playback_svc.domain.preferences import DEFAULT, Preferences
from playback_svc.ports.answers import StoredAnswer

NO_TRACK = Track("", "", "", 0)
"""A track of which nothing is known."""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One row of the log of sessions; ``ended_at_ms`` and ``ended_by`` are None while it lasts.

    ``track_id`` is the track that it played last.
    """

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
    skips_count: int = 0
    rung: str = ""


@dataclass(frozen=True, slots=True)
class Partition:
    """What one read of a user's partition found; ``stored`` is never past its time.

    ``told_tier`` is the plan that ``ToldPlans`` keeps, '' for none.
    """

    state: PlayerState | None
    stored: StoredAnswer | None
    devices: tuple[Device, ...] = ()
    preferences: Preferences = DEFAULT
    devices_version: int = 0
    told_tier: str = ""

    def tier(self, claimed: str) -> str:
        """The plan that the user is on: as it was told, else as the token claims.

        A token says for minutes what was so when it was made.
        """
        return self.told_tier or claimed


@dataclass(frozen=True, slots=True)
class PutState:
    """The user's row becomes ``state`` where it has the version ``expected``; None: there is none.

    ``state`` has another version than that.
    """

    state: PlayerState
    expected: Version | None


@dataclass(frozen=True, slots=True)
class RequireState:
    """The user's row must have this version. It is only compared: beats kept meanwhile stand."""

    version: Version


@dataclass(frozen=True, slots=True)
class RequirePreferences:
    """The user's preferences must have this version; 0 where none were ever set."""

    version: int


@dataclass(frozen=True, slots=True)
class RaiseDevicesVersion:
    """The list of the user's devices gets this version, which must be the one after its own."""

    version: int


@dataclass(frozen=True, slots=True)
class DropDevice:
    """A device goes with its mailbox; none is as good as gone."""

    device_id: str


@dataclass(frozen=True, slots=True)
class PutBodies:
    """New bodies by the ids that states name them by."""

    bodies: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class DropBodies:
    """Bodies that no state names any more."""

    body_ids: tuple[str, ...]


Write = (
    PutState
    | RequireState
    | StoredAnswer
    | RequirePreferences
    | Preferences
    | RaiseDevicesVersion
    | SessionRecord
    | Command
    | DropDevice
    | Device
    | PutBodies
    | DropBodies
    | PlayRecord
    | Denial
)
"""One thing that a change writes, or rests on.

An answer must be new under its key; preferences must have the version after the stored ones; a
command must be the one after its device's ``last_number``, and raises that. A device is written
but for its numbers and loudness. A play of which the id is kept already changes nothing. A denial
goes over the one of before, at the version after it.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One conditional write to a user's partition: all of it happens, or none.

    Of the order of ``writes`` that of commands alone means something. The state, the answer, the
    preferences and the devices' version stand in it at most once each; to a device that is
    dropped no command goes, and one that is written, too, begins anew.
    """

    user_id: str
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A beat to keep; written only while the user's row has ``live.version``."""

    user_id: str
    live: LivePosition


class PlayerStateStore(Protocol):
    """Users' playback: state, sessions, devices, mailboxes, answered requests; a partition a user.

    A write that was acknowledged must survive a crash. Reads of a partition must see every write
    to it acknowledged before. Nothing is promised across partitions.
    """

    async def read(self, user_id: str, key: RequestKey | None, now_ms: int) -> Partition:
        """The user's partition, with the answer stored under ``key`` unless its time is over."""
        ...

    async def session(self, user_id: str, session_id: str) -> SessionRecord | None:
        """A session of this user; None for an unknown one and for another user's."""
        ...

    async def blob(self, user_id: str, blob_id: str) -> bytes | None:
        """A body that a state names; None once it was dropped."""
        ...

    async def with_bodies(self, user_id: str) -> tuple[PlayerState, Mapping[str, bytes]] | None:
        """The user's state and the bodies that it names, as of one moment; None without a state."""
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

        Must never lower a row's ``last_seq`` nor change its version, and must leave what
        ``presence.observe`` makes of the row. Users are distinct.
        """
        ...
