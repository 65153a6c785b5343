"""Follow the catalogue's changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from catalog_svc.ports.catalogue import ChangeLog
from meshkit.faults import Unavailable
from meshkit.feeds import Change


class WatchChanges:
    """The feed, change by change, each with the token that resumes after it."""

    def __init__(self, log: ChangeLog) -> None:
        self._log = log

    async def __call__(
        self, token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[tuple[str, Change]]:
        """Changes after ``token``, or from the oldest that is kept.

        Within a batch the token is still that of the batch before: who resumes there sees a few
        changes again and misses none. Raises ``Unavailable`` when ``stop`` is set.
        """
        token = token or await self._log.oldest()
        async for batch in self._log.watch(token, stop=stop):
            for change in batch.changes[:-1]:
                yield token, change
            token = batch.token
            yield token, batch.changes[-1]
        raise Unavailable("The server drains; watch again with the last token.")
