"""Revoked sign-ins."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from edge.identity.domain.tokens import Revocation
from meshkit.idempotency import RequestKey


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
