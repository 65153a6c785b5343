"""Skip, Previous and Advance: another track in the same session."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from random import Random

import structlog

from meshkit.faults import (
    DeadlineExceeded,
    FailedPrecondition,
    Fault,
    ResourceExhausted,
    Unavailable,
)
from meshkit.idempotency import RequestKey
from meshkit.ulids import new_id
from playback_svc.domain import play_queue, player_state
from playback_svc.domain.devices import find_device, unknown_device_error
from playback_svc.domain.listing import Entry
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.play_queue import Blobs, Repeat, Step
from playback_svc.domain.player_state import EndReason, PlayerState, Status
from playback_svc.domain.plays import has_ended, heard_enough
from playback_svc.ports.clients import Plans
from playback_svc.ports.clock import NewId
from playback_svc.ports.player_states import Answer, SkipsLeft
from playback_svc.ports.skips import SkipAttempt, SkipWindows, Tally
from playback_svc.usecases.commander import (
    Commander,
    Decide,
    SessionLookup,
    WriteProgress,
    require_session,
)
from playback_svc.usecases.contexts import Contexts
from playback_svc.usecases.control import Target, execute_on_target
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.session_checks import Caller, require_open
from playback_svc.usecases.track_selection import SelectedTrack, TrackSelection

_NO_BODY = hashlib.sha256().digest()

_log = structlog.get_logger("playback")


class SkipLimitReached(ResourceExhausted):
    """All skips of the window are used."""

    default_reason = "SKIP_LIMIT_REACHED"

    def __init__(self, limit: int, resets_in_s: int) -> None:
        super().__init__(
            "You've used all skips for 30 min.",
            metadata={"limit": str(limit), "seconds_until_reset": str(resets_in_s)},
            retry_after_s=float(resets_in_s),
        )


_giving_back: set[asyncio.Task[None]] = set()


def _kept(task: asyncio.Task[None]) -> asyncio.Task[None]:
    """``task``, held until it is done: the loop holds tasks weakly."""
    _giving_back.add(task)
    task.add_done_callback(_giving_back.discard)
    return task


class SkipCount:
    """One command's claim on the window of skips: taken at most once, given back if in vain.

    Commands that name the play to be left claim one skip together: only one of them leaves it.
    """

    def __init__(
        self, windows: SkipWindows, user_id: str, key: RequestKey | None, play_id: str = ""
    ) -> None:
        self._windows = windows
        # A command without a request_id is its own request: it cannot come twice.
        self._is_alone = key is None and not play_id
        if play_id:
            self._skip = SkipAttempt(user_id, _digest(f"play:{play_id}"), _NO_BODY)
        elif key:
            request_id = _digest(f"{key.method}:{key.request_id}")
            self._skip = SkipAttempt(user_id, request_id, key.body_sha256)
        else:
            self._skip = SkipAttempt(user_id, new_id(), _NO_BODY)
        self._tally: Tally | None = None
        self.needed = False
        """Whether the latest decision rests on the skip."""
        self.progress = WriteProgress()
        self._cut = False

    async def take(self, limit: int | None) -> None:
        """Counts, once. Raises SkipLimitReached; Unavailable while nobody can count."""
        self.needed = True
        if limit is None or self._tally is not None:
            return
        try:
            tally = await self._windows.take(self._skip, limit)
        except asyncio.CancelledError:
            self._cut = True
            raise
        if not tally.allowed:
            raise SkipLimitReached(limit, tally.resets_in_s)
        self._tally = tally

    async def give_back(self, failure: BaseException) -> None:
        """Undoes the count where it is certain, after ``failure``, that nothing was written.

        Fails OPEN: what cannot be given back stays counted, and a retry makes use of it. Goes on
        when its caller is cancelled.
        """
        refused = isinstance(failure, Fault) and not isinstance(
            failure, Unavailable | DeadlineExceeded
        )
        certain = refused or not self.progress.perhaps_written
        # A take that was cut may have counted; under a key its retry may make use of that.
        taken = self._tally is not None or (self._cut and self._is_alone)
        if taken and certain:
            await asyncio.shield(_kept(asyncio.create_task(self._undo())))

    async def settle(self) -> None:
        """Undoes the count where what came through needed none: a lost race had made it."""
        if self._tally is not None and not self.needed:
            await self._undo()

    async def _undo(self) -> None:
        try:
            await self._windows.give_back(self._skip)
        except Unavailable as fault:
            _log.warning("skip not given back", reason=fault.reason)

    async def left(self, limit: int | None) -> SkipsLeft:
        """How the window stands."""
        if limit is None:
            return SkipsLeft(None, 0)
        tally = self._tally or await self._windows.read(self._skip.user_id)
        return SkipsLeft(max(0, limit - tally.used), tally.resets_in_s)


class Moving:
    """Moves a session to another track.

    All raise SessionNotCurrent where nothing plays, Unavailable (TRACK_NOT_READY, or a part is
    down), Aborted (CONFLICT) and RequestIdReused.
    """

    def __init__(
        self,
        commander: Commander,
        sessions: SessionLookup,
        contexts: Contexts,
        selection: TrackSelection,
        skips: SkipWindows,
        plans: Plans,
        *,
        new_id: NewId,
        rng: Random,
        urls_live_s: int,
    ) -> None:
        self._commander = commander
        self._sessions = sessions
        self._contexts = contexts
        self._selection = selection
        self._skips = skips
        self._plans = plans
        self._new_id = new_id
        self._rng = rng
        self._urls_live_s = urls_live_s

    async def skip(
        self,
        caller: Caller,
        target: Target,
        key: RequestKey | None,
        play_id: str = "",
        client_play_id: str = "",
    ) -> Answer:
        """The next track, for one skip; what plays, for none, where ``play_id`` is over already.

        ``client_play_id`` is what the client calls the play that comes.

        Raises FailedPrecondition (QUEUE_ENDED, DEVICE_NOT_PLAYING), SkipLimitReached.
        """
        count = SkipCount(self._skips, caller.user_id, key, play_id)

        async def decide(snapshot: Snapshot) -> Decision:
            if target.device_id is None and caller.sender:
                _require_device(snapshot, caller.sender)
            before = target.require_state(snapshot)
            limit = await self._limit(caller)
            if play_id not in ("", before.play_id):
                answer = self._answer(before, snapshot.now_ms)
                return Decision(before, replace(answer, skips=await count.left(limit)))
            selected = await self._next(caller, snapshot, before, ended=False)
            if selected is None:
                raise FailedPrecondition("Nothing follows this track.", reason="QUEUE_ENDED")
            await count.take(limit)
            start = replace(selected.start, client_play_id=client_play_id)
            state = player_state.move_on(before, start, snapshot.now_ms, skipped=True)
            answer = replace(self._answer(state, snapshot.now_ms), skips=await count.left(limit))
            return self._decision(caller, state, answer, CommandKind.SKIP, selected)

        return await self._counting(caller, key, count, decide)

    async def advance(
        self,
        caller: Caller,
        session_id: str,
        play_id: str,
        key: RequestKey | None,
        client_play_id: str = "",
    ) -> Answer:
        """The next track after one that came to its end, or the end of the session.

        ``client_play_id`` is what the client calls the play that comes.

        Raises NotFound, FailedPrecondition (TRACK_NOT_ENDED), SkipLimitReached.
        """
        count = SkipCount(self._skips, caller.user_id, key, play_id)

        async def decide(snapshot: Snapshot) -> Decision:
            before, now_ms = require_session(snapshot.state, session_id), snapshot.now_ms
            if before.ended_by is EndReason.FINISHED:
                return Decision(before, self._answer(before, now_ms), CommandKind.STOP)
            require_open(before)
            if before.play_id != play_id:
                return Decision(before, self._answer(before, now_ms))
            position_ms = before.position_at(now_ms)
            if not has_ended(position_ms, before.track.duration_ms):
                raise _track_not_ended_error(position_ms, before.track.duration_ms)
            selected = await self._next(caller, snapshot, before, ended=True)
            if selected is None:
                state = player_state.end(before, EndReason.FINISHED, position_ms, now_ms)
                return Decision(state, self._answer(state, now_ms), CommandKind.STOP)
            skipped = _is_skip(before, now_ms)
            if skipped:
                await count.take(await self._limit(caller))
            start = replace(selected.start, client_play_id=client_play_id)
            state = player_state.move_on(before, start, now_ms, skipped=skipped)
            answer = self._answer(state, now_ms)
            return self._decision(caller, state, answer, CommandKind.ADVANCE, selected)

        return await self._sessions.explain_ended(
            caller.user_id, session_id, lambda: self._counting(caller, key, count, decide)
        )

    async def previous(
        self, caller: Caller, target: Target, key: RequestKey | None, client_play_id: str = ""
    ) -> Answer:
        """The start of the track, or the track before; ``client_play_id`` as with ``skip``."""

        async def decide(snapshot: Snapshot) -> Decision:
            before = target.require_state(snapshot)
            blobs = await self._contexts.blobs(caller.user_id, before.queue)
            position_ms = before.position_at(snapshot.now_ms)
            current = _entry(before)
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
            answer = self._answer(moved, snapshot.now_ms)
            return self._decision(caller, moved, answer, CommandKind.PREVIOUS, selected)

        return await execute_on_target(self._commander, self._sessions, caller, target, key, decide)

    async def _limit(self, caller: Caller) -> int | None:
        return (await self._plans.plan(caller.tier)).skips_per_window

    async def _counting(
        self, caller: Caller, key: RequestKey | None, count: SkipCount, decide: Decide
    ) -> Answer:
        async def watched(snapshot: Snapshot) -> Decision:
            count.needed = False
            return await decide(snapshot)

        try:
            answer = await self._commander.execute(caller.user_id, key, watched, count.progress)
        except BaseException as failure:
            await count.give_back(failure)
            raise
        await count.settle()
        return answer

    async def _next(
        self, caller: Caller, snapshot: Snapshot, before: PlayerState, *, ended: bool
    ) -> SelectedTrack | None:
        blobs = await self._contexts.blobs(caller.user_id, before.queue)
        artists = None
        if blobs.listing is not None and play_queue.begins_new_turn(before.queue):
            artists = await self._contexts.artists(blobs.listing)
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

        step = after(Step(_entry(before), before.queue), ended=ended)
        if step is None:
            return None
        return await self._selection.first(
            caller.tier,
            snapshot.partition,
            before.device_id,
            step,
            lambda passed: after(passed, ended=False),
        )

    def _answer(self, state: PlayerState, now_ms: int) -> Answer:
        over = state.status is Status.STOPPED
        expires = None if over else now_ms // 1000 + self._urls_live_s
        answer = answer_of(state, state.position_at(now_ms), expires)
        return replace(answer, ended=state.ended_by is EndReason.FINISHED)

    @staticmethod
    def _decision(
        caller: Caller,
        state: PlayerState,
        answer: Answer,
        kind: CommandKind,
        selected: SelectedTrack,
    ) -> Decision:
        return Decision(state, answer, kind, blobs=selected.blobs, sender=caller.sender)


def _entry(state: PlayerState) -> Entry:
    return Entry(state.track.track_id, state.queue.item_id)


def _is_skip(state: PlayerState, now_ms: int) -> bool:
    """Whether a track that came to its end was hardly heard, and does not come again by itself."""
    if state.queue.repeat is Repeat.TRACK:
        return False
    return not heard_enough(state, now_ms)


def _digest(text: str) -> str:
    """A name of bounded length."""
    return hashlib.sha256(text.encode()).hexdigest()


def _require_device(snapshot: Snapshot, device_id: str) -> None:
    if find_device(snapshot.partition.devices, device_id) is None:
        raise unknown_device_error(device_id)


def _track_not_ended_error(position_ms: int, duration_ms: int) -> FailedPrecondition:
    return FailedPrecondition(
        "The track has not come to its end.",
        reason="TRACK_NOT_ENDED",
        metadata={"position_ms": str(position_ms), "duration_ms": str(duration_ms)},
    )
