"""Play: open a session on a device, taking over from what plays elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from random import Random

from meshkit.faults import FailedPrecondition
from meshkit.idempotency import RequestKey
from meshkit.ulids import RAW_SIZE, to_text
from playback_svc.domain import play_queue, player_state
from playback_svc.domain.devices import device_to_evict, touch_device
from playback_svc.domain.listing import Entry
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.origins import NOWHERE
from playback_svc.domain.play_queue import Blobs, Origin, Repeat, Step
from playback_svc.domain.player_state import NO_QUEUE, EndReason, Opening, end
from playback_svc.ports.answers import Answer
from playback_svc.ports.clock import Clock, NewId
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.contexts import Contexts, Opened, Source, start_of
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.track_selection import SelectedTrack, TrackSelection


@dataclass(frozen=True, slots=True)
class PlayOrder:
    """What to play, where, and from which position (ms, not negative).

    ``source`` None: ``track_id`` by itself. ``shown_id`` names the list from which it was chosen.
    ``shuffle`` and ``repeat`` None: as before. ``client_play_id`` is what the client calls the
    play, '' for nothing. ``sid`` is the sign-in of the device, '' where another one asks.
    """

    device_id: str
    track_id: str = ""
    position_ms: int = 0
    source: Source | None = None
    item_id: str = ""
    shown_id: str = ""
    shuffle: bool | None = None
    repeat: Repeat | None = None
    sender: str = ""
    client_play_id: str = ""
    sid: str = ""


class Play:
    """Finds what to begin with and what the user may stream of it, then opens the session."""

    def __init__(
        self,
        commander: Commander,
        contexts: Contexts,
        selection: TrackSelection,
        *,
        clock: Clock,
        new_id: NewId,
        rng: Random,
        urls_live_s: int,
    ) -> None:
        self._commander = commander
        self._contexts = contexts
        self._selection = selection
        self._clock = clock
        self._new_id = new_id
        self._rng = rng
        self._urls_live_s = urls_live_s

    async def __call__(
        self, user_id: str, tier: str, order: PlayOrder, key: RequestKey | None
    ) -> Answer:
        """The new session.

        Raises NotFound (track, context, entry), FailedPrecondition (CONTEXT_EMPTY, NOT_IN_RADIO,
        DEVICE_LIMIT, or the track), Unavailable (TRACK_NOT_READY, or a part is down),
        PermissionDenied (PLAN_REQUIRED), Aborted (CONFLICT), RequestIdReused.
        """
        if key is not None:
            _, answer = await self._commander.stored_answer(user_id, key)
            if answer is not None:
                return answer
        opened = await self._opened(order.source, key) if order.source else None
        urls_expire_at_s = self._clock() // 1000 + self._urls_live_s

        # The context is read once, above: what was asked for does not change by a lost race.
        async def decide(snapshot: Snapshot) -> Decision:
            current, now_ms, devices = snapshot.state, snapshot.now_ms, snapshot.partition.devices
            device = touch_device(devices, order.device_id, now_ms, sid=order.sid)
            room = device_to_evict(devices, device, current.device_id if current else "")
            selected = await self._select(tier, snapshot, order, opened)
            opening = Opening(
                self._new_id(),
                order.device_id,
                replace(selected.start, client_play_id=order.client_play_id),
                order.position_ms,
                attended=device.controllable,
                sid=device.sid,
            )
            state = player_state.play(current, opening, now_ms)
            ended = None
            if current is not None:
                ended = end(current, EndReason.TAKEN_OVER, current.position_at(now_ms), now_ms)
            return Decision(
                state,
                answer_of(state, state.position_ms, urls_expire_at_s),
                CommandKind.PLAY,
                ended=ended,
                devices=(device,),
                removed_device=room,
                blobs=selected.blobs,
                sender=order.sender,
            )

        return await self._commander.execute(user_id, key, decide)

    async def _opened(self, source: Source, key: RequestKey | None) -> Opened:
        """What is there to play. A retry names the same playing, so that a radio begins alike."""
        return await self._contexts.open(source, _id_of(key) if key else self._new_id())

    async def _select(
        self, tier: str, snapshot: Snapshot, order: PlayOrder, opened: Opened | None
    ) -> SelectedTrack:
        before = snapshot.state.queue if snapshot.state else NO_QUEUE
        if opened is None or order.source is None:
            queue = replace(
                before,
                context=None,
                origin=Origin.SINGLE,
                item_id="",
                shown_id=order.shown_id,
                queued_from=NOWHERE,
                shuffle=before.shuffle if order.shuffle is None else order.shuffle,
                repeat=before.repeat if order.repeat is None else order.repeat,
            )
            entry = Entry(order.track_id)
            partition = snapshot.partition
            start = await self._selection.start(tier, partition, order.device_id, entry, queue)
            return SelectedTrack(start, {})
        return await self._from_context(tier, snapshot, order, order.source, opened)

    async def _from_context(
        self, tier: str, snapshot: Snapshot, order: PlayOrder, source: Source, opened: Opened
    ) -> SelectedTrack:
        """The first playable track; the one that was asked for is not passed over."""
        listing = opened.listing
        before = replace(
            snapshot.state.queue if snapshot.state else NO_QUEUE, shown_id=order.shown_id
        )
        start = start_of(listing, order.track_id, order.item_id)
        shuffles = before.shuffle if order.shuffle is None else order.shuffle
        artists = None
        if shuffles and opened.radio is None:
            artists = await self._contexts.artists(listing)
        listing_id = self._new_id()
        step = play_queue.begin(
            before,
            source.kind,
            source.source_id,
            listing_id,
            listing,
            start=start,
            shuffle=order.shuffle,
            repeat=order.repeat,
            radio=opened.radio,
            artists=artists,
            rng=self._rng,
            new_id=self._new_id,
        )
        bodies = dict([step.stored] if step.stored else [])
        partition, device_id = snapshot.partition, order.device_id
        if start is not None:
            started = await self._selection.start(
                tier, partition, device_id, step.entry, step.queue
            )
            return SelectedTrack(started, {listing_id: listing.packed, **bodies})
        blobs = Blobs(listing, step.stored[1] if step.stored else None)

        def then(passed: Step) -> Step | None:
            # The user queue waits: what begins is the context.
            alone = replace(passed.queue, queued=b"", repeat=Repeat.OFF)
            after = play_queue.after(
                alone, blobs, ended=False, current=passed.entry, rng=self._rng, new_id=self._new_id
            )
            if after is None:
                return None
            kept = replace(after.queue, queued=step.queue.queued, repeat=step.queue.repeat)
            return replace(after, queue=kept)

        selected = await self._selection.first(tier, partition, device_id, step, then)
        if selected is None:
            raise FailedPrecondition("Nothing in it can be played.", reason="CONTEXT_EMPTY")
        return SelectedTrack(
            selected.start, {listing_id: listing.packed, **bodies, **selected.blobs}
        )


def _id_of(key: RequestKey) -> str:
    """A ULID that is the same for each try of a request."""
    parts = (key.principal, key.method, key.request_id, key.body_sha256.hex())
    return to_text(hashlib.sha256("\n".join(parts).encode()).digest()[:RAW_SIZE])
