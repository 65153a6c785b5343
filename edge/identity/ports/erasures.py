"""Users who are gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from edge.identity.domain.tokens import Erasure
from meshkit.idempotency import RequestKey


class Erasures(Protocol):
    """Where users are erased, and who was."""

    async def erase(self, erasure: Erasure, key: RequestKey | None = None) -> None:
        """Drop the account and every kept answer that tells of it, keep the erasure and tell the
        feed, all or nothing.

        A user must be erased once, and must appear in the feed as erased once. Must raise
        ``NotFound`` when there never was such a user, and ``LastAdmin`` for the only administrator
        that is left, also among calls at the same time. Equal keys must give the same answer for
        24 h; the same request id with another body must raise ``RequestIdReused``.
        """
        ...

    async def in_force(self, now: datetime) -> list[Erasure]:
        """Those whose tokens may still be good at ``now``, the oldest first."""
        ...

    async def page(self, after: str, limit: int) -> Sequence[Erasure]:
        """At most ``limit`` of all who were ever erased, by rising id, behind ``after``."""
        ...
