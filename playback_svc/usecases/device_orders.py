"""What a device can be told to do, each with what that needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.origins import NOWHERE, PlayOrigin
from playback_svc.usecases.playback.play import PlayOrder


@dataclass(frozen=True, slots=True)
class PlayAction:
    """Something else is played."""

    order: PlayOrder
    kind: ClassVar[CommandKind] = CommandKind.PLAY


@dataclass(frozen=True, slots=True)
class PlainAction:
    """What needs nothing but its kind: PAUSE, RESUME, STOP, PREVIOUS."""

    kind: CommandKind


@dataclass(frozen=True, slots=True)
class SeekAction:
    """To a position, in ms from the start."""

    position_ms: int
    kind: ClassVar[CommandKind] = CommandKind.SEEK


@dataclass(frozen=True, slots=True)
class SkipAction:
    """The next track; ``play_id`` names the play to be left, '' for whichever plays."""

    play_id: str = ""
    kind: ClassVar[CommandKind] = CommandKind.SKIP


@dataclass(frozen=True, slots=True)
class VolumeAction:
    """Another loudness, 0 to 100."""

    percent: int
    kind: ClassVar[CommandKind] = CommandKind.VOLUME


@dataclass(frozen=True, slots=True)
class EnqueueAction:
    """More in the user's queue; ``first`` before what waits there."""

    track_ids: tuple[str, ...]
    first: bool = False
    origin: PlayOrigin = NOWHERE
    kind: ClassVar[CommandKind] = CommandKind.QUEUE


Action = PlayAction | PlainAction | SeekAction | SkipAction | VolumeAction | EnqueueAction


@dataclass(frozen=True, slots=True)
class Order:
    """What a device shall do."""

    device_id: str
    action: Action
