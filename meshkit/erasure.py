"""Forgetting users whom identity has erased, in a service that keeps something of users.

A service says what holds something of users, the rest is the same for all::

    process.consume_users(users_stub, states, history, preferences)

The place in identity's feed moves on once all of them have forgotten who was erased before it, so
that whoever is interrupted erases again. What a call of the user that was under way may write after
that is erased again when the last of the user's tokens has expired.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog
from segue.identity.v1 import identity_internal_service_pb2 as pb
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceStub

from meshkit.consuming import Replica, Watch, watching
from meshkit.leases import Lease
from meshkit.replicas import ActingReplica

AGAIN_AFTER_S = 600.0
"""When a user is erased again: tokens are good for five minutes, by clocks a minute apart."""
AGAIN_EVERY_S = 60.0
"""How often it is looked for users to erase again, in seconds."""

_AT_ONCE = 100

_log = structlog.get_logger("erasure")


@dataclass(frozen=True, slots=True)
class UserChange:
    """What identity's feed tells of a user; ``username`` is None when the user was erased."""

    user_id: str
    username: str | None


def user_changes(stub: UserInternalServiceStub) -> Watch[UserChange]:
    """A ``Watch`` over identity's feed, of users alone; it lists those who were ever erased."""
    return watching(stub.WatchUsers, partial(pb.WatchUsersRequest, tell_erased=True), _change_of)


def _change_of(step: pb.WatchUsersResponse) -> UserChange | None:
    """What a step tells of a user; None where it tells of a sign-in or of nothing."""
    if step.HasField("user_changed"):
        user = step.user_changed.user
        return UserChange(user.user_id, user.username)
    if step.HasField("user_erased"):
        return UserChange(step.user_erased.user_id, None)
    return None


class UserHolder(Protocol):
    """Whatever holds something of users."""

    async def erase(self, user_id: str) -> None:
        """Forget all about a user. Repeatable: called again it does what is left."""
        ...


class PendingErasures(Protocol):
    """Users who are to be erased once more."""

    async def add(self, user_ids: Collection[str], after_s: float) -> None:
        """Must keep each, due after so many seconds; one that is kept already stays as it is."""
        ...

    async def due(self, limit: int) -> Sequence[str]:
        """At most ``limit`` of those that are due."""
        ...

    async def remove(self, user_ids: Collection[str]) -> None:
        """Must drop them; those that are not kept make no difference."""
        ...


class UserErasure:
    """Has ``holders`` forget users, once when told and once more when nothing of theirs can come.

    With a ``lease`` one instance does the second.
    """

    def __init__(
        self,
        holders: Sequence[UserHolder],
        pending: PendingErasures,
        *,
        lease: Lease | None = None,
        again_after_s: float = AGAIN_AFTER_S,
    ) -> None:
        self._holders = holders
        self._pending = pending
        self._lease = lease
        self._again_after_s = again_after_s

    async def erase(self, user_ids: Collection[str]) -> None:
        """Forgets them everywhere; what fails in between is done again by a second call."""
        if not user_ids:
            return
        await self._pending.add(user_ids, self._again_after_s)
        await self._forget(user_ids)
        _log.info("users erased", count=len(user_ids))

    async def again(self) -> None:
        """Forgets those once more whose time has come."""
        if self._lease is not None and not await self._lease.held():
            return
        while due := await self._pending.due(_AT_ONCE):
            await self._forget(due)
            await self._pending.remove(due)

    async def _forget(self, user_ids: Collection[str]) -> None:
        for user_id in user_ids:
            for holder in self._holders:
                await holder.erase(user_id)


class ErasingReplica(ActingReplica[UserChange]):
    """The replica of identity's users in a service: ``names`` keeps those that there are.

    Whoever has nothing to keep of them gives one that keeps its place alone.
    """

    def __init__(self, names: Replica[UserChange], erasure: UserErasure) -> None:
        super().__init__(names)
        self._erasure = erasure

    async def _act(self, changes: Sequence[UserChange]) -> None:
        newest = {change.user_id: change.username for change in changes}
        await self._erasure.erase([user_id for user_id, name in newest.items() if name is None])


class MemoryPendingErasures:
    """``PendingErasures`` of one process; ``now_s`` is a clock that never goes back."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._due_at: dict[str, float] = {}

    async def add(self, user_ids: Collection[str], after_s: float) -> None:
        for user_id in user_ids:
            self._due_at.setdefault(user_id, self._now_s() + after_s)

    async def due(self, limit: int) -> Sequence[str]:
        now_s = self._now_s()
        return [id_ for id_, due_at in self._due_at.items() if due_at <= now_s][:limit]

    async def remove(self, user_ids: Collection[str]) -> None:
        for user_id in user_ids:
            self._due_at.pop(user_id, None)
