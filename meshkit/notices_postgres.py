"""What other processes say over a channel of the schema in PostgreSQL (NOTIFY).

A notice only says that something is worth a look: it is lost while the listener is away, so that
whoever waits for one also looks now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager

import psycopg
import structlog
from psycopg import sql
from psycopg.conninfo import make_conninfo

from meshkit import postgres
from meshkit.background import ended
from meshkit.wakeups import Wakeups

_RECONNECT_S = 0.5

_log = structlog.get_logger("notices")


class PostgresNotices:
    """``Notices`` of a channel; get it from :func:`open_notices`."""

    def __init__(self) -> None:
        self._wakeups: Wakeups[str] = Wakeups()

    def watching(self, subject: str) -> AbstractContextManager[asyncio.Event]:
        return self._wakeups.waiting(subject)

    def hear(self, subject: str | None) -> None:
        """It has changed; None where anything may have."""
        if subject is None:
            self._wakeups.wake_all()
        else:
            self._wakeups.wake(subject)


@asynccontextmanager
async def open_notices(dsn: str, *, schema: str, channel: str) -> AsyncIterator[PostgresNotices]:
    """Those of ``<schema>.<channel>``, whose text is the subject, until the block ends."""
    notices = PostgresNotices()
    async with listening(dsn, schema=schema, channel=channel, hear=notices.hear):
        yield notices


@asynccontextmanager
async def listening(
    dsn: str, *, schema: str, channel: str, hear: Callable[[str | None], None]
) -> AsyncIterator[None]:
    """Listens on ``<schema>.<channel>`` until the block ends, on one connection of its own.

    ``hear`` is told the text of each notice, and None whenever it begins to listen, also anew
    after the connection was lost: something may have been missed.
    """
    target = make_conninfo(
        postgres.conninfo(dsn, schema=schema, application_name=f"{channel} listener"),
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=2,
    )
    listener = asyncio.create_task(_listen(target, f"{schema}.{channel}", hear))
    try:
        yield
    finally:
        await ended(listener)


async def _listen(target: str, channel: str, hear: Callable[[str | None], None]) -> None:
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(target, autocommit=True) as connection:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                hear(None)
                async for notice in connection.notifies():
                    hear(notice.payload)
        except psycopg.OperationalError as error:
            _log.warning("listener lost", channel=channel, error=str(error))
        await asyncio.sleep(_RECONNECT_S)
