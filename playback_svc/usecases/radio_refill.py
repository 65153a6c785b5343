"""A radio goes on: its next block is appended before the one that plays has run out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from meshkit import deadline, telemetry
from meshkit.faults import Fault, NotFound
from meshkit.principal import principal_or_none
from playback_svc.domain import player_state, radio_refill
from playback_svc.domain.origins import ContextKind
from playback_svc.domain.player_state import PlayerState, Status
from playback_svc.domain.plays import Outcome, PlayRecord
from playback_svc.domain.radio_refill import NextBlock
from playback_svc.ports.clock import NewId
from playback_svc.ports.plays import Plays
from playback_svc.ports.radios import MOST_TOLD, RadioBlock, RadioRequest, Radios
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.contexts import Contexts
from playback_svc.usecases.decisions import NO_ANSWER, Decision, Snapshot

_log = structlog.get_logger("playback")


class RadioRefill:
    """Asks for the next block and appends it, each once however many ask for it at once.

    A block is named by the playing of the radio and its number. Whoever asks again, another
    instance or one that was killed, is given the same; and it is appended to the radio that has
    come as far as the block before it, by one compare-and-set, or not at all.
    """

    def __init__(
        self, commander: Commander, contexts: Contexts, radios: Radios, plays: Plays, new_id: NewId
    ) -> None:
        self._commander = commander
        self._contexts = contexts
        self._radios = radios
        self._plays = plays
        self._new_id = new_id
        self._running: dict[str, asyncio.Task[None]] = {}

    async def __call__(self, user_id: str, state: PlayerState) -> bool:
        """Appends the block that comes after those of ``state``.

        Whether there is more to play than ``state`` has, by this or by whoever came first; False
        for what is no radio, and where the radio has come to its end. Raises Unavailable,
        DeadlineExceeded, Aborted (CONFLICT).
        """
        wanted = radio_refill.next_block(state.queue)
        if wanted is None:
            return False
        try:
            block = await self._block(user_id, state, wanted)
        except NotFound:
            # It was deleted while it played.
            return False
        if block.track_ids:
            await self._append(user_id, wanted, block)
        return bool(block.track_ids)

    def begin(self, user_id: str, state: PlayerState) -> None:
        """Refills beside the commands where ``state``, which one wrote, wants it.

        Fails OPEN: what is there plays on, and the next command has it tried again.
        """
        over = state.status is Status.STOPPED or not radio_refill.wants_refill(state.queue)
        if over or user_id in self._running or principal_or_none() is None:
            return
        task = asyncio.create_task(self._refilled(user_id, state))
        self._running[user_id] = task
        task.add_done_callback(lambda _done: self._running.pop(user_id, None))

    async def drain(self) -> None:
        """Waits for the blocks that are on their way."""
        if running := list(self._running.values()):
            await asyncio.wait(running)

    async def _refilled(self, user_id: str, state: PlayerState) -> None:
        # The command that it comes from is answered meanwhile, and its time is not this one's.
        deadline.set_remaining(None)
        try:
            await self(user_id, state)
        except Fault as fault:
            telemetry.degraded.labels(part="radio", mode="late").inc()
            _log.warning("radio not refilled", reason=fault.reason)

    async def _block(self, user_id: str, state: PlayerState, wanted: NextBlock) -> RadioBlock:
        """The block, chosen by what became of the tracks before it."""
        shown = radio_refill.shown_ids(state.queue)
        latest = await self._plays.latest(user_id, MOST_TOLD)
        plays = [play for play in latest if _is_told(play, wanted.radio_id, shown)]
        skipped = _tracks(play for play in plays if play.outcome is Outcome.SKIPPED)
        heard = _tracks(play for play in plays if play.outcome is not Outcome.SKIPPED)
        return await self._radios.block(
            RadioRequest(wanted.radio_id, wanted.playing_id, wanted.number, heard, skipped)
        )

    async def _append(self, user_id: str, wanted: NextBlock, block: RadioBlock) -> None:
        async def decide(snapshot: Snapshot) -> Decision:
            state = snapshot.state
            if state is None or radio_refill.next_block(state.queue) != wanted:
                # It was appended by another, or something else plays.
                return Decision(state, NO_ANSWER)
            blobs = await self._contexts.blobs(user_id, state.queue)
            if blobs.listing is None:
                return Decision(state, NO_ANSWER)
            listing_id = self._new_id()
            queue, body = radio_refill.append_block(
                state.queue,
                blobs.listing,
                track_ids=block.track_ids,
                shown_id=block.shown_id,
                listing_id=listing_id,
            )
            after = player_state.requeue(state, queue)
            return Decision(after, NO_ANSWER, blobs={listing_id: body.packed})

        await self._commander.execute(user_id, None, decide)


def _is_told(play: PlayRecord, radio_id: str, shown: frozenset[str]) -> bool:
    """Whether a play is of the playing that these lists are of. Private ones are told nobody."""
    origin = play.origin
    is_of_it = origin.kind is ContextKind.RADIO and origin.context_id == radio_id
    return is_of_it and origin.shown_id in shown and not play.private


def _tracks(plays: Iterable[PlayRecord]) -> tuple[str, ...]:
    """The tracks of plays that begin with the latest: each once, the latest last."""
    return tuple(reversed(dict.fromkeys(play.track_id for play in plays)))
