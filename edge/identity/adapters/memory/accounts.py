"""Accounts of one process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from edge.identity.adapters.codecs import changes
from edge.identity.domain.faults import UserExists, unknown_user_error
from edge.identity.domain.plans import Tier
from edge.identity.domain.users import PlanPeriod, User, email_key
from edge.identity.ports.accounts import Account
from meshkit.feeds import MemoryChangeFeed
from meshkit.idempotency import MemoryAnswers, RequestKey


class MemoryAccounts:
    """The ``Accounts`` of one process; the fields are for who erases them."""

    def __init__(self, feed: MemoryChangeFeed) -> None:
        self._feed = feed
        self.answers = MemoryAnswers()
        self.held: dict[str, Account] = {}
        self.admins: set[str] = set()

    async def create(self, account: Account, key: RequestKey | None = None) -> User:
        async def produce() -> bytes:
            self._insert(account)
            return changes.encode_user(account.user)

        return changes.decode_user(await self.answers.answer_once(None, key, produce))

    def _insert(self, account: Account) -> None:
        user = account.user
        for held in (one.user for one in self.held.values()):
            if held.username.lower() == user.username.lower():
                raise UserExists("username")
            if held.email and user.email and email_key(held.email) == email_key(user.email):
                raise UserExists("email")
        self.held[user.user_id] = account
        self._feed.append(changes.of_user(user))

    async def find(self, user_id: str) -> User | None:
        account = self.held.get(user_id)
        return account.user if account else None

    async def find_many(self, user_ids: Sequence[str]) -> list[User]:
        return [self.held[one].user for one in set(user_ids) if one in self.held]

    async def find_named(self, username: str) -> User | None:
        users = (account.user for account in self.held.values())
        return next((one for one in users if one.username.lower() == username.lower()), None)

    async def password_hash(self, user_id: str) -> str | None:
        account = self.held.get(user_id)
        return account.password_hash if account else None

    async def set_plan(
        self, user_id: str, period: PlanPeriod, now: datetime, key: RequestKey | None = None
    ) -> User:
        async def produce() -> bytes:
            period.require_valid(now)
            account = self.held.get(user_id)
            if account is None:
                raise unknown_user_error(user_id)
            return changes.encode_user(self._put(account, period))

        return changes.decode_user(await self.answers.answer_once(None, key, produce))

    def _put(self, account: Account, period: PlanPeriod) -> User:
        user = account.user
        if (user.tier, user.plan_ends_at) != (period.tier, period.ends_at):
            version = user.version + 1
            user = replace(user, tier=period.tier, plan_ends_at=period.ends_at, version=version)
            self.held[user.user_id] = replace(account, user=user)
            self._feed.append(changes.of_user(user))
        return user

    async def end_plans(self, now: datetime, limit: int) -> int:
        ended = [one for one in self.held.values() if one.user.at(now) != one.user][:limit]
        for account in ended:
            self._put(account, PlanPeriod(Tier.FREE))
        return len(ended)

    async def make_admin(self, user_id: str) -> None:
        if user_id in self.held:
            self.admins.add(user_id)
