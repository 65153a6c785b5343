"""The streams that a server holds for hours, and how each of them ends.

A servicer composes the messages of a stream; when and how it ends is the same for all::

    def WatchThings(self, request, context):
        async def steps(stream):
            async for token, thing in self._watch(request.resume_token, stop=stream.stop):
                yield convert.step(token, thing)

        return self._streams.told(pb.WatchThingsResponse, steps, resume_token=request.resume_token)

Where a process holds tens of thousands of a kind, each is a ``HeldStream`` of its own, added to
``HeldStreams`` and ``served``, or a ``Conversation``: it is found by its user then, bounded, and
ends as every other stream does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Sequence,
)
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar

import structlog
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from meshkit.alarms import Alarms
from meshkit.faults import Fault, ResourceExhausted, Unauthenticated
from meshkit.feeds import CaughtUp
from meshkit.interceptors.auth import require_scope
from meshkit.principal import Principal, set_principal
from meshkit.stream_ends import (
    FINISHED,
    SERVICE,
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    HeldStream,
    OpenStream,
    StreamEnd,
    draining,
    failure_end,
    last_message,
)
from meshkit.tokens import TokenVerifier

CONSUMERS_SPREAD_S = 1.0
"""Over how many seconds other services come back: they are few, and their copies grow stale."""

STREAMS_PER_USER = 16
"""Streams of one kind that a user has open at one instance."""

_MOST_ENDING = STREAMS_PER_USER
_LIMIT_RETRY_S = 5.0
_ENDED_AT_ONCE = 500

_log = structlog.get_logger("streams")

Answer = TypeVar("Answer", bound=Message)
Stream = TypeVar("Stream", bound=HeldStream)


class Watching(Protocol):
    """A use case that watches a change feed."""

    def __call__(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[tuple[str, Any]]:
        """What is told after ``token``, with the tokens that resume after it, until ``stop``.

        ``CaughtUp`` where the feed says so; None where nothing but the token moves on.
        """
        ...


class OpenStreams:
    """The streams that are open at this server. A ``Revoker`` that also refuses tokens.

    Each ends with its token, unless that is renewed, when its sign-in is revoked, and when the
    server drains. ``spread_s`` is the number of seconds over which users' streams come back after
    a drain; ``clock`` tells Unix seconds.
    """

    def __init__(
        self,
        tokens: TokenVerifier | None,
        *,
        spread_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tokens = tokens
        self._spread_s = spread_s
        self._clock = clock
        self._by_sid: dict[str, list[HeldStream]] = {}
        self._expiring: Alarms[HeldStream] = Alarms(clock())
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at_s = 0
        self._draining = False

    @property
    def held(self) -> int:
        """How many streams are open now."""
        return sum(map(len, self._by_sid.values()))

    def hold(self, stream: HeldStream) -> None:
        """From now on the stream ends as every stream does; give it back to :meth:`release`."""
        holder = stream.holder
        self._index(stream)
        if holder is not SERVICE:
            self._time(self._expiring.set(stream, holder.expires_at))
        if holder.sid and self._tokens is not None and self._tokens.is_revoked(holder):
            # Revoked after the token was verified, before the stream could be found.
            stream.finish(TOKEN_REVOKED)
        if self._draining:
            stream.finish(self._drained(holder.sid))

    def release(self, stream: HeldStream) -> None:
        """Holds it no longer."""
        self._expiring.off(stream)
        self._unindex(stream)

    def _index(self, stream: HeldStream) -> None:
        sid = stream.holder.sid
        if (streams := self._by_sid.get(sid)) is None:
            # Of tens of thousands of sign-ins most have one: room for more is not taken before.
            self._by_sid[sid] = [stream]
        else:
            streams.append(stream)

    def _unindex(self, stream: HeldStream) -> None:
        streams = self._by_sid[stream.holder.sid]
        streams.remove(stream)
        if not streams:
            del self._by_sid[stream.holder.sid]

    async def renew(self, stream: HeldStream, access_token: str, scopes: tuple[str, ...]) -> None:
        """Goes on by a fresh token of the same user, which needs one of ``scopes``.

        Raises Unauthenticated, PermissionDenied, Unavailable.
        """
        if self._tokens is None:
            raise Fault("this server verifies no tokens")
        principal = await self._tokens.verify(access_token)
        if principal.user_id != stream.holder.user_id:
            raise Unauthenticated("The token is of another user.", reason="TOKEN_INVALID")
        require_scope(scopes, principal)
        set_principal(principal)
        # Its alarm rings when the former token expires, and is set again then.
        self._unindex(stream)
        stream.holder = principal
        self._index(stream)

    def end_expired(self, now_s: float) -> None:
        """Ends the streams whose token's life was over by ``now_s`` and not renewed."""
        for stream in self._expiring.ring(now_s):
            if stream.end is not None:
                continue
            if stream.holder.expires_at > now_s:
                self._expiring.set(stream, stream.holder.expires_at)
            else:
                stream.finish(TOKEN_EXPIRED)

    def _time(self, at_s: int) -> None:
        """Has those that expire by ``at_s`` ended then: one timer for all streams."""
        if self._timer is not None:
            if self._timer_at_s <= at_s:
                return
            self._timer.cancel()
        self._timer_at_s = at_s
        left_s = max(at_s - self._clock(), 0)
        self._timer = asyncio.get_running_loop().call_later(left_s, self._expire)

    def _expire(self) -> None:
        self._timer = None
        self.end_expired(self._clock())
        if (at_s := self._expiring.next_s) is not None:
            self._time(at_s)

    def told(
        self,
        answer: type[Answer],
        steps: Callable[[OpenStream], AsyncGenerator[Answer, None]],
        *,
        principal: Principal | None = None,
        resume_token: str = "",
        held: HeldStreams[OpenStream] | None = None,
    ) -> AsyncGenerator[Answer, None]:
        """The messages of ``steps``, which ends once ``stop`` is set, and then the last one.

        As ``served`` has it; a stream of which nothing ended the work has FINISHED. ``held`` are
        those of its kind, where a user has so many of them at most: one more is ResourceExhausted.
        """

        async def begin() -> OpenStream:
            stream = OpenStream(principal or SERVICE)
            (held.add if held else self.hold)(stream)
            return stream

        close = held.remove if held else self.release
        return served(answer, begin, steps, close, resume_token=resume_token)

    def feed(
        self,
        answer: type[Answer],
        watch: Watching,
        message: Callable[[str, Any], Answer],
        *,
        resume_token: str,
    ) -> AsyncGenerator[Answer, None]:
        """The messages of a change feed: what ``watch`` tells, each as ``message`` makes it."""

        async def steps(stream: OpenStream) -> AsyncGenerator[Answer, None]:
            async for token, told in watch(resume_token, stop=stream.stop):
                if isinstance(told, CaughtUp):
                    at = Timestamp()
                    at.FromNanoseconds(round(told.at * 1e9))
                    yield answer(resume_token=token, caught_up_at=at)
                else:
                    yield message(token, told)

        return self.told(answer, steps, resume_token=resume_token)

    def _drained(self, sid: str) -> StreamEnd:
        return draining(self._spread_s if sid else min(self._spread_s, CONSUMERS_SPREAD_S))

    def revoke(self, sid: str, forget_at: float) -> None:
        """Refuse tokens of ``sid`` until ``forget_at`` (Unix seconds) and end its streams now."""
        if self._tokens is not None:
            self._tokens.revoke(sid, forget_at)
        for stream in self._by_sid.get(sid, ()):
            stream.finish(TOKEN_REVOKED)

    def revoke_user(self, user_id: str, forget_at: float) -> None:
        """Refuse tokens of a user until ``forget_at`` (Unix seconds) and end all streams now."""
        if self._tokens is not None:
            self._tokens.revoke_user(user_id, forget_at)
        # Streams are found by their sign-ins; it is rare that a user goes.
        for streams in self._by_sid.values():
            for stream in streams:
                if stream.holder.user_id == user_id:
                    stream.finish(TOKEN_REVOKED)

    async def drain(self, *, over_s: float = 0.0) -> None:
        """Has every stream end within ``over_s``, and those at once that are yet to be opened."""
        self._draining = True
        streams = [stream for streams in self._by_sid.values() for stream in streams]
        for done, stream in enumerate(streams, 1):
            stream.finish(self._drained(stream.holder.sid))
            if done % _ENDED_AT_ONCE == 0:
                await asyncio.sleep(over_s * _ENDED_AT_ONCE / len(streams))


async def served(
    answer: type[Answer],
    begin: Callable[[], Awaitable[Stream]],
    steps: Callable[[Stream], AsyncGenerator[Answer, None]],
    close: Callable[[Stream], object],
    *,
    resume_token: str = "",
) -> AsyncGenerator[Answer, None]:
    """The messages of ``steps`` of the stream that ``begin`` holds and ``close`` lets go of.

    The last one says why it ended. Where answers carry a token, that is the one before it, or
    ``resume_token``. What fails before the first message is raised. What fails later ends the
    stream as UNAVAILABLE, and is raised after that unless it is a ``Fault``: the caller has done
    nothing wrong, and comes back. Streams whose clients go on speaking end by ``Conversation``.
    """
    token, begun = resume_token, False
    resumes = "resume_token" in answer.DESCRIPTOR.fields_by_name
    bug: Exception | None = None
    stream = await begin()
    try:
        async with aclosing(steps(stream)) as messages:
            async for message in messages:
                begun = True
                if resumes:
                    token = message.resume_token or token  # type: ignore[attr-defined]
                yield message
                # A stream is quiet for hours, and keeps no message meanwhile.
                del message
        stream.finish(FINISHED)
    except Exception as error:
        if not begun:
            raise
        stream.finish(failure_end(answer, error))
        bug = None if isinstance(error, Fault) else error
    finally:
        close(stream)
    if stream.end is not None:
        yield last_message(answer, stream.end, token)
    if bug is not None:
        raise bug


class HeldStreams(Generic[Stream]):
    """The streams of users of one kind that are open at this server, found by user.

    A user has ``most`` of them at most. ``count`` is told of each kind how many more, or fewer, are
    held.
    """

    def __init__(
        self,
        kind: str,
        streams: OpenStreams,
        count: Callable[[str, int], object] | None = None,
        *,
        most: int = STREAMS_PER_USER,
    ) -> None:
        self._most = most
        self._kind = kind
        self._streams = streams
        self._count = count or _uncounted
        self._by_user: dict[str, tuple[Stream, ...]] = {}
        self.held = 0

    def add(self, stream: Stream) -> None:
        """Holds a stream; one that comes while this process drains is ended at once.

        Raises ResourceExhausted for one too many of its user here. Streams that have ended and
        wait for their client to take that count apart, so that a device that comes back finds room.
        """
        streams = self._by_user.get(stream.holder.user_id, ())
        going = sum(1 for one in streams if one.end is None)
        if going >= self._most or len(streams) >= self._most + _MOST_ENDING:
            raise ResourceExhausted(
                f"At most {self._most} {self._kind} streams of a user at a time.",
                metadata={"limit": "streams_per_user"},
                retry_after_s=_LIMIT_RETRY_S,
            )
        self._by_user[stream.holder.user_id] = (*streams, stream)
        self.held += 1
        self._count(self._kind, 1)
        self._streams.hold(stream)

    def remove(self, stream: Stream) -> None:
        """Holds it no longer."""
        self._streams.release(stream)
        user_id = stream.holder.user_id
        left = tuple(one for one in self._by_user[user_id] if one is not stream)
        if left:
            self._by_user[user_id] = left
        else:
            del self._by_user[user_id]
        self.held -= 1
        self._count(self._kind, -1)

    def of_user(self, user_id: str) -> Sequence[Stream]:
        """The user's streams here, as they are now."""
        return self._by_user.get(user_id, ())

    def __iter__(self) -> Iterator[Stream]:
        for streams in list(self._by_user.values()):
            yield from streams


def _uncounted(kind: str, difference: int) -> None:
    """How many are held is told to nobody."""
