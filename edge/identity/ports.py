"""What identity asks of stores, hashers and signers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from edge.identity.domain.events import UserEvents
from edge.identity.domain.plans import Tier
from edge.identity.domain.tokens import Claims, Revocation
from edge.identity.domain.users import Password, User
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

    async def change_tier(self, user_id: str, tier: Tier) -> User:
        """Put the user on a plan; must change nothing when they are on it already.

        Must raise ``NotFound`` when there is no such user.
        """
        ...


class Revocations(Protocol):
    """Where revoked sign-ins are kept until nobody can hold a valid token of theirs."""

    async def revoke(self, revocation: Revocation, key: RequestKey | None = None) -> Revocation:
        """Keep the revocation and tell the feed, both or neither; the one that stands.

        A sign-in must be revoked once: the first revocation must stand, and must appear in the
        feed once. Equal keys must give the same answer for 24 h; the same request id with another
        body must raise ``RequestIdReused`` and revoke nothing.
        """
        ...

    async def in_force(self, now: datetime) -> list[Revocation]:
        """What may not be forgotten yet at ``now``, the oldest first."""
        ...


class UserFeed(Protocol):
    """What happened to users and sign-ins, in the order of commits, at least once each."""

    async def head(self) -> str:
        """The token of now: everything committed later must come after it."""
        ...

    def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[UserEvents]:
        """What follows ``token``, as it happens, until ``stop`` is set.

        Must raise ``OutOfRange`` for a token older than what is kept, or of before a restore,
        and ``InvalidArgument`` on ``resume_token`` for one that is damaged. A changed user
        must be told as they are at the time of reading.
        """
        ...


class PasswordHasher(Protocol):
    """Turns passwords into hashes that are slow to guess, without holding up the event loop."""

    async def hash(self, password: Password) -> str:
        """A salted hash that carries its own parameters; must differ from call to call.

        Must raise ``Unavailable`` (OVERLOADED) rather than queue without bound.
        """
        ...

    async def verify(self, password: Password, hashed: str) -> bool:
        """Whether the password fits the hash."""
        ...


class TokenSigner(Protocol):
    """Signs access tokens with the current key."""

    def sign(self, claims: Claims) -> str:
        """The token in its compact form."""
        ...


class KeyPublisher(Protocol):
    """Publishes the keys that tokens are verified with."""

    def public_keys(self) -> list[dict[str, str]]:
        """The public JWKs, the current signer's among them; must hold nothing private."""
        ...


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Now, in UTC."""
        ...


class IdSource(Protocol):
    """Makes ids."""

    def __call__(self) -> str:
        """A new ULID: 26 upper-case characters."""
        ...
