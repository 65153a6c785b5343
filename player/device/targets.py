"""Targets out of the contract's messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segue.device.v1 import device_pb2
from segue.playback.v1 import playback_pb2

from player.device.plan import Known, Motion, Target, Version

# Positions of a device and of the service drift by less than this while both go on.
DRIFT_MS = 3_000

_STATUS = playback_pb2.Playback.Status
_KIND = device_pb2.Command.Kind
_MOTIONS = {_STATUS.PLAYING: Motion.PLAYING, _STATUS.PAUSED: Motion.PAUSED}


@dataclass(frozen=True, slots=True)
class Track:
    """A track as a player shows it."""

    id: str = ""
    title: str = ""
    artist: str = ""
    duration_ms: int = 0

    @classmethod
    def of(cls, track: Any) -> Track:
        """From a TrackSummary."""
        return cls(track.id, track.title, track.artist, track.duration_ms)


@dataclass(frozen=True, slots=True)
class Order:
    """A target with what is needed to reach it: its track, and where that is streamed from.

    ``stream_url`` empty: not told. ``ended_by`` is why the session is over, where it is.
    """

    target: Target
    track: Track = Track()
    stream_url: str = ""
    ended_by: str = ""


def of_playback(
    playback: Any,
    stream: Any,
    device_id: str,
    *,
    jumps: bool = False,
    here_at_ms: int | None = None,
) -> Order:
    """From a Playback and a Stream (or None), for the device of this id.

    ``here_at_ms`` is where the device stands, if it plays: the target jumps if that is elsewhere.
    """
    motion = Motion.SILENT
    if playback.device_id == device_id:
        motion = _MOTIONS.get(playback.status, Motion.SILENT)
    strayed = here_at_ms is not None and abs(here_at_ms - playback.position_ms) > DRIFT_MS
    target = Target(
        Version(playback.epoch, playback.revision),
        playback.playback_id,
        playback.play_id,
        motion,
        playback.position_ms,
        jumps or strayed,
    )
    return Order(
        target,
        Track.of(playback.track),
        stream.stream_url if stream is not None else "",
        playback_pb2.SessionEnd.Reason.Name(playback.ended_by) if playback.ended_by else "",
    )


def of_command(command: Any, device_id: str) -> Order:
    """From a Command that has a target."""
    jumps = command.kind in (_KIND.SEEK, _KIND.PREVIOUS)
    stream = command.stream if command.HasField("stream") else None
    return of_playback(command.target, stream, device_id, jumps=jumps)


def of_start(answer: Any) -> Order:
    """From the answer of Play, Skip, Previous or Advance; of a session that ended, SILENT."""
    version = Version(answer.epoch, answer.revision)
    if getattr(answer, "ended", False):
        return Order(Target(version, answer.playback_id), ended_by="FINISHED")
    target = Target(
        version, answer.playback_id, answer.play_id, Motion.PLAYING, answer.position_ms, jumps=True
    )
    return Order(target, Track.of(answer.track), answer.stream_url)


def of_held(answer: Any, known: Known, track: Track) -> Order:
    """From the answer of Pause, to the device that plays ``known``."""
    version = Version(known.version.epoch, answer.revision)
    held = Target(version, known.playback_id, known.play_id, Motion.PAUSED, answer.position_ms)
    return Order(held, track)
