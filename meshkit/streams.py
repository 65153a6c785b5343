"""The streams that a server holds for hours, and how each of them ends.

A servicer composes the messages of a stream; when and how it ends is the same for all::

    def WatchThings(self, request, context):
        async def steps(stream):
            async for token, thing in self._watch(request.resume_token, stop=stream.stop):
                yield convert.step(token, thing)

        return self._streams.told(pb.WatchThingsResponse, steps, resume_token=request.resume_token)
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, Protocol, TypeVar

import structlog
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from meshkit import telemetry
from meshkit.faults import Fault
from meshkit.feeds import CaughtUp
from meshkit.principal import Principal
from meshkit.stream_ends import (
    FINISHED,
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    OpenStream,
    StreamEnd,
    draining,
    unavailable,
)
from meshkit.tokens import TokenVerifier

FOLLOWERS_SPREAD_S = 1.0
"""Over how many seconds other services come back: they are few, and their copies grow stale."""

_log = structlog.get_logger("streams")

Answer = TypeVar("Answer", bound=Message)


class Watching(Protocol):
    """A use case that follows a change feed."""

    def __call__(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[tuple[str, Any]]:
        """What is told after ``token``, with the tokens that resume after it, until ``stop``.

        ``CaughtUp`` where the feed says so; None where nothing but the token moves on.
        """
        ...


class OpenStreams:
    """The streams that are open at this server. A ``Revoker`` that also refuses tokens.

    ``spread_s`` is the number of seconds over which users' streams come back after a drain.
    """

    def __init__(self, tokens: TokenVerifier | None, *, spread_s: float) -> None:
        self._tokens = tokens
        self._spread_s = spread_s
        self._open: defaultdict[str, set[OpenStream]] = defaultdict(set)
        self._draining = False

    @property
    def held(self) -> int:
        """How many streams are open now."""
        return sum(map(len, self._open.values()))

    async def told(
        self,
        answer: type[Answer],
        steps: Callable[[OpenStream], AsyncGenerator[Answer, None]],
        *,
        principal: Principal | None = None,
        resume_token: str = "",
    ) -> AsyncGenerator[Answer, None]:
        """The messages of ``steps``, which ends once ``stop`` is set, and then the last one.

        What fails before the first message is raised. What fails later ends the stream as
        UNAVAILABLE, and is raised after that unless it is a ``Fault``: the caller has done nothing
        wrong, and comes back. Where answers carry a token, the last one has that of the one before
        it, or ``resume_token``.
        """
        token, begun = resume_token, False
        bug: Exception | None = None
        with self.opened(principal) as stream:
            try:
                async with aclosing(steps(stream)) as messages:
                    async for message in messages:
                        token, begun = getattr(message, "resume_token", "") or token, True
                        yield message
                        # A stream is quiet for hours, and keeps no message meanwhile.
                        del message
            except Exception as error:
                if not begun:
                    raise
                stream.finish(_failed(answer, error))
                bug = None if isinstance(error, Fault) else error
            yield _last(answer, stream.end or FINISHED, token)
        if bug is not None:
            raise bug

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

    @contextmanager
    def opened(self, principal: Principal | None = None) -> Iterator[OpenStream]:
        """A stream of this user, or of another service, until the block ends."""
        stream, sid = OpenStream(), principal.sid if principal else ""
        self._open[sid].add(stream)
        timer = self._expiring(stream, principal) if principal else None
        if sid and self._tokens is not None and self._tokens.is_revoked(sid):
            # Revoked after the token was verified, before the stream could be found.
            stream.finish(TOKEN_REVOKED)
        if self._draining:
            stream.finish(self._drained(sid))
        try:
            yield stream
        finally:
            if timer is not None:
                timer.cancel()
            self._open[sid].discard(stream)
            if not self._open[sid]:
                del self._open[sid]

    def _expiring(self, stream: OpenStream, principal: Principal) -> asyncio.TimerHandle:
        left_s = max(principal.expires_at - time.time(), 0)
        return asyncio.get_running_loop().call_later(left_s, stream.finish, TOKEN_EXPIRED)

    def _drained(self, sid: str) -> StreamEnd:
        return draining(self._spread_s if sid else min(self._spread_s, FOLLOWERS_SPREAD_S))

    def revoke(self, sid: str, forget_at: float) -> None:
        """Refuse tokens of ``sid`` until ``forget_at`` (Unix seconds) and end its streams now."""
        if self._tokens is not None:
            self._tokens.revoke(sid, forget_at)
        for stream in self._open.get(sid, ()):
            stream.finish(TOKEN_REVOKED)

    def drain(self) -> None:
        """Has every stream end, and those that are yet to be opened."""
        self._draining = True
        for sid, streams in self._open.items():
            for stream in streams:
                stream.finish(self._drained(sid))


def _failed(answer: type[Message], error: Exception) -> StreamEnd:
    fault = error if isinstance(error, Fault) else None
    part = str(answer.DESCRIPTOR.full_name)
    telemetry.degraded.labels(part=part, mode="ended").inc()
    _log.warning("stream ended", answers=part, reason=fault.reason if fault else "INTERNAL")
    return unavailable(fault.retry_after_s if fault else None)


def _last(answer: type[Answer], end: StreamEnd, token: str) -> Answer:
    fields: dict[str, Any] = {"end": end.to_message()}
    if "resume_token" in answer.DESCRIPTOR.fields_by_name:
        fields["resume_token"] = token
    return answer(**fields)
