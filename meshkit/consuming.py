"""Consumes another service's feed into a replica: a copy of what a service needs of it.

A watch tells steps; the consumer gathers them into batches and hands them to the replica, which
stores the changes and the place in the feed in one transaction. Whatever is interrupted begins
again after that place, so that every change arrives at least once and, by the version that it
carries, is applied once::

    consumer = Consumer("catalog", watch, replica, lease=Lease(leases, "catalog"))
    async with running(consumer.run): ...

Replicas in PostgreSQL are made with ``meshkit.replicas_postgres``.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import structlog
from google.protobuf.message import Message

from meshkit import telemetry
from meshkit.faults import Fault, OutOfRange
from meshkit.leases import TTL_S, Lease
from meshkit.stream_ends import Reason, StreamEnded, require_going_on

BATCH_LIMIT = 500
"""The most steps in a batch."""
GATHER_S = 0.05
"""How long a batch waits for more after its first step, in seconds."""

_BACKOFF_S = (0.1, 5.0)
_RELEASE_S = 1.0

_log = structlog.get_logger("consuming")
_caught_up_at = telemetry.gauge(
    "feed_caught_up_timestamp_seconds",
    "Up to when a consumed feed is known to be applied, in Unix seconds; 0 for never.",
    ["feed"],
)

T = TypeVar("T")
M = TypeVar("M", bound=Message)
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Step(Generic[T_co]):
    """One step of a watch: the token that resumes after it and, if there is one, the change.

    While a source lists what there is, its steps have no token. ``caught_up_at`` is when, in Unix
    seconds, the source last saw that it has told everything; only some steps say it.
    """

    resume_token: str
    change: T_co | None = None
    caught_up_at: float | None = None


class Watch(Protocol[T_co]):
    """Starts a watch after ``resume_token``; where that is empty, the source may list first."""

    def __call__(self, resume_token: str, /) -> AsyncIterator[Step[T_co]]:
        """Steps as they happen.

        Raises ``StreamEnded`` when the source ends it, ``Fault`` when it is interrupted, and
        ``OutOfRange`` when the token is too old.
        """
        ...


def watching(
    method: Callable[[Any], AsyncIterable[M]],
    request: Callable[..., Message],
    change_of: Callable[[M], T | None],
) -> Watch[T]:
    """A ``Watch`` over another service's feed.

    ``method`` is the call that streams it and ``request`` makes what it takes; ``change_of`` says
    what a message means, None where it only moves on.
    """

    async def watch(resume_token: str, /) -> AsyncIterator[Step[T]]:
        async for message in method(request(resume_token=resume_token)):
            require_going_on(message)
            yield _step_of(message, change_of(message))

    return watch


def _step_of(message: Message, change: T | None) -> Step[T]:
    told = message.caught_up_at if message.HasField("caught_up_at") else None  # type: ignore[attr-defined]
    at = None if told is None else told.ToNanoseconds() / 1e9
    return Step(message.resume_token, change, at)  # type: ignore[attr-defined]


class Replica(Protocol[T_contra]):
    """Keeps what a feed tells, and the place up to which it was told.

    Changes may come again, and older ones after newer: a change must be applied only when its
    version is newer than what is held. For a moment two instances may apply the same feed.
    """

    async def resume_token(self) -> str:
        """The token that was stored last; empty when there is none."""
        ...

    async def begin_listing(self) -> None:
        """Everything that the source has is told from here on: remember when.

        Comes again without ``end_listing`` when a listing was interrupted.
        """
        ...

    async def apply(self, changes: Sequence[T_contra], resume_token: str) -> None:
        """Store ``changes``, at most 500 and perhaps none, and the token in one transaction.

        An empty token leaves the stored one as it is: the changes are part of a listing, and
        each is to be marked as told, whether it was newer or not.
        """
        ...

    async def end_listing(self) -> None:
        """Everything was told: drop what was last told before this listing began.

        A feed that lists nothing calls this too; its replica then has nothing to do.
        """
        ...


class Consumer(Generic[T]):
    """Keeps ``replica`` up to date with a feed until it is cancelled.

    With a ``lease`` it works only while it holds that. ``feed`` names it in logs and metrics;
    ``fails`` says in a word what an interruption means. ``gather_s`` is how long a batch waits
    for more steps; ``pause_s`` makes the seconds before try number n, from 1, after the last step.
    """

    def __init__(
        self,
        feed: str,
        watch: Watch[T],
        replica: Replica[T],
        *,
        lease: Lease | None = None,
        fails: str = "stale",
        gather_s: float = GATHER_S,
        pause_s: Callable[[int], float] | None = None,
    ) -> None:
        self._feed = feed
        self._watch = watch
        self._replica = replica
        self._lease = lease
        self._fails = fails
        self._gather_s = gather_s
        self._pause_s = pause_s or _jittered
        self._begin_anew = False
        self._tries = 0
        self._place = ""
        # A feed that was never complete is told as such, not left out.
        _caught_up_at.labels(feed=feed)

    async def run(self) -> None:
        """Consumes, and consumes again after every interruption."""
        try:
            while True:
                await self._turn()
        finally:
            await self._release()

    async def _turn(self) -> None:
        """One watch and the pause after it, or the wait for a lease that another holds."""
        at_least_s = 0.0
        try:
            if self._lease and not await self._lease.held():
                self._begin_anew = False
                await asyncio.sleep(self._lease.renew_s)
                return
            reason = await self._consume()
        except StreamEnded as ended:
            reason, at_least_s = ended.reason, ended.reconnect_after_s or 0.0
            if reason == Reason.DRAINING:
                _log.info("feed is consumed elsewhere", feed=self._feed)
                await asyncio.sleep(at_least_s)
                return
        except OutOfRange as fault:
            self._begin_anew = True
            reason = fault.reason
        except Fault as fault:
            reason = fault.reason
        except Exception as error:  # noqa: BLE001 - dying unseen would leave the copy to rot
            reason = type(error).__name__
            _log.error("consuming failed", feed=self._feed, exc_info=error)
        self._tries += 1
        telemetry.degraded.labels(part=self._feed, mode=self._fails).inc()
        _log.warning("feed is not consumed", feed=self._feed, reason=reason, fails=self._fails)
        await asyncio.sleep(max(at_least_s, self._pause_s(self._tries)))

    async def _consume(self) -> str:
        """Watches until the stream ends or the lease is lost; says which."""
        token = "" if self._begin_anew else await self._replica.resume_token()
        listing, self._place = not token, token
        if listing:
            await self._replica.begin_listing()
        idle_s = (self._lease.renew_s if self._lease else TTL_S) / 2
        batches = _gathered(self._watch(token), gather_s=self._gather_s, idle_s=idle_s)
        async with contextlib.aclosing(batches):
            async for batch in batches:
                if self._lease and not await self._lease.held():
                    return "lease lost"
                if batch:
                    listing = await self._take(batch, listing=listing)
        return "ended"

    async def _take(self, batch: Sequence[Step[T]], *, listing: bool) -> bool:
        """Applies a batch; whether the listing goes on after it."""
        if listing:
            # The first token is the end of the listing.
            tokens = (index for index, step in enumerate(batch) if step.resume_token)
            listed = next(tokens, len(batch))
            await self._apply(batch[:listed], "")
            batch = batch[listed:]
            if batch:
                await self._replica.end_listing()
        if batch:
            await self._apply(batch, batch[-1].resume_token)
            self._begin_anew = False
        told = [step.caught_up_at for step in batch if step.caught_up_at is not None]
        if told:
            _caught_up_at.labels(feed=self._feed).set(max(told))
        return listing and not batch

    async def _apply(self, batch: Sequence[Step[T]], resume_token: str) -> None:
        changes = [step.change for step in batch if step.change is not None]
        # Where nothing moves on there is nothing to write, however often the source says so.
        if changes or resume_token not in ("", self._place):
            await self._replica.apply(changes, resume_token)
            self._place = resume_token or self._place
        self._tries = 0

    async def _release(self) -> None:
        if self._lease is None:
            return
        try:
            async with asyncio.timeout(_RELEASE_S):
                await self._lease.release()
        except (Fault, TimeoutError) as error:
            _log.warning("lease is left to run out", feed=self._feed, error=str(error))


@dataclass(frozen=True, slots=True)
class _End:
    """The last thing that a watch tells: that it ended, and by what."""

    error: Exception | None


async def _gathered(
    steps: AsyncIterator[Step[T]], *, gather_s: float, idle_s: float
) -> AsyncGenerator[Sequence[Step[T]], None]:
    """Batches of ``steps``; an empty one after ``idle_s`` seconds without any."""
    queue: asyncio.Queue[Step[T] | _End] = asyncio.Queue(BATCH_LIMIT)
    pump = asyncio.create_task(_pump(steps, queue))
    try:
        end: _End | None = None
        while end is None:
            batch, end = await _batch(queue, gather_s, idle_s)
            yield batch
        if end.error is not None:
            raise end.error
    finally:
        pump.cancel()
        # Awaiting the pump itself would take a cancellation of the consumer for that of the pump.
        await asyncio.wait([pump])


async def _pump(steps: AsyncIterator[Step[T]], queue: asyncio.Queue[Step[T] | _End]) -> None:
    end = _End(None)
    try:
        async for step in steps:
            await queue.put(step)
    except Exception as error:  # noqa: BLE001 - raised where the batches are read
        end = _End(error)
    finally:
        if isinstance(steps, AsyncGenerator):
            await steps.aclose()
    await queue.put(end)


async def _batch(
    queue: asyncio.Queue[Step[T] | _End], gather_s: float, idle_s: float
) -> tuple[Sequence[Step[T]], _End | None]:
    """What is there, or comes within ``gather_s`` of the first; none after ``idle_s``."""
    clock = asyncio.get_running_loop().time
    batch: list[Step[T]] = []
    until = clock() + idle_s
    while len(batch) < BATCH_LIMIT:
        if not queue.empty():
            step = queue.get_nowait()
        elif clock() < until:
            try:
                async with asyncio.timeout_at(until):
                    step = await queue.get()
            except TimeoutError:
                break
        else:
            break
        if isinstance(step, _End):
            return batch, step
        if not batch:
            until = clock() + gather_s
        batch.append(step)
    return batch, None


def _jittered(tries: int) -> float:
    """Seconds before the next try: doubling to a bound, spread so that callers do not return
    together."""
    least, most = _BACKOFF_S
    return random.uniform(0.5, 1.0) * min(most, least * 2.0 ** min(tries - 1, 16))  # noqa: S311
