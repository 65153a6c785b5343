"""``TokenService``: a user's own tokens."""

from __future__ import annotations

from edge.identity.domain.tokens import Revocation
from edge.identity.ports.clock import Clock
from edge.identity.ports.revocations import Revocations
from meshkit.idempotency import RequestKey


class RevokeSession:
    """Refuses every token of a sign-in from now on, and tells those who watch."""

    def __init__(self, revocations: Revocations, now: Clock) -> None:
        self._revocations = revocations
        self._now = now

    async def __call__(
        self, *, sid: str, user_id: str, key: RequestKey | None = None
    ) -> Revocation:
        """The revocation that stands, which for a repeated call is the first one.

        Raises ``RequestIdReused``, and revokes nothing then.
        """
        return await self._revocations.revoke(Revocation.of(sid, user_id, self._now()), key)
