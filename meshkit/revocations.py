"""Follows the revocations of sign-ins, so that a token verifier refuses what was revoked.

A service gives the follower a way to watch, usually identity's ``WatchUsers``::

    watch = identity_revocations(UserServiceStub(channel))
    follower = RevocationFollower(tokens, watch)      # run() beside the server

It fails OPEN: while nobody can be watched, tokens stay good until they expire, which is five
minutes at most. Each interruption is logged and counted, and the watch resumes where it was.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog
from segue.identity.v1 import identity_service_pb2
from segue.identity.v1.identity_service_pb2_grpc import UserServiceStub

from meshkit import telemetry
from meshkit.faults import Fault, OutOfRange
from meshkit.status import remote_faults

FAILS = "open"
"""What happens while the watch is interrupted: revoked tokens pass until they expire."""

_BACKOFF_S = (0.1, 5.0)

_log = structlog.get_logger("revocations")


@dataclass(frozen=True, slots=True)
class RevocationStep:
    """One step of a watch: where to resume after it and, unless ``sid`` is empty, what to revoke.

    ``forget_at`` is in Unix seconds: when the last token of the sign-in expires anyway.
    """

    resume_token: str
    sid: str = ""
    forget_at: float = 0.0


class Revoker(Protocol):
    """Whoever refuses revoked tokens; ``meshkit.tokens.TokenVerifier`` is one."""

    def revoke(self, sid: str, forget_at: float) -> None:
        """Refuse the tokens of ``sid`` until ``forget_at``, Unix seconds."""
        ...


class Watch(Protocol):
    """Starts a watch after ``resume_token``; where that is empty, first what is still in force."""

    def __call__(self, resume_token: str, /) -> AsyncIterator[RevocationStep]:
        """Steps as they happen. Raises ``Fault`` when interrupted, ``OutOfRange`` when too old."""
        ...


def identity_revocations(stub: UserServiceStub) -> Watch:
    """A ``Watch`` over identity's feed of users."""

    async def watch(resume_token: str, /) -> AsyncIterator[RevocationStep]:
        request = identity_service_pb2.WatchUsersRequest(resume_token=resume_token)
        with remote_faults():
            async for step in stub.WatchUsers(request):
                revoked = step.session_revoked
                forget_at = revoked.forget_at.ToNanoseconds() / 1e9
                yield RevocationStep(step.resume_token, revoked.sid, forget_at)

    return watch


class RevocationFollower:
    """Keeps a verifier up to date until it is cancelled.

    ``pause_s`` makes the seconds to wait before try number n, from 1, after the last step.
    """

    def __init__(
        self,
        tokens: Revoker,
        watch: Watch,
        *,
        pause_s: Callable[[int], float] | None = None,
    ) -> None:
        self._tokens = tokens
        self._watch = watch
        self._pause_s = pause_s or _jittered
        self._resume_token = ""
        self._tries = 0

    async def run(self) -> None:
        """Watches, and watches again after every interruption."""
        while True:
            try:
                await self._follow()
                reason = "ended"
            except OutOfRange as fault:
                # Every revocation that was missed is older than any token that is still good.
                self._resume_token = ""
                reason = fault.reason
            except Fault as fault:
                reason = fault.reason
            except Exception as error:  # noqa: BLE001 - dying unseen would fail open for good
                reason = type(error).__name__
            self._tries += 1
            telemetry.degraded.labels(part="revocations", mode=FAILS).inc()
            _log.warning("revocations are not followed", reason=reason, fails=FAILS)
            await asyncio.sleep(self._pause_s(self._tries))

    async def _follow(self) -> None:
        steps = self._watch(self._resume_token)
        async for step in steps:
            self._take(step)

    def _take(self, step: RevocationStep) -> None:
        if step.sid and step.forget_at > time.time():
            self._tokens.revoke(step.sid, step.forget_at)
        self._resume_token = step.resume_token
        self._tries = 0


def _jittered(tries: int) -> float:
    """Seconds before the next try: doubling to a bound, spread so that callers do not return
    together."""
    least, most = _BACKOFF_S
    return random.uniform(0.5, 1.0) * min(most, least * 2.0 ** min(tries - 1, 16))  # noqa: S311
