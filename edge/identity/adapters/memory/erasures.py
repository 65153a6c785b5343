"""Users of one process who are gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from edge.identity.adapters.codecs import changes
from edge.identity.adapters.memory.accounts import MemoryAccounts
from edge.identity.domain.faults import LastAdmin, unknown_user_error
from edge.identity.domain.tokens import Erasure
from meshkit.feeds import MemoryChangeFeed
from meshkit.idempotency import MemoryAnswers, RequestKey


class MemoryErasures:
    """The ``Erasures`` of one process."""

    def __init__(self, feed: MemoryChangeFeed, accounts: MemoryAccounts) -> None:
        self._feed = feed
        self._accounts = accounts
        self._answers = MemoryAnswers()
        self._erased: dict[str, Erasure] = {}

    async def erase(self, erasure: Erasure, key: RequestKey | None = None) -> None:
        async def produce() -> bytes:
            self._erase(erasure)
            return b"erased"

        await self._answers.answer_once(None, key, produce)

    def _erase(self, erasure: Erasure) -> None:
        user_id, accounts = erasure.user_id, self._accounts
        if user_id not in accounts.held:
            if user_id not in self._erased:
                raise unknown_user_error(user_id)
            return
        if accounts.admins == {user_id}:
            raise LastAdmin
        accounts.admins.discard(user_id)
        accounts.answers.erase(user_id)
        user = accounts.held.pop(user_id).user
        self._erased[user_id] = erasure
        self._feed.append(changes.of_erasure(erasure, user.version + 1))

    async def in_force(self, now: datetime) -> list[Erasure]:
        found = (one for one in self._erased.values() if one.forget_at > now)
        return sorted(found, key=lambda one: one.erased_at)

    async def page(self, after: str, limit: int) -> Sequence[Erasure]:
        return [self._erased[id_] for id_ in sorted(self._erased) if id_ > after][:limit]
