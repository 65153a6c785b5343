"""``TokenInternalService``: access tokens for local users, and the keys that verify any."""

from __future__ import annotations

from datetime import datetime, timedelta

from edge.identity.domain.faults import OnAnotherPlan, UserExists
from edge.identity.domain.plans import Tier
from edge.identity.domain.tokens import TOKEN_LIFETIME, AccessToken, Claims, scopes_of
from edge.identity.domain.users import User, parse_username
from edge.identity.ports.accounts import Account, Accounts
from edge.identity.ports.clock import Clock, NewId
from edge.identity.ports.signing_keys import KeyPublisher, TokenSigner


class GetKeySet:
    """The keys that verify access tokens."""

    def __init__(self, keys: KeyPublisher) -> None:
        self._keys = keys

    def __call__(self) -> dict[str, object]:
        """A JWK Set of every key whose tokens are good."""
        return {"keys": self._keys.public_keys()}


_SECOND = timedelta(seconds=1)


class IssueLocalToken:
    """Starts a sign-in for a local user, who is made if missing. For the mesh's operator."""

    def __init__(
        self,
        accounts: Accounts,
        signer: TokenSigner,
        now: Clock,
        new_id: NewId,
        *,
        issuer: str,
    ) -> None:
        self._accounts = accounts
        self._signer = signer
        self._now = now
        self._new_id = new_id
        self._issuer = issuer

    async def __call__(self, username: str, *, tier: Tier | None, admin: bool) -> AccessToken:
        """A token of a sign-in of its own; ``tier`` is the plan of a user who is made.

        Raises ``OnAnotherPlan`` where there is one who is not on it.
        """
        user = await self._local_user(parse_username(username), tier or Tier.FREE)
        now = self._now().replace(microsecond=0)
        # Whose plan ends within the second would get a token that is over.
        user = user.at(now + _SECOND)
        if tier is not None and user.tier is not tier:
            raise OnAnotherPlan(user.tier)
        if admin:
            await self._accounts.make_admin(user.user_id)
        claims = self._claims(user, admin=admin, now=now)
        return AccessToken(claims, self._signer.sign(claims))

    async def _local_user(self, username: str, tier: Tier) -> User:
        found = await self._accounts.find_named(username)
        if found is not None:
            return found
        try:
            return await self._accounts.create(
                Account(User(self._new_id(), username, None, tier, self._now()))
            )
        except UserExists:
            # Another call made the same user in between, which is as good.
            found = await self._accounts.find_named(username)
            if found is None:
                raise
            return found

    def _claims(self, user: User, *, admin: bool, now: datetime) -> Claims:
        return Claims(
            issuer=self._issuer,
            subject=user.user_id,
            sid=self._new_id(),
            scopes=scopes_of(admin=admin),
            tier=user.tier,
            token_id=self._new_id(),
            issued_at=now,
            expires_at=_expiry(user, now),
        )


def _expiry(user: User, now: datetime) -> datetime:
    """When a token that says the user's plan expires: with the plan at the latest."""
    expires_at = now + TOKEN_LIFETIME
    if user.plan_ends_at is None:
        return expires_at
    return min(expires_at, user.plan_ends_at.replace(microsecond=0))
