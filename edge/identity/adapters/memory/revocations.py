"""Revoked sign-ins of one process."""

from __future__ import annotations

from datetime import datetime

from edge.identity.adapters.codecs import changes
from edge.identity.domain.tokens import Revocation
from meshkit.feeds import MemoryChangeFeed
from meshkit.idempotency import MemoryAnswers, RequestKey


class MemoryRevocations:
    """The ``Revocations`` of one process."""

    def __init__(self, feed: MemoryChangeFeed) -> None:
        self._feed = feed
        self._answers = MemoryAnswers()
        self._held: dict[str, Revocation] = {}

    async def revoke(self, revocation: Revocation, key: RequestKey | None = None) -> Revocation:
        async def produce() -> bytes:
            return changes.encode_revocation(self._standing(revocation))

        return changes.decode_revocation(await self._answers.answer_once(None, key, produce))

    def _standing(self, revocation: Revocation) -> Revocation:
        if revocation.sid not in self._held:
            self._held[revocation.sid] = revocation
            self._feed.append(changes.of_revocation(revocation))
        return self._held[revocation.sid]

    async def in_force(self, now: datetime) -> list[Revocation]:
        held = (one for one in self._held.values() if one.forget_at > now)
        return sorted(held, key=lambda one: one.revoked_at)
