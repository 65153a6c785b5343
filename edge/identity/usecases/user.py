"""Sign a new user up."""

from __future__ import annotations

from dataclasses import dataclass

from edge.identity.domain.plans import Tier
from edge.identity.domain.users import (
    Password,
    User,
    parse_email,
    parse_password,
    parse_username,
)
from edge.identity.ports import Account, Accounts, Clock, IdSource, PasswordHasher
from meshkit.idempotency import RequestKey, reused


@dataclass(frozen=True, slots=True)
class SignUp:
    """What a new user asks for, checked."""

    username: str
    email: str
    password: Password

    @classmethod
    def parse(cls, *, username: str, email: str, password: str) -> SignUp:
        """The checked form; raises ``InvalidArgument`` on the first field that is wrong."""
        return cls(parse_username(username), parse_email(email), parse_password(password))


class CreateUser:
    """Adds a user on the free plan, once a request id.

    The key of a request covers its body without the password: a digest that is fast to make is
    fast to guess from. Whether a repeated request brings the same password is asked of the
    account's argon2id hash instead.
    """

    def __init__(
        self, accounts: Accounts, hasher: PasswordHasher, now: Clock, new_id: IdSource
    ) -> None:
        self._accounts = accounts
        self._hasher = hasher
        self._now = now
        self._new_id = new_id

    async def __call__(self, wanted: SignUp, key: RequestKey | None = None) -> User:
        """The new user, or the one that this request made before, as they were then.

        Raises ``UserExists``, ``RequestIdReused``, or ``Unavailable`` under overload.
        """
        user = User(self._new_id(), wanted.username, wanted.email, Tier.FREE, self._now())
        account = Account(user, await self._hasher.hash(wanted.password))
        created = await self._accounts.create(account, key)
        if created.user_id != user.user_id and not await self._fits(wanted.password, created):
            raise reused()
        return created

    async def _fits(self, password: Password, user: User) -> bool:
        hashed = await self._accounts.password_hash(user.user_id)
        return hashed is not None and await self._hasher.verify(password, hashed)
