"""Which track follows in a session."""

from __future__ import annotations

from random import Random

from playback_svc.domain import play_queue
from playback_svc.domain.listing import Entry
from playback_svc.domain.play_queue import Blobs, Step
from playback_svc.domain.player_state import PlayerState, Status
from playback_svc.ports.answers import Answer, SkipsLeft
from playback_svc.ports.clock import NewId
from playback_svc.usecases.commander import BodyGone
from playback_svc.usecases.contexts import Contexts
from playback_svc.usecases.decisions import Snapshot, answer_of
from playback_svc.usecases.radio_refill import RadioRefill
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.track_selection import SelectedTrack, TrackSelection


class NextTrack:
    """Finds what comes after a track, and answers with it."""

    def __init__(
        self,
        contexts: Contexts,
        selection: TrackSelection,
        refill: RadioRefill,
        *,
        new_id: NewId,
        rng: Random,
        urls_live_s: int,
    ) -> None:
        self._contexts = contexts
        self._selection = selection
        self._refill = refill
        self._new_id = new_id
        self._rng = rng
        self._urls_live_s = urls_live_s

    async def select(
        self, caller: Caller, snapshot: Snapshot, before: PlayerState, *, ended: bool
    ) -> SelectedTrack | None:
        """The track that follows and can be played; None at the end of all.

        ``ended`` says that the present one came to its end, so that repeat TRACK plays it again.
        A radio comes to no end while there is more of it: then this raises BodyGone, for the
        decision to be made again. Raises Unavailable where that cannot be asked.
        """
        selected = await self._selected(caller, snapshot, before, ended=ended)
        if selected is None and await self._refill(caller.user_id, before):
            raise BodyGone
        return selected

    async def _selected(
        self, caller: Caller, snapshot: Snapshot, before: PlayerState, *, ended: bool
    ) -> SelectedTrack | None:
        blobs = await self._contexts.blobs(caller.user_id, before.queue)
        artists = None
        if blobs.listing is not None and play_queue.begins_new_turn(before.queue):
            artists = await self._contexts.artists(blobs.listing)
        # A turn that begins while tracks are passed over has an order that nothing stored yet: what
        # comes after that is looked up in it.
        held = blobs

        def after(step: Step, *, ended: bool) -> Step | None:
            nonlocal held
            if step.stored is not None:
                held = Blobs(blobs.listing, step.stored[1])
            return play_queue.after(
                step.queue,
                held,
                ended=ended,
                current=step.entry,
                rng=self._rng,
                new_id=self._new_id,
                artists=artists,
            )

        step = after(Step(entry_of(before), before.queue), ended=ended)
        if step is None:
            return None
        return await self._selection.first(
            caller.tier,
            snapshot.partition,
            before.device_id,
            step,
            lambda passed: after(passed, ended=False),
        )

    def answer(self, state: PlayerState, now_ms: int, skips: SkipsLeft | None = None) -> Answer:
        """What tells of the play, with addresses where it is not over."""
        over = state.status is Status.STOPPED
        expires = None if over else now_ms // 1000 + self._urls_live_s
        return answer_of(state, state.position_at(now_ms), expires, skips=skips)


def entry_of(state: PlayerState) -> Entry:
    """The entry that plays."""
    return Entry(state.track.track_id, state.queue.item_id)
