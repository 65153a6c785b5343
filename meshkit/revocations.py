"""Consumes the revocations of sign-ins and users, so that a token verifier refuses those.

A service gives the consumer a way to watch, usually identity's ``WatchUsers``::

    watch = identity_revocations(UserInternalServiceStub(channel))
    consumer = RevocationConsumer(tokens, watch)      # run() beside the server

It fails OPEN: while nobody can be watched, tokens stay good until they expire, which is five
minutes at most. Each interruption is logged and counted, and the watch resumes where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from segue.identity.v1 import identity_internal_service_pb2 as pb
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceStub

from meshkit.consuming import Consumer, Watch, watching
from meshkit.replicas import MemoryReplica

FAILS = "open"
"""What happens while the watch is interrupted: revoked tokens pass until they expire."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is refused until ``forget_at``, Unix seconds: the last of its tokens expires then.

    That is the sign-in ``sid``, or all of the user ``user_id``, who was erased.
    """

    forget_at: float
    sid: str = ""
    user_id: str = ""


class Revoker(Protocol):
    """Whoever refuses revoked tokens; ``meshkit.tokens.TokenVerifier`` is one."""

    def revoke(self, sid: str, forget_at: float) -> None:
        """Refuse the tokens of ``sid`` until ``forget_at``, Unix seconds."""
        ...

    def revoke_user(self, user_id: str, forget_at: float) -> None:
        """Refuse all tokens of a user until ``forget_at``, Unix seconds."""
        ...


def identity_revocations(stub: UserInternalServiceStub) -> Watch[Revocation]:
    """A ``Watch`` over identity's feed of users."""
    return watching(stub.WatchUsers, pb.WatchUsersRequest, _revocation_of)


def _revocation_of(step: pb.WatchUsersResponse) -> Revocation | None:
    """What a step revokes; None where it tells of something else, or of nothing."""
    if step.HasField("session_revoked"):
        revoked = step.session_revoked
        return Revocation(revoked.forget_at.ToNanoseconds() / 1e9, sid=revoked.sid)
    if step.HasField("user_erased"):
        erased = step.user_erased
        return Revocation(erased.forget_at.ToNanoseconds() / 1e9, user_id=erased.user_id)
    return None


class RevocationConsumer:
    """Keeps a verifier up to date until it is cancelled.

    ``on_erased`` are told the id of each user who was erased, for what a process holds of users in
    its memory. ``pause_s`` makes the seconds to wait before try number n, from 1, after the last
    step.
    """

    def __init__(
        self,
        tokens: Revoker,
        watch: Watch[Revocation],
        *,
        on_erased: Sequence[Callable[[str], None]] = (),
        pause_s: Callable[[int], float] | None = None,
    ) -> None:
        refusal = _Refusal(tokens, on_erased)
        self._consumer = Consumer(
            "revocations", watch, refusal, fails=FAILS, gather_s=0.0, pause_s=pause_s
        )

    async def run(self) -> None:
        """Watches, and watches again after every interruption."""
        await self._consumer.run()


class _Refusal(MemoryReplica[Revocation]):
    """The replica of revocations: a verifier of this process, and the place in its memory.

    A listing tells what is in force, and drops nothing: what was refused before it stays refused
    until it expires.
    """

    def __init__(self, tokens: Revoker, on_erased: Sequence[Callable[[str], None]]) -> None:
        super().__init__()
        self._tokens = tokens
        self._on_erased = on_erased

    def _store(self, changes: Sequence[Revocation], generation: int) -> None:
        for revoked in changes:
            if revoked.forget_at <= time.time():
                continue
            if revoked.user_id:
                self._tokens.revoke_user(revoked.user_id, revoked.forget_at)
                for forget in self._on_erased:
                    forget(revoked.user_id)
            else:
                self._tokens.revoke(revoked.sid, revoked.forget_at)
