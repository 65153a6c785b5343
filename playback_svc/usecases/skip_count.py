"""How commands count skips: each once, and not for what came to nothing."""

from __future__ import annotations

import asyncio
import hashlib

import structlog

from meshkit.faults import DeadlineExceeded, Fault, ResourceExhausted, Unavailable
from meshkit.idempotency import RequestKey
from meshkit.ulids import new_id
from playback_svc.ports.answers import Answer, SkipsLeft
from playback_svc.ports.clients import Plans
from playback_svc.ports.skips import SkipAttempt, SkipWindows, Tally
from playback_svc.usecases.commander import Commander, Decide, WriteProgress
from playback_svc.usecases.decisions import Decision, Snapshot
from playback_svc.usecases.session_checks import Caller

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


class CountedCommands:
    """Carries out commands that may count a skip."""

    def __init__(self, commander: Commander, windows: SkipWindows, plans: Plans) -> None:
        self._commander = commander
        self._windows = windows
        self._plans = plans

    def count(self, user_id: str, key: RequestKey | None, play_id: str) -> SkipCount:
        """One command's claim; by the play that it names, where it names one."""
        return SkipCount(self._windows, user_id, key, play_id)

    async def limit(self, tier: str) -> int | None:
        """How many skips of a window the plan gives; None for any number."""
        return (await self._plans.plan(tier)).skips_per_window

    async def execute(
        self, caller: Caller, key: RequestKey | None, count: SkipCount, decide: Decide
    ) -> Answer:
        """Carries out ``decide``, and gives the count back where nothing came of it."""

        # Decided anew after each lost race, and the one that comes through may need no skip.
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


def _digest(text: str) -> str:
    """A name of bounded length."""
    return hashlib.sha256(text.encode()).hexdigest()
