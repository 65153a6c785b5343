"""What a device does to become equal to the playback that it is told of. Pure.

A device knows the last state that it made itself equal to. A newer one, from a command, from the
answer to its own command or from a greeting, is reached by the fewest actions; an older one is
superseded and changes nothing, in whichever order and however often they come.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace


class Motion(enum.Enum):
    """What is heard of a session here."""

    SILENT = "SILENT"
    PLAYING = "PLAYING"
    PAUSED = "PAUSED"


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Which state of the user's playback: the epoch of its session, and its revision."""

    epoch: int = 0
    revision: int = 0

    def next_of(self, before: Version) -> bool:
        """Whether nothing lies between ``before`` and this one within a session."""
        return self.epoch == before.epoch and self.revision == before.revision + 1


@dataclass(frozen=True, slots=True)
class Target:
    """The user's playback as it shall be, as far as this device is concerned.

    motion       SILENT where the session is over or plays elsewhere
    position_ms  where the play stands
    jumps        whether the position was changed, so that the device must go there
    """

    version: Version
    playback_id: str = ""
    play_id: str = ""
    motion: Motion = Motion.SILENT
    position_ms: int = 0
    jumps: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """The last state that this device made itself equal to. SILENT: nothing is loaded."""

    version: Version = Version()
    playback_id: str = ""
    play_id: str = ""
    motion: Motion = Motion.SILENT


@dataclass(frozen=True, slots=True)
class Load:
    """Play the target's track from a position, or hold it there."""

    position_ms: int
    paused: bool


@dataclass(frozen=True, slots=True)
class Seek:
    """Go on, or be held, at another position."""

    position_ms: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on."""


@dataclass(frozen=True, slots=True)
class Unload:
    """Play nothing."""


Action = Load | Seek | Pause | Resume | Unload


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in order, and what is known when it is done."""

    known: Known
    actions: tuple[Action, ...] = ()
    superseded: bool = False


def plan(known: Known, target: Target) -> Plan:
    """How a device that knows ``known`` becomes equal to ``target``."""
    if target.version <= known.version:
        return Plan(known, superseded=True)
    reached = Known(target.version, target.playback_id, target.play_id, target.motion)
    if target.motion is Motion.SILENT:
        return Plan(reached, () if known.motion is Motion.SILENT else (Unload(),))
    same = (target.playback_id, target.play_id) == (known.playback_id, known.play_id)
    if not same or known.motion is Motion.SILENT:
        return Plan(reached, (Load(target.position_ms, target.motion is Motion.PAUSED),))
    return Plan(reached, _within_the_play(known, target))


def _within_the_play(known: Known, target: Target) -> tuple[Action, ...]:
    """Held first and set going last, so that nothing is heard of the position that is left."""
    actions: list[Action] = []
    turns = target.motion is not known.motion
    if turns and target.motion is Motion.PAUSED:
        actions.append(Pause())
    if target.jumps:
        actions.append(Seek(target.position_ms))
    if turns and target.motion is Motion.PLAYING:
        actions.append(Resume())
    return tuple(actions)


def silenced(known: Known) -> Known:
    """What is known once nothing is loaded any more although no newer state was told."""
    return replace(known, motion=Motion.SILENT)


def follows(known: Known, target: Target) -> bool:
    """Whether the answer to a command of this device may be taken at once.

    With states between them that have not come yet, taking it would lose what those changed and
    this one does not tell; they come in order, this one after them.
    """
    return target.version > known.version and (
        target.version.next_of(known.version) or target.version.epoch > known.version.epoch
    )
