"""Access tokens: what they say, for how long, and when a revoked one can be forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from edge.identity.domain.plans import Tier
from meshkit.scopes import operator_scopes, user_scopes

AUDIENCE = "segue"
"""The ``aud`` claim of every access token."""

TOKEN_LIFETIME = timedelta(seconds=300)
"""How long an access token is good for."""

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far the clock of a verifier may lag behind ours."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says; times in UTC, whole seconds."""

    issuer: str
    subject: str
    sid: str
    scopes: tuple[str, ...]
    tier: Tier
    token_id: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed token and what it says."""

    claims: Claims
    encoded: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Revocation:
    """A sign-in whose tokens are refused until ``forget_at``, when the last has expired."""

    sid: str
    user_id: str
    revoked_at: datetime
    forget_at: datetime

    @classmethod
    def of(cls, sid: str, user_id: str, now: datetime) -> Revocation:
        """Revoke at ``now``: nothing is issued for the sign-in after that."""
        return cls(sid, user_id, now, now + TOKEN_LIFETIME + CLOCK_TOLERANCE)


@dataclass(frozen=True, slots=True)
class Erasure:
    """A user who is gone, all of whose tokens are refused until ``forget_at``."""

    user_id: str
    erased_at: datetime
    forget_at: datetime

    @classmethod
    def of(cls, user_id: str, now: datetime) -> Erasure:
        """Erase at ``now``: nothing is issued for the user after that."""
        return cls(user_id, now, now + TOKEN_LIFETIME + CLOCK_TOLERANCE)


def scopes_of(*, admin: bool) -> tuple[str, ...]:
    """The scopes of a local user's token."""
    return user_scopes() + operator_scopes() if admin else user_scopes()
