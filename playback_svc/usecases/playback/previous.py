"""Previous: the start of the track, or the track before."""

from __future__ import annotations

from dataclasses import replace

from meshkit.faults import FailedPrecondition
from meshkit.idempotency import RequestKey
from playback_svc.domain import play_queue, player_state
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.play_queue import Step
from playback_svc.ports.answers import Answer
from playback_svc.usecases.contexts import Contexts
from playback_svc.usecases.decisions import Decision, Snapshot
from playback_svc.usecases.next_track import NextTrack, entry_of
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.target import Target, TargetedCommands
from playback_svc.usecases.track_selection import TrackSelection


class Previous:
    """Goes back."""

    def __init__(
        self,
        commands: TargetedCommands,
        contexts: Contexts,
        selection: TrackSelection,
        following: NextTrack,
    ) -> None:
        self._commands = commands
        self._contexts = contexts
        self._selection = selection
        self._next = following

    async def __call__(
        self, caller: Caller, target: Target, key: RequestKey | None, *, client_play_id: str = ""
    ) -> Answer:
        """The start of the track, or the track before; ``client_play_id`` as with Skip."""

        async def decide(snapshot: Snapshot) -> Decision:
            before = target.require_state(snapshot)
            blobs = await self._contexts.blobs(caller.user_id, before.queue)
            position_ms = before.position_at(snapshot.now_ms)
            current = entry_of(before)
            step = play_queue.before(before.queue, blobs, position_ms=position_ms, current=current)

            def then(passed: Step) -> Step | None:
                # What cannot be played is not gone back to: the present track begins again.
                return None if passed.entry == current else Step(current, before.queue)

            selected = await self._selection.first(
                caller.tier, snapshot.partition, before.device_id, step, then
            )
            if selected is None:
                raise FailedPrecondition("Nothing before this can be played.", reason="QUEUE_ENDED")
            start = replace(selected.start, client_play_id=client_play_id)
            moved = player_state.move_on(before, start, snapshot.now_ms)
            answer = self._next.answer(moved, snapshot.now_ms)
            return Decision(
                moved, answer, CommandKind.PREVIOUS, blobs=selected.blobs, sender=caller.sender
            )

        return await self._commands.execute(caller, target, key, decide)
