"""Skip: the next track, for one of the skips that the plan gives."""

from __future__ import annotations

from dataclasses import replace

from meshkit.faults import FailedPrecondition
from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.devices import require_device
from playback_svc.domain.mailbox import CommandKind
from playback_svc.ports.answers import Answer
from playback_svc.usecases.decisions import Decision, Snapshot
from playback_svc.usecases.next_track import NextTrack
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.skip_count import CountedCommands
from playback_svc.usecases.target import Target


class Skip:
    """Leaves a track for the next one."""

    def __init__(self, counted: CountedCommands, following: NextTrack) -> None:
        self._counted = counted
        self._next = following

    async def __call__(
        self,
        caller: Caller,
        target: Target,
        key: RequestKey | None,
        *,
        play_id: str = "",
        client_play_id: str = "",
    ) -> Answer:
        """The next track, for one skip; what plays, for none, where ``play_id`` is over already.

        ``client_play_id`` is what the client calls the play that comes.

        Raises FailedPrecondition (QUEUE_ENDED, DEVICE_NOT_PLAYING), SkipLimitReached,
        SessionNotCurrent, Unavailable (TRACK_NOT_READY, or a part is down), Aborted (CONFLICT) and
        RequestIdReused.
        """
        count = self._counted.count(caller.user_id, key, play_id)

        async def decide(snapshot: Snapshot) -> Decision:
            if target.device_id is None and caller.sender:
                require_device(snapshot.partition.devices, caller.sender)
            before = target.require_state(snapshot)
            limit = await self._counted.limit(snapshot.partition.tier(caller.tier))
            if play_id not in ("", before.play_id):
                left = await count.left(limit)
                return Decision(before, self._next.answer(before, snapshot.now_ms, left))
            selected = await self._next.select(caller, snapshot, before, ended=False)
            if selected is None:
                raise FailedPrecondition("Nothing follows this track.", reason="QUEUE_ENDED")
            await count.take(limit)
            start = replace(selected.start, client_play_id=client_play_id)
            state = player_state.move_on(before, start, snapshot.now_ms, skipped=True)
            answer = self._next.answer(state, snapshot.now_ms, await count.left(limit))
            return Decision(
                state, answer, CommandKind.SKIP, blobs=selected.blobs, sender=caller.sender
            )

        return await self._counted.execute(caller, key, count, decide)
