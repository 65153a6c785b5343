"""Which tracks are in which playlist."""

from __future__ import annotations

from dataclasses import dataclass

from meshkit import ulids
from rec_svc.domain.events import Event, EventKind, event_id


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist's tracks in order; ``managed_by`` is the service that makes it, empty: people."""

    playlist_id: str
    owner_id: str
    is_public: bool
    managed_by: str
    track_ids: tuple[str, ...]

    @property
    def packed(self) -> bytes:
        """The tracks, 16 bytes each."""
        return b"".join(map(ulids.to_raw, self.track_ids))


@dataclass(frozen=True, slots=True)
class PlaylistChange:
    """A playlist at ``version``, as it was at those Unix milliseconds; None: it was deleted."""

    id: str
    version: int
    at_ms: int
    playlist: Playlist | None


def unpacked(track_ids: bytes) -> tuple[str, ...]:
    """The ids of 16 bytes each; raises ValueError for anything else."""
    size = ulids.RAW_SIZE
    return tuple(ulids.to_text(track_ids[at : at + size]) for at in range(0, len(track_ids), size))


def additions(change: PlaylistChange, before: frozenset[str]) -> list[Event]:
    """The events of the tracks that came into a playlist which had those ``before``.

    Each track once, as something that the owner did. None of a playlist that a service makes: that
    would be learning from what was recommended.
    """
    now = change.playlist
    if now is None or now.managed_by:
        return []
    return [
        Event(
            event_id=event_id(change.at_ms, EventKind.ADDED_TO_PLAYLIST, change.id, track_id),
            user_id=now.owner_id,
            track_id=track_id,
            at_ms=change.at_ms,
            kind=EventKind.ADDED_TO_PLAYLIST,
            context_kind="PLAYLIST",
            context_id=change.id,
        )
        for track_id in dict.fromkeys(now.track_ids)
        if track_id not in before
    ]
