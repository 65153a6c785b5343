"""GetQueue: what plays, and what comes next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from meshkit.faults import Fault
from playback_svc.domain import play_queue
from playback_svc.domain.play_queue import Blobs, Upcoming
from playback_svc.domain.player_state import PlayerState, Track
from playback_svc.ports.clients import Catalogue
from playback_svc.ports.player_states import NO_TRACK, Partition
from playback_svc.usecases.commander import BodyGone, Commander
from playback_svc.usecases.contexts import Contexts
from playback_svc.usecases.playback.get_playback import Playing


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One entry to come, and its track; ``track.title`` is empty where it is not known."""

    upcoming: Upcoming
    track: Track


@dataclass(frozen=True, slots=True)
class QueuePage:
    """What plays, a page of what comes, and how many come in all."""

    playing: Playing | None
    entries: tuple[QueueEntry, ...]
    total: int


class GetQueue:
    """Reads what comes next; a read conflicts with no command."""

    def __init__(self, commander: Commander, contexts: Contexts, catalogue: Catalogue) -> None:
        self._commander = commander
        self._contexts = contexts
        self._catalogue = catalogue

    async def __call__(self, user_id: str, offset: int, limit: int) -> QueuePage:
        """What comes next, ``limit`` entries from ``offset`` on. Raises Unavailable."""
        state, blobs, now_ms = await self._read(user_id)
        if state is None:
            return QueuePage(None, (), 0)
        found = play_queue.upcoming(state.queue, blobs, offset=offset, limit=limit)
        tracks = await self._named({one.entry.track_id for one in found})
        entries = (QueueEntry(one, tracks.get(one.entry.track_id, _nameless(one))) for one in found)
        playing = Playing(state, state.position_at(now_ms))
        return QueuePage(playing, tuple(entries), play_queue.remaining(state.queue))

    async def _read(self, user_id: str) -> tuple[PlayerState | None, Blobs, int]:
        """The state with the bodies that it names, and the time (Unix ms)."""
        snapshot, _answer = await self._commander.read(user_id)
        if snapshot.state is None:
            return None, Blobs(), snapshot.now_ms
        try:
            return (
                snapshot.state,
                await self._contexts.blobs(user_id, snapshot.state.queue),
                snapshot.now_ms,
            )
        except BodyGone:
            # Another command came first. A read conflicts with none: it sees what is there now.
            return await self._read_at_once(user_id)

    async def _read_at_once(self, user_id: str) -> tuple[PlayerState | None, Blobs, int]:
        stored, blobs = await self._contexts.with_state(user_id) or (None, Blobs())
        snapshot = await self._commander.snapshot(Partition(stored, None))
        return snapshot.state, blobs, snapshot.now_ms

    async def _named(self, track_ids: Collection[str]) -> dict[str, Track]:
        """Fails OPEN: without the catalogue, entries have ids alone."""
        try:
            return dict(await self._catalogue.tracks(track_ids)) if track_ids else {}
        except Fault:
            return {}


def _nameless(upcoming: Upcoming) -> Track:
    return replace(NO_TRACK, track_id=upcoming.entry.track_id)
