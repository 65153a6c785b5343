"""``UserService``: signing up, oneself, other people by their names, and what administrators do."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from edge.identity.domain.faults import (
    CommonPassword,
    too_many_sign_ups_error,
    unknown_user_error,
)
from edge.identity.domain.plans import Tier
from edge.identity.domain.tokens import Erasure
from edge.identity.domain.users import (
    Password,
    PlanPeriod,
    User,
    parse_email,
    parse_lookup,
    parse_password,
    parse_username,
)
from edge.identity.ports.accounts import Account, Accounts
from edge.identity.ports.clock import Clock, NewId
from edge.identity.ports.erasures import Erasures
from edge.identity.ports.password_hasher import PasswordHasher
from edge.identity.ports.sign_up_limiter import SignUpLimiter
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
        self,
        accounts: Accounts,
        hasher: PasswordHasher,
        now: Clock,
        new_id: NewId,
        *,
        limiter: SignUpLimiter,
        commonest: Container[str],
    ) -> None:
        self._accounts = accounts
        self._hasher = hasher
        self._now = now
        self._new_id = new_id
        self._limiter = limiter
        self._commonest = commonest

    async def __call__(
        self, wanted: SignUp, key: RequestKey | None = None, *, address: str = ""
    ) -> User:
        """The new user, or the one that this request made before, as they were then.

        ``address`` is where the call comes from; all that come from nowhere share one allowance.
        Raises ``CommonPassword``, ``UserExists``, ``RequestIdReused``, ``ResourceExhausted`` where
        the address has none left, or ``Unavailable`` under overload.
        """
        if wanted.password.is_common(self._commonest):
            raise CommonPassword
        wait_s = await self._limiter.take(address, self._now())
        if wait_s > 0:
            raise too_many_sign_ups_error(wait_s)
        user = User(self._new_id(), wanted.username, wanted.email, Tier.FREE, self._now())
        account = Account(user, await self._hasher.hash(wanted.password))
        created = await self._accounts.create(account, key)
        if created.user_id != user.user_id and not await self._fits(wanted.password, created):
            raise reused()
        return created

    async def _fits(self, password: Password, user: User) -> bool:
        hashed = await self._accounts.password_hash(user.user_id)
        return hashed is not None and await self._hasher.verify(password, hashed)


class GetMe:
    """Reads the account behind a token."""

    def __init__(self, accounts: Accounts, now: Clock) -> None:
        self._accounts = accounts
        self._now = now

    async def __call__(self, user_id: str) -> User:
        """The user; raises ``NotFound`` when the account was erased after the token was issued."""
        user = await self._accounts.find(user_id)
        if user is None:
            raise unknown_user_error(user_id)
        return user.at(self._now())


class LookupUser:
    """Finds another user by the name that they go by."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def __call__(self, username: str) -> User:
        """The user of a name, in any case; raises ``InvalidArgument`` or ``NotFound``."""
        name = parse_lookup(username)
        user = await self._accounts.find_named(name)
        if user is None:
            raise unknown_user_error(name)
        return user


class SetPlan:
    """Puts a user on a plan, for an administrator."""

    def __init__(self, accounts: Accounts, now: Clock) -> None:
        self._accounts = accounts
        self._now = now

    async def __call__(
        self, user_id: str, period: PlanPeriod, key: RequestKey | None = None
    ) -> User:
        """The user as they are now.

        Raises ``NotFound``, ``InvalidArgument`` or ``RequestIdReused``.
        """
        return await self._accounts.set_plan(user_id, period, self._now(), key)


class EndPlans:
    """Puts whose plan has ended on the free one: what others read of them is as old as a round."""

    EVERY_S = 30.0
    """How often a round is made, in seconds. Tokens are issued by the time itself."""
    AT_ONCE = 500

    def __init__(self, accounts: Accounts, now: Clock) -> None:
        self._accounts = accounts
        self._now = now

    async def __call__(self) -> None:
        """Makes a round."""
        while await self._accounts.end_plans(self._now(), self.AT_ONCE) == self.AT_ONCE:
            continue


class EraseUser:
    """Erases a user for good, for an administrator."""

    def __init__(self, erasures: Erasures, now: Clock) -> None:
        self._erasures = erasures
        self._now = now

    async def __call__(self, user_id: str, key: RequestKey | None = None) -> None:
        """Who is gone already stays so. Raises ``NotFound``, ``LastAdmin``, ``RequestIdReused``."""
        await self._erasures.erase(Erasure.of(user_id, self._now()), key)
