"""What is asked of one account's playback and what is answered, as a history records it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

Status = Literal["PLAYING", "PAUSED", "STOPPED"]
Repeat = Literal["OFF", "TRACK", "CONTEXT"]

SESSION_NOT_CURRENT = "SESSION_NOT_CURRENT"
NOT_FOUND = "NOT_FOUND"
QUEUE_ENDED = "QUEUE_ENDED"
SKIP_LIMIT_REACHED = "SKIP_LIMIT_REACHED"


@dataclass(frozen=True, slots=True)
class Play:
    """Opens a session of a track by itself, or of a context, whose tracks are all different.

    ``track_id`` None begins a context with its first track, or any where it is shuffled.
    """

    device_id: str
    track_id: str | None = None
    context: tuple[str, ...] = ()
    position_ms: int = 0
    repeat: Repeat | None = None
    shuffle: bool | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    playback_id: str


@dataclass(frozen=True, slots=True)
class Resume:
    playback_id: str


@dataclass(frozen=True, slots=True)
class Seek:
    playback_id: str
    position_ms: int


@dataclass(frozen=True, slots=True)
class Stop:
    playback_id: str


@dataclass(frozen=True, slots=True)
class Previous:
    playback_id: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Of whatever session is current, to the next track."""


@dataclass(frozen=True, slots=True)
class SetRepeat:
    repeat: Repeat


@dataclass(frozen=True, slots=True)
class SetShuffle:
    shuffle: bool


@dataclass(frozen=True, slots=True)
class AddToQueue:
    tracks: tuple[str, ...]
    next: bool = False


@dataclass(frozen=True, slots=True)
class EditQueue:
    """Replaces the queue."""

    tracks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Transfer:
    """``plays`` None: as before."""

    device_id: str
    plays: bool | None = None


@dataclass(frozen=True, slots=True)
class Expire:
    """Silence ends what plays or is held.

    Nobody calls it: a history that lasts long enough has one of unknown outcome for each session
    that may fall silent.
    """

    playback_id: str


@dataclass(frozen=True, slots=True)
class Get:
    """Reads the state, or the queue with it."""


Call = (
    Play
    | Pause
    | Resume
    | Seek
    | Stop
    | Previous
    | Skip
    | SetRepeat
    | SetShuffle
    | AddToQueue
    | EditQueue
    | Transfer
    | Expire
    | Get
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The state after a call, as far as the answer told it: None is not told.

    ``position_ms`` counts only of what is held or over. ``queue`` is the tracks of the user's queue
    in order. Epoch and revision 0 is the answer to a read before anything was ever played.
    """

    revision: int
    epoch: int | None = None
    playback_id: str | None = None
    status: Status | None = None
    track_id: str | None = None
    device_id: str | None = None
    position_ms: int | None = None
    repeat: Repeat | None = None
    shuffle: bool | None = None
    queue: tuple[str, ...] | None = None

    def __str__(self) -> str:
        told = ((each.name, getattr(self, each.name)) for each in fields(self))
        return " ".join(f"{name}={value}" for name, value in told if value is not None)


NOTHING_PLAYED = Answer(revision=0, epoch=0)


@dataclass(frozen=True, slots=True)
class Refused:
    """A certain failure, by its reason: nothing has changed."""

    reason: str
