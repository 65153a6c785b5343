"""What every held stream shares: bounds by user, the lives of tokens, ends, and how it wakes up.

Everything here is of one process: a user's bound holds in each instance by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from meshkit.faults import ResourceExhausted
from meshkit.stream_ends import TOKEN_EXPIRED, TOKEN_REVOKED, StreamEnd, draining
from playback_svc.ports.measures import Measures

STREAMS_PER_USER = 16
_MOST_ENDING = STREAMS_PER_USER
_LIMIT_RETRY_S = 5.0
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose stream it is, by the access token that was last seen; Unix seconds."""

    user_id: str
    sid: str
    tier: str
    expires_at_s: float


class HeldStream:
    """One stream. While it is ``listening``, ``interrupt`` is what wakes it up.

    It has no task or timer of its own but the one that serves it.
    """

    __slots__ = ("end", "holder", "interrupt", "listening")

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        self.end: StreamEnd | None = None
        self.listening = False
        self.interrupt = _nothing

    def finish(self, end: StreamEnd) -> None:
        """Ends the stream; the first end stands. A stream that waits wakes up."""
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


Stream = TypeVar("Stream", bound=HeldStream)


class Alarms(Generic[Stream]):
    """When streams are due, to the second; nothing is kept of one whose alarm is off.

    It rings when it is asked, so that no stream needs a timer.
    """

    def __init__(self, now_s: float) -> None:
        self._rung_until_s = int(now_s)
        self._by_second: dict[int, set[Stream]] = {}
        self._second_of: dict[Stream, int] = {}

    def __len__(self) -> int:
        return len(self._second_of)

    def set(self, stream: Stream, at_s: float) -> None:
        """The stream is due once ``at_s`` is over, and no earlier."""
        self.off(stream)
        second = max(int(at_s), self._rung_until_s) + 1
        self._second_of[stream] = second
        self._by_second.setdefault(second, set()).add(stream)

    def off(self, stream: Stream) -> None:
        """The stream is not due any more."""
        second = self._second_of.pop(stream, None)
        if second is None:
            return
        due = self._by_second[second]
        due.remove(stream)
        if not due:
            del self._by_second[second]

    def ring(self, now_s: float) -> Iterator[Stream]:
        """The streams that are due by ``now_s``; each is off by then and may be set again."""
        while self._rung_until_s < int(now_s):
            self._rung_until_s += 1
            for stream in tuple(self._by_second.get(self._rung_until_s, ())):
                self.off(stream)
                yield stream


class HeldStreams(Generic[Stream]):
    """The streams of one kind that this process holds, found by user."""

    def __init__(self, kind: str, measures: Measures, now_s: float) -> None:
        self._kind = kind
        self._measures = measures
        self._by_user: dict[str, list[Stream]] = {}
        self._expiring: Alarms[Stream] = Alarms(now_s)
        self._spread_s: float | None = None
        self.held = 0

    def add(self, stream: Stream) -> None:
        """Holds a stream; one that comes while this process drains is ended at once.

        Raises ResourceExhausted for one too many of its user here. Streams that have ended and
        wait for their client to take that count apart, so that a device that comes back finds room.
        """
        streams = self._by_user.get(stream.holder.user_id, ())
        going = sum(1 for one in streams if one.end is None)
        if going >= STREAMS_PER_USER or len(streams) >= STREAMS_PER_USER + _MOST_ENDING:
            raise ResourceExhausted(
                f"At most {STREAMS_PER_USER} {self._kind} streams of a user at a time.",
                metadata={"limit": "streams_per_user"},
                retry_after_s=_LIMIT_RETRY_S,
            )
        self._by_user.setdefault(stream.holder.user_id, []).append(stream)
        self.held += 1
        self._measures.streams(self._kind, 1)
        self._expiring.set(stream, stream.holder.expires_at_s)
        if self._spread_s is not None:
            stream.finish(draining(self._spread_s))

    def remove(self, stream: Stream) -> None:
        """Holds it no longer."""
        streams = self._by_user[stream.holder.user_id]
        streams.remove(stream)
        if not streams:
            del self._by_user[stream.holder.user_id]
        self._expiring.off(stream)
        self.held -= 1
        self._measures.streams(self._kind, -1)

    def of_user(self, user_id: str) -> Sequence[Stream]:
        """The user's streams here, as they are now."""
        return tuple(self._by_user.get(user_id, ()))

    def __iter__(self) -> Iterator[Stream]:
        for streams in list(self._by_user.values()):
            yield from tuple(streams)

    def end_expired(self, now_s: float) -> None:
        """Ends the streams whose token's life was over by ``now_s`` and not renewed."""
        for stream in self._expiring.ring(now_s):
            if stream.end is not None:
                continue
            if stream.holder.expires_at_s > now_s:
                self._expiring.set(stream, stream.holder.expires_at_s)
            else:
                stream.finish(TOKEN_EXPIRED)

    def revoke(self, sid: str) -> None:
        """Ends every stream of a sign-in that was revoked."""
        for stream in self:
            if stream.holder.sid == sid:
                stream.finish(TOKEN_REVOKED)

    async def drain(self, *, over_s: float, spread_s: float) -> None:
        """Ends every stream within ``over_s``, asking each to come back within ``spread_s``."""
        self._spread_s = spread_s
        streams = list(self)
        for done, stream in enumerate(streams, 1):
            stream.finish(draining(spread_s))
            if done % _CHUNK == 0:
                await asyncio.sleep(over_s * _CHUNK / len(streams))
