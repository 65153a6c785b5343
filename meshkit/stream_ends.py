"""Why streams end, and what their clients are asked to do: one behaviour for every stream.

The contract is ``segue.mesh.v1.StreamEnd``; here is how the server fills it. An end whose
``reconnect_after_s`` is None asks the client to stay away.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

import structlog
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from segue.mesh.v1 import stream_end_pb2

from meshkit import telemetry
from meshkit.faults import Fault
from meshkit.principal import Principal

_RETRY_S = (1.0, 5.0)

_log = structlog.get_logger("streams")

Step = TypeVar("Step")
Answer = TypeVar("Answer", bound=Message)


class Reason(StrEnum):
    """Why a stream ends; the names of ``StreamEnd.Reason`` in the contract."""

    FINISHED = "FINISHED"
    DRAINING = "DRAINING"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - a reason, no secret
    TOKEN_REVOKED = "TOKEN_REVOKED"  # noqa: S105 - a reason, no secret
    TAKEN_OVER = "TAKEN_OVER"
    DELETED = "DELETED"
    ACCESS_LOST = "ACCESS_LOST"
    UNAVAILABLE = "UNAVAILABLE"
    LAPSED = "LAPSED"


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """Why, in words for people, and after how many seconds the client may come back."""

    reason: Reason
    message: str
    reconnect_after_s: float | None = None

    def to_message(self) -> stream_end_pb2.StreamEnd:
        """The end as the contract has it."""
        return stream_end_pb2.StreamEnd(
            reason=stream_end_pb2.StreamEnd.Reason.Value(self.reason.value),
            message=self.message,
            reconnect_after=_duration(self.reconnect_after_s),
        )


FINISHED = StreamEnd(Reason.FINISHED, "Everything was told.")
TOKEN_EXPIRED = StreamEnd(
    Reason.TOKEN_EXPIRED, "The access token has expired; come back with a fresh one.", 0.0
)
TOKEN_REVOKED = StreamEnd(Reason.TOKEN_REVOKED, "The sign-in was revoked.")
LAPSED = StreamEnd(Reason.LAPSED, "What was to be told grew too old; come back to be told.", 0.0)


def draining(spread_s: float) -> StreamEnd:
    """The end of a stream whose server goes away; clients come back spread over ``spread_s``."""
    after_s = random.uniform(0, spread_s)  # noqa: S311
    return StreamEnd(Reason.DRAINING, "This server goes away; come back.", after_s)


def unavailable(retry_after_s: float | None = None) -> StreamEnd:
    """The end of a stream that cannot go on now; without a time of its own within seconds."""
    after_s = random.uniform(*_RETRY_S) if retry_after_s is None else retry_after_s  # noqa: S311
    return StreamEnd(Reason.UNAVAILABLE, "The service cannot go on now; come back.", after_s)


def failure_end(answer: type[Message], error: Exception) -> StreamEnd:
    """The end of a stream whose work failed; counted, and logged by its kind of answer."""
    fault = error if isinstance(error, Fault) else None
    part = str(answer.DESCRIPTOR.full_name)
    telemetry.degraded.labels(part=part, mode="ended").inc()
    _log.warning("stream ended", answers=part, reason=fault.reason if fault else "INTERNAL")
    return unavailable(fault.retry_after_s if fault else None)


def last_message(answer: type[Answer], end: StreamEnd, token: str = "") -> Answer:
    """The last message of a stream, with the token to resume it by where it carries tokens."""
    fields: dict[str, Any] = {"end": end.to_message()}
    if "resume_token" in answer.DESCRIPTOR.fields_by_name:
        fields["resume_token"] = token
    return answer(**fields)


SERVICE = Principal("", "", "", frozenset(), math.inf, "")
"""Who holds the stream of another service: no user, and no token that ends."""


class HeldStream:
    """One stream that a server holds. While it is ``listening``, ``interrupt`` wakes it up.

    It has no task or timer of its own but the task that serves it. ``holder`` is whose it is, by
    the access token that was seen last.
    """

    __slots__ = ("end", "holder", "interrupt", "listening")

    def __init__(self, holder: Principal) -> None:
        self.holder = holder
        self.end: StreamEnd | None = None
        self.listening = False
        self.interrupt: Callable[[], object] = _nothing

    def finish(self, end: StreamEnd) -> None:
        """Has the stream end; the first end stands. A stream that waits wakes up."""
        if self.end is None:
            self.end = end
            self.nudge()

    def nudge(self) -> None:
        """Wakes up a stream that waits; another one looks for itself before it waits."""
        if self.listening:
            self.listening = False
            self.interrupt()

    async def idle(self) -> None:
        """Waits for the next nudge.

        Whatever there is to do must have been looked for since the last ``await``.
        """
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.interrupt = partial(_wake, woken)
        self.listening = True
        try:
            await woken
        finally:
            self.listening = False


def _nothing() -> object:
    """A stream that does not wait has nothing to interrupt."""
    return None


def _wake(woken: asyncio.Future[None]) -> None:
    # It is done already where the call was cancelled in the same turn of the loop.
    if not woken.done():
        woken.set_result(None)


class OpenStream(HeldStream):
    """A stream that is served step by step: ``stop`` is set once it has an ``end``."""

    __slots__ = ("stop",)

    def __init__(self, holder: Principal = SERVICE) -> None:
        super().__init__(holder)
        self.stop = asyncio.Event()
        self.interrupt = self.stop.set
        self.listening = True

    def conclude(self) -> None:
        """The work of the stream is done: it ends as FINISHED, whatever else would end it."""
        self.end = FINISHED
        self.nudge()


async def unless_stopped(
    stop: asyncio.Event, steps: AsyncGenerator[Step, None]
) -> AsyncGenerator[Step, None]:
    """The steps of long work; once ``stop`` is set, the work is cancelled where it stands."""
    stopping, step = asyncio.ensure_future(stop.wait()), _begun(steps)
    try:
        while True:
            await asyncio.wait({stopping, step}, return_when=asyncio.FIRST_COMPLETED)
            if not step.done():
                return
            try:
                yield step.result()
            except StopAsyncIteration:
                return
            step = _begun(steps)
    finally:
        stopping.cancel()
        step.cancel()
        await asyncio.wait([step])
        await steps.aclose()


def _begun(steps: AsyncGenerator[Step, None]) -> asyncio.Task[Step]:
    async def following() -> Step:
        return await anext(steps)

    return asyncio.create_task(following())


class StreamEnded(Exception):
    """A stream of another service has ended, and said so.

    ``reason`` is the name of the contract's reason, or its number where this process knows no name;
    ``message`` says the same to people. ``reconnect_after_s`` is None where the service does not
    want the stream to be opened again.
    """

    def __init__(self, reason: str, reconnect_after_s: float | None, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason
        self.message = message or reason
        self.reconnect_after_s = reconnect_after_s


def require_going_on(answer: Message) -> None:
    """Raises StreamEnded where ``answer``, a message of another service's stream, is its last."""
    if not answer.HasField("end"):
        return
    end: stream_end_pb2.StreamEnd = answer.end  # type: ignore[attr-defined]
    known = stream_end_pb2.StreamEnd.Reason.DESCRIPTOR.values_by_number.get(end.reason)
    after_s = None
    if end.HasField("reconnect_after"):
        after_s = end.reconnect_after.ToMilliseconds() / 1000
    raise StreamEnded(known.name if known else str(end.reason), after_s, end.message)


def _duration(seconds: float | None) -> Duration | None:
    if seconds is None:
        return None
    duration = Duration()
    duration.FromMilliseconds(round(seconds * 1000))
    return duration
