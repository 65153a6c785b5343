"""Advance: the next track, since one came to its end."""

from __future__ import annotations

from dataclasses import replace

from meshkit.faults import FailedPrecondition
from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.play_queue import Repeat
from playback_svc.domain.player_state import EndReason, PlayerState
from playback_svc.domain.plays import has_ended, heard_enough
from playback_svc.ports.answers import Answer
from playback_svc.usecases.commander import SessionLookup, require_session
from playback_svc.usecases.decisions import Decision, Snapshot
from playback_svc.usecases.next_track import NextTrack
from playback_svc.usecases.session_checks import Caller, require_open
from playback_svc.usecases.skip_count import CountedCommands


class Advance:
    """Goes on after a track, or ends the session."""

    def __init__(
        self, counted: CountedCommands, sessions: SessionLookup, following: NextTrack
    ) -> None:
        self._counted = counted
        self._sessions = sessions
        self._next = following

    async def __call__(
        self,
        caller: Caller,
        key: RequestKey | None,
        *,
        session_id: str,
        play_id: str,
        client_play_id: str = "",
    ) -> Answer:
        """The next track after one that came to its end, or the end of the session.

        ``client_play_id`` is what the client calls the play that comes.

        Raises NotFound, FailedPrecondition (TRACK_NOT_ENDED), SkipLimitReached.
        """
        count = self._counted.count(caller.user_id, key, play_id)

        async def decide(snapshot: Snapshot) -> Decision:
            before, now_ms = require_session(snapshot.state, session_id), snapshot.now_ms
            if before.ended_by is EndReason.FINISHED:
                return Decision(before, self._next.answer(before, now_ms), CommandKind.STOP)
            require_open(before)
            if before.play_id != play_id:
                return Decision(before, self._next.answer(before, now_ms))
            position_ms = before.position_at(now_ms)
            if not has_ended(position_ms, before.track.duration_ms):
                raise _track_not_ended_error(position_ms, before.track.duration_ms)
            selected = await self._next.select(caller, snapshot, before, ended=True)
            if selected is None:
                state = player_state.end(before, EndReason.FINISHED, position_ms, now_ms)
                return Decision(state, self._next.answer(state, now_ms), CommandKind.STOP)
            skipped = _is_skip(before, now_ms)
            if skipped:
                tier = snapshot.partition.tier(caller.tier)
                await count.take(await self._counted.limit(tier))
            start = replace(selected.start, client_play_id=client_play_id)
            state = player_state.move_on(before, start, now_ms, skipped=skipped)
            answer = self._next.answer(state, now_ms)
            return Decision(
                state, answer, CommandKind.ADVANCE, blobs=selected.blobs, sender=caller.sender
            )

        return await self._sessions.explain_ended(
            caller.user_id, session_id, lambda: self._counted.execute(caller, key, count, decide)
        )


def _is_skip(state: PlayerState, now_ms: int) -> bool:
    """Whether a track that came to its end was hardly heard, and does not come again by itself."""
    if state.queue.repeat is Repeat.TRACK:
        return False
    return not heard_enough(state, now_ms)


def _track_not_ended_error(position_ms: int, duration_ms: int) -> FailedPrecondition:
    return FailedPrecondition(
        "The track has not come to its end.",
        reason="TRACK_NOT_ENDED",
        metadata={"position_ms": str(position_ms), "duration_ms": str(duration_ms)},
    )
