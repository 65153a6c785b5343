"""What comes next: shuffle, repeat, and the queue of the user."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from random import Random

from meshkit.faults import Fault, NotFound
from meshkit.idempotency import RequestKey
from playback_svc.domain import play_queue, player_state, queue_edits
from playback_svc.domain.listing import Listing
from playback_svc.domain.origins import NOWHERE, PlayOrigin
from playback_svc.domain.play_queue import Blobs, PlayQueue, Repeat, Upcoming
from playback_svc.domain.player_state import PlayerState, Track
from playback_svc.ports.clients import Catalogue
from playback_svc.ports.clock import NewId
from playback_svc.ports.player_states import NO_TRACK, Answer, Partition
from playback_svc.usecases.commander import BodyGone, Commander
from playback_svc.usecases.contexts import Contexts
from playback_svc.usecases.control import Target
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.get_playback import Playing
from playback_svc.usecases.session_checks import require_open, require_started


@dataclass(frozen=True, slots=True)
class Next:
    """One entry to come, and its track; ``track.title`` is empty where it is not known."""

    upcoming: Upcoming
    track: Track


@dataclass(frozen=True, slots=True)
class Ahead:
    """What plays, a page of what comes, and how many come in all."""

    playing: Playing | None
    entries: tuple[Next, ...]
    total: int


class Queueing:
    """Changes what comes next. All raise SessionNotCurrent, Aborted (CONFLICT), RequestIdReused."""

    def __init__(
        self,
        commander: Commander,
        contexts: Contexts,
        catalogue: Catalogue,
        *,
        new_id: NewId,
        rng: Random,
    ) -> None:
        self._commander = commander
        self._contexts = contexts
        self._catalogue = catalogue
        self._new_id = new_id
        self._rng = rng

    async def shuffle(self, user_id: str, on: bool, key: RequestKey | None) -> Answer:
        """Shuffled or not, around the track that plays."""

        async def decide(snapshot: Snapshot) -> Decision:
            before = require_open(snapshot.state)
            blobs = await self._contexts.blobs(user_id, before.queue)
            artists = None
            if on and not before.queue.shuffle and blobs.listing is not None:
                artists = await self._contexts.artists(blobs.listing)
            queue, stored = play_queue.with_shuffle(
                before.queue, blobs, on, artists=artists, rng=self._rng, new_id=self._new_id
            )
            state = player_state.requeue(before, queue)
            answer = answer_of(state, state.position_at(snapshot.now_ms))
            return Decision(state, answer, blobs=dict([stored] if stored else []))

        return await self._commander.execute(user_id, key, decide)

    async def repeat(self, user_id: str, repeat: Repeat, key: RequestKey | None) -> Answer:
        """What happens at the end."""

        async def decide(snapshot: Snapshot) -> Decision:
            before = require_open(snapshot.state)
            queue = play_queue.with_repeat(before.queue, repeat)
            state = player_state.requeue(before, queue)
            return Decision(state, answer_of(state, state.position_at(snapshot.now_ms)))

        return await self._commander.execute(user_id, key, decide)

    async def replace(
        self,
        user_id: str,
        track_ids: Sequence[str],
        key: RequestKey | None,
        origin: PlayOrigin = NOWHERE,
    ) -> Answer:
        """Another queue, all of it from ``origin``.

        Raises NotFound (a track), FailedPrecondition (QUEUE_FULL).
        """
        new_id = self._new_id

        async def edit(queue: PlayQueue) -> PlayQueue:
            await self._require(track_ids)
            return queue_edits.replace_queue(queue, track_ids, new_id=new_id, origin=origin)

        return await self._edit(user_id, key, edit)

    async def add(
        self,
        user_id: str,
        track_ids: Sequence[str],
        key: RequestKey | None,
        *,
        first: bool,
        origin: PlayOrigin = NOWHERE,
        device_id: str | None = None,
        sender: str = "",
    ) -> Answer:
        """More in the queue, from ``origin``; ``item_ids`` are those that were added.

        Raises as ``replace``.
        """
        put = queue_edits.queue_next if first else queue_edits.queue_last

        async def decide(snapshot: Snapshot) -> Decision:
            before = (
                Target(device_id=device_id).require_state(snapshot)
                if device_id
                else require_started(snapshot.state)
            )
            await self._require(track_ids)
            queue = put(before.queue, track_ids, new_id=self._new_id, origin=origin)
            held = Listing(queue.queued)
            entries = (
                held.slice(0, len(track_ids))
                if first
                else held.slice(len(held) - len(track_ids), len(held))
            )
            state = player_state.requeue(before, queue)
            answer = answer_of(state, state.position_at(snapshot.now_ms))
            added = tuple(entry.item_id for entry in entries)
            return Decision(state, replace(answer, item_ids=added), sender=sender)

        return await self._commander.execute(user_id, key, decide)

    async def remove(
        self, user_id: str, item_ids: Collection[str], key: RequestKey | None
    ) -> Answer:
        """Fewer in the queue; ``count`` says how many were there."""

        async def edit(queue: PlayQueue) -> PlayQueue:
            return queue_edits.remove_queued(queue, _held(queue, item_ids))

        return await self._edit(user_id, key, edit)

    async def move(
        self, user_id: str, item_ids: Sequence[str], before: str | None, key: RequestKey | None
    ) -> Answer:
        """Another order of the queue. Raises NotFound (an entry)."""

        async def edit(queue: PlayQueue) -> PlayQueue:
            return queue_edits.move_queued(queue, item_ids, before)

        return await self._edit(user_id, key, edit)

    async def _edit(
        self,
        user_id: str,
        key: RequestKey | None,
        edit: Callable[[PlayQueue], Awaitable[PlayQueue]],
    ) -> Answer:
        async def decide(snapshot: Snapshot) -> Decision:
            before = require_started(snapshot.state)
            queue = await edit(before.queue)
            held = Listing(queue.queued)
            state = player_state.requeue(before, queue)
            answer = replace(
                answer_of(state, state.position_at(snapshot.now_ms)),
                item_ids=tuple(entry.item_id for entry in held.slice(0)),
                count=len(Listing(before.queue.queued)) - len(held),
            )
            return Decision(state, answer)

        return await self._commander.execute(user_id, key, decide)

    async def _require(self, track_ids: Sequence[str]) -> None:
        known = await self._catalogue.tracks(set(track_ids)) if track_ids else {}
        for track_id in track_ids:
            if track_id not in known:
                raise NotFound("No such track.", metadata={"resource": "track", "id": track_id})

    async def ahead(self, user_id: str, offset: int, limit: int) -> Ahead:
        """What comes next, ``limit`` entries from ``offset`` on. Raises Unavailable."""
        state, blobs, now_ms = await self._look(user_id)
        if state is None:
            return Ahead(None, (), 0)
        found = play_queue.upcoming(state.queue, blobs, offset=offset, limit=limit)
        tracks = await self._named({one.entry.track_id for one in found})
        entries = (Next(one, tracks.get(one.entry.track_id, _nameless(one))) for one in found)
        playing = Playing(state, state.position_at(now_ms))
        return Ahead(playing, tuple(entries), play_queue.remaining(state.queue))

    async def _look(self, user_id: str) -> tuple[PlayerState | None, Blobs, int]:
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
            return await self._look_at_once(user_id)

    async def _look_at_once(self, user_id: str) -> tuple[PlayerState | None, Blobs, int]:
        stored, blobs = await self._contexts.with_state(user_id) or (None, Blobs())
        snapshot = await self._commander.snapshot(Partition(stored, None))
        return snapshot.state, blobs, snapshot.now_ms

    async def _named(self, track_ids: Collection[str]) -> dict[str, Track]:
        """Fails OPEN: without the catalogue, entries have ids alone."""
        try:
            return dict(await self._catalogue.tracks(track_ids)) if track_ids else {}
        except Fault:
            return {}


def _held(queue: PlayQueue, item_ids: Collection[str]) -> list[str]:
    """Those of the entries that are in the queue."""
    held = {entry.item_id for entry in Listing(queue.queued).slice(0)}
    return [item_id for item_id in item_ids if item_id in held]


def _nameless(upcoming: Upcoming) -> Track:
    return replace(NO_TRACK, track_id=upcoming.entry.track_id)
