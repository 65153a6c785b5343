"""Users, and what proves that it is them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from edge.identity.domain.users import PlanPeriod, User
from meshkit.idempotency import RequestKey


@dataclass(frozen=True, slots=True)
class Account:
    """A user and what proves that it is them. Local users have no password hash."""

    user: User
    password_hash: str | None = field(default=None, repr=False)


class Accounts(Protocol):
    """Where users are kept.

    Usernames and e-mail addresses must be unique without regard to case, also among calls at
    the same time. Every change of a user must raise its version by one and appear in the feed,
    both or neither. A store that cannot answer must raise ``Unavailable``.
    """

    async def create(self, account: Account, key: RequestKey | None = None) -> User:
        """Add an account; the user that ``key`` made, which may be an earlier one.

        Must raise ``UserExists`` where a unique field is taken, and then change nothing. Equal
        keys must make one user, however often and however parallel they come, and must give
        the same answer for 24 h; the same request id with another body must raise
        ``RequestIdReused``. Without a key nothing is remembered.
        """
        ...

    async def find(self, user_id: str) -> User | None:
        """The user with this id."""
        ...

    async def find_many(self, user_ids: Sequence[str]) -> list[User]:
        """The users with these ids, each once, in no order and without those that there are not."""
        ...

    async def find_named(self, username: str) -> User | None:
        """The user with this name, in any case."""
        ...

    async def password_hash(self, user_id: str) -> str | None:
        """The hash that the user's password must fit; None when they have none or are gone."""
        ...

    async def set_plan(
        self, user_id: str, period: PlanPeriod, now: datetime, key: RequestKey | None = None
    ) -> User:
        """Put the user on a plan; must change nothing when they are on it until then already.

        Must raise ``NotFound`` when there is no such user, and ``InvalidArgument`` where the period
        is not valid at ``now``. Equal keys must give the same answer for 24 h; the same request id
        with another body must raise ``RequestIdReused``.
        """
        ...

    async def end_plans(self, now: datetime, limit: int) -> int:
        """Put at most ``limit`` users on free whose plan has ended by ``now``; how many."""
        ...

    async def make_admin(self, user_id: str) -> None:
        """Remember that the user is an administrator; nothing where there is no such user."""
        ...
