"""What a device plays on: one sound output and one connection pool, a new player for each track."""

from __future__ import annotations

from collections.abc import Callable

from player.engine import Player
from player.ports import FULL_VOLUME, HeartbeatReporter, RefreshStream, Sink

# Sinks hold half a second of the wall's time; the service lets tracks end 5 s early.
_JOINING_SPEED = 4.0

MakePlayer = Callable[[RefreshStream | None, HeartbeatReporter | None], Player]


class Deck:
    """Makes players that share a sink. ``speed``: how many times real time their clock runs."""

    def __init__(self, sink: Sink, make: MakePlayer, speed: float = 1.0) -> None:
        self._sink = sink
        self._make = make
        self.speed = speed
        self.volume_percent = FULL_VOLUME

    @property
    def joins(self) -> bool:
        """Whether what a sink holds at the end of a track is short enough to go on before it."""
        return self.speed <= _JOINING_SPEED

    @property
    def description(self) -> str:
        """What the sound comes out of, for people."""
        return self._sink.description

    def player(self, refresh: RefreshStream | None, reporter: HeartbeatReporter | None) -> Player:
        """A player for the next track; the one before must be closed, or nearly over."""
        return self._make(refresh, reporter)

    def set_volume(self, percent: int) -> None:
        """Loudness, 0 to 100, at once."""
        self._sink.set_volume(percent)
        self.volume_percent = percent
