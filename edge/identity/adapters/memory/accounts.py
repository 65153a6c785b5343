"""Accounts of one process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge.identity.adapters.codecs import changes
from edge.identity.domain.faults import UserExists
from edge.identity.domain.plans import Tier
from edge.identity.domain.users import User, email_key
from edge.identity.ports.accounts import Account
from meshkit.faults import NotFound
from meshkit.feeds import MemoryChangeFeed
from meshkit.idempotency import MemoryAnswers, RequestKey


class MemoryAccounts:
    """The ``Accounts`` of one process."""

    def __init__(self, feed: MemoryChangeFeed) -> None:
        self._feed = feed
        self._answers = MemoryAnswers()
        self._held: dict[str, Account] = {}

    async def create(self, account: Account, key: RequestKey | None = None) -> User:
        async def produce() -> bytes:
            self._insert(account)
            return changes.encode_user(account.user)

        return changes.decode_user(await self._answers.answer_once(None, key, produce))

    def _insert(self, account: Account) -> None:
        user = account.user
        for held in (one.user for one in self._held.values()):
            if held.username.lower() == user.username.lower():
                raise UserExists("username")
            if held.email and user.email and email_key(held.email) == email_key(user.email):
                raise UserExists("email")
        self._held[user.user_id] = account
        self._feed.append(changes.of_user(user))

    async def find(self, user_id: str) -> User | None:
        account = self._held.get(user_id)
        return account.user if account else None

    async def find_many(self, user_ids: Sequence[str]) -> list[User]:
        return [self._held[one].user for one in set(user_ids) if one in self._held]

    async def find_named(self, username: str) -> User | None:
        users = (account.user for account in self._held.values())
        return next((one for one in users if one.username.lower() == username.lower()), None)

    async def password_hash(self, user_id: str) -> str | None:
        account = self._held.get(user_id)
        return account.password_hash if account else None

    async def change_tier(self, user_id: str, tier: Tier) -> User:
        account = self._held.get(user_id)
        if account is None:
            raise NotFound("There is no such user.", metadata={"resource": "user", "id": user_id})
        user = account.user
        if user.tier is not tier:
            user = replace(user, tier=tier, version=user.version + 1)
            self._held[user_id] = replace(account, user=user)
            self._feed.append(changes.of_user(user))
        return user
