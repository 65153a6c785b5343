"""Plays of tracks as the service that keeps them tells them."""

from __future__ import annotations

from dataclasses import dataclass

from rec_svc.domain.events import Event, EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One play of a track by a user, begun and left at those Unix milliseconds; ids are ULIDs.

    ``counted``: enough of it was heard. ``skipped``, ``completed``: how it ended. The rest as in
    ``Event``.
    """

    play_id: str
    user_id: str
    track_id: str
    begun_ms: int
    left_ms: int
    heard_ms: int
    counted: bool
    skipped: bool = False
    completed: bool = False
    context_kind: str = ""
    context_id: str = ""
    shown_id: str = ""

    @property
    def kind(self) -> EventKind:
        """What it says of the track."""
        if self.counted:
            return EventKind.PLAY
        return EventKind.SKIP if self.skipped else EventKind.LEFT

    def event(self) -> Event:
        """The event that it is."""
        return Event(
            event_id=self.play_id,
            user_id=self.user_id,
            track_id=self.track_id,
            at_ms=self.left_ms,
            kind=self.kind,
            heard_ms=self.heard_ms,
            completed=self.completed,
            context_kind=self.context_kind,
            context_id=self.context_id,
            shown_id=self.shown_id,
        )


@dataclass(slots=True)
class Tally:
    """What some plays of one track by one user add to what is known of it."""

    plays: int = 0
    skips: int = 0
    last_begun_ms: int = 0
    last_played_ms: int = 0

    def add(self, play: Play) -> None:
        """Counts a play."""
        self.plays += play.kind is EventKind.PLAY
        self.skips += play.kind is EventKind.SKIP
        self.last_begun_ms = max(self.last_begun_ms, play.begun_ms)
        self.last_played_ms = max(self.last_played_ms, play.left_ms)
