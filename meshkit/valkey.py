"""Valkey (or Redis) through redis-py: a bounded client, and what its failures become.

What stands in Valkey may be lost. Each use says in one word what happens while it is away::

    position = await fail_open(client.get(key), otherwise=None, use="live positions")
    allowed = await fail_closed(script(keys, args), use="skip limit")
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog
from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from meshkit import telemetry
from meshkit.faults import Unavailable

T = TypeVar("T")

_AWAY = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.BusyLoadingError,
    exceptions.ClusterDownError,
    exceptions.ReadOnlyError,
    exceptions.TryAgainError,
    exceptions.OutOfMemoryError,
    OSError,
)

_SYSTEM = {"db.system.name": "redis"}

_log = structlog.get_logger("valkey")


class _TracedPipeline(Pipeline):
    """Commands that are sent together: one span."""

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Sends the commands; their answers in order."""
        attributes = {**_SYSTEM, "db.operation.name": "PIPELINE"}
        with telemetry.client_span("PIPELINE", attributes):
            return await super().execute(raise_on_error)


class _TracedRedis(Redis):
    """Each command is a span of the call that needs it."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Sends a command; its answer."""
        if not telemetry.tracing():
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        operation = str(args[0])
        attributes = {**_SYSTEM, "db.operation.name": operation}
        with telemetry.client_span(operation, attributes):
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Commands to send together."""
        return _TracedPipeline(
            self.connection_pool, self.response_callbacks, transaction, shard_hint
        )


@asynccontextmanager
async def open_client(
    url: str,
    *,
    client_name: str = "",
    max_connections: int = 16,
    connect_timeout_s: float = 1.0,
    command_timeout_s: float = 2.0,
) -> AsyncIterator[Redis]:
    """A client that answers bytes, closed at the end of the block; it connects when first used.

    A command waits at most ``command_timeout_s`` for its answer, and as long for a free
    connection. One that met a dead connection is tried once more, so scripts that must count a
    call once carry its request id.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        client_name=client_name or None,
        max_connections=max_connections,
        timeout=command_timeout_s,
        socket_connect_timeout=connect_timeout_s,
        socket_timeout=command_timeout_s,
        # Not after a timeout: that would double the bound, and the first try may still count.
        retry=Retry(NoBackoff(), retries=1, supported_errors=(exceptions.ConnectionError,)),
    )
    client = _TracedRedis.from_pool(pool)
    try:
        yield client
    finally:
        await client.aclose()


def is_away(error: Exception) -> bool:
    """Whether it is an outage: MISCONF, too, which says that writes cannot be persisted."""
    misconfigured = isinstance(error, exceptions.ResponseError) and "MISCONF" in str(error)
    return misconfigured or isinstance(error, _AWAY)


async def fail_open(command: Awaitable[T], *, otherwise: T, use: str) -> T:
    """The command's answer, or ``otherwise`` while Valkey is away, which is logged."""
    try:
        return await command
    except (exceptions.RedisError, OSError) as error:
        if not is_away(error):
            raise
        _log.warning("valkey.failed_open", use=use, error=type(error).__name__)
        return otherwise


async def fail_closed(command: Awaitable[T], *, use: str) -> T:
    """The command's answer, or ``Unavailable`` while Valkey is away, which is logged."""
    try:
        return await command
    except (exceptions.RedisError, OSError) as error:
        if not is_away(error):
            raise
        _log.warning("valkey.failed_closed", use=use, error=type(error).__name__)
        raise Unavailable("The store cannot answer now.", reason="STORE_UNAVAILABLE") from error
