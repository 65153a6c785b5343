"""PostgreSQL through psycopg: pools, bounded transactions, reads, and what failures become.

Every connection of a pool runs in autocommit with the service's schema as its search path.
A read is one round trip; a write opens :func:`transaction`. Drivers' words end here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg import AsyncConnection, errors
from psycopg.abc import QueryNoTemplate
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from meshkit import telemetry
from meshkit.faults import Aborted, Fault, Unavailable

Connection: TypeAlias = AsyncConnection[TupleRow]
Pool: TypeAlias = AsyncConnectionPool[Connection]
T = TypeVar("T")

TRANSACTION_LIMIT_MS = 5_000
"""No transaction lives longer: an open write holds back every reader of a change feed."""

_WAITERS_PER_CONNECTION = 32
_RECONNECT_S = 2.0

_RACE_LOST: tuple[type[psycopg.Error], ...] = (
    errors.TransactionRollback,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
)
_STORE_DOWN: tuple[type[psycopg.Error], ...] = (
    psycopg.OperationalError,
    errors.IdleInTransactionSessionTimeout,
    errors.TransactionTimeout,
    errors.ReadOnlySqlTransaction,
)


def as_fault(error: psycopg.Error) -> Fault | None:
    """The neutral fault for a driver error, or None where the adapter itself must decide.

    Lost races become ``Aborted``; a store that is gone, full, too slow or read-only becomes
    ``Unavailable``. Integrity, data and programming errors are nobody else's to explain.
    """
    if isinstance(error, _RACE_LOST):
        return Aborted("Another write came first; read again, then retry.")
    if isinstance(error, _STORE_DOWN):
        return _away()
    return None


def _away() -> Unavailable:
    return Unavailable("The store cannot answer now.", reason="STORE_UNAVAILABLE")


@contextmanager
def translated() -> Iterator[None]:
    """Raise what :func:`as_fault` says in place of the driver's error, which stays as its cause."""
    try:
        yield
    except psycopg.Error as error:
        fault = as_fault(error)
        if fault is None:
            raise
        raise fault from error


def conninfo(dsn: str, *, schema: str, application_name: str = "", limit_ms: int = 0) -> str:
    """``dsn`` with ``schema`` as the search path and every transaction bounded by ``limit_ms``.

    ``limit_ms=0`` sets no bound, which only migrations and listeners want.
    """
    settings = {"search_path": schema}
    if limit_ms:
        settings |= {
            "statement_timeout": str(limit_ms),
            "transaction_timeout": str(limit_ms),
            "idle_in_transaction_session_timeout": str(limit_ms),
        }
    given = conninfo_to_dict(dsn)
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    parameters: dict[str, str] = {"options": f"{given.get('options') or ''} {options}".strip()}
    if application_name:
        parameters["application_name"] = application_name
    return make_conninfo(dsn, **parameters)


async def _autocommit(connection: Connection) -> None:
    await connection.set_autocommit(True)


@asynccontextmanager
async def open_pool(
    dsn: str,
    *,
    schema: str,
    application_name: str = "",
    min_size: int = 1,
    max_size: int = 8,
    acquire_timeout_s: float = 2.5,
) -> AsyncIterator[Pool]:
    """A pool of connections to one schema, closed at the end of the block.

    Opening does not wait for the server: a service starts while its store is away and says so
    in its health. A caller waits at most ``acquire_timeout_s`` seconds for a connection, and
    calls beyond a bounded queue are refused at once.
    """
    pool: Pool = AsyncConnectionPool(
        conninfo(
            dsn, schema=schema, application_name=application_name, limit_ms=TRANSACTION_LIMIT_MS
        ),
        name=schema,
        min_size=min_size,
        max_size=max_size,
        timeout=acquire_timeout_s,
        max_waiting=max_size * _WAITERS_PER_CONNECTION,
        # Tries to connect are put off ever longer, up to this age. While one is put off the pool
        # makes no other, so that without it a server would be missed for as long again as it
        # was away; a pool that has given up tries anew at the next call.
        reconnect_timeout=min(_RECONNECT_S, acquire_timeout_s),
        # Set here and not in kwargs: the job queue passes its own autocommit beside the kwargs.
        configure=_autocommit,
        open=False,
    )
    await pool.open(wait=False)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """One write transaction: commits at the end of the block, rolls back on any exception.

    Raises ``Unavailable`` when the store is away or the transaction outlives
    ``TRANSACTION_LIMIT_MS``, ``Aborted`` when a race was lost. After ``Unavailable`` nothing is
    acknowledged, but a commit whose answer was lost may have happened: use request ids.
    """
    with _spanned(pool, "transaction"), translated():
        async with AsyncExitStack() as stack:
            yield await _begin(pool, stack)


async def in_parts(
    pool: Pool, statement: QueryNoTemplate, values: Sequence[object], *, rows: int
) -> int:
    """Runs ``statement`` until all is done, in short transactions; returns how many rows it took.

    It must take at most as many rows as its last parameter says, which follows ``values`` and is
    ``rows``. Raises as :func:`transaction` does; what was done until then stays done.
    """
    total, taken = 0, rows
    while taken >= rows:
        async with transaction(pool) as connection:
            taken = (await connection.execute(statement, [*values, rows])).rowcount
        total += taken
    return total


def _spanned(pool: Pool, operation: str) -> AbstractContextManager[Any]:
    """The span of a use of the store, which its pool's schema names."""
    if not telemetry.tracing():
        return nullcontext()
    attributes = {
        "db.system.name": "postgresql",
        "db.namespace": pool.name,
        "db.operation.name": operation,
    }
    return telemetry.client_span(f"{operation} {pool.name}", attributes)


async def _begin(pool: Pool, stack: AsyncExitStack) -> Connection:
    """A connection whose BEGIN has succeeded; one dead connection in the pool is survived."""
    for last in (False, True):
        connection: Connection | None = None
        try:
            async with AsyncExitStack() as attempt:
                connection = await attempt.enter_async_context(pool.connection())
                await attempt.enter_async_context(connection.transaction())
                stack.push_async_exit(attempt.pop_all())
                return connection
        except psycopg.OperationalError:
            if last or connection is None or not connection.closed:
                raise
            await pool.check()
    raise AssertionError("unreachable: the second attempt returns or raises")


async def read(pool: Pool, query: Callable[[Connection], Awaitable[T]]) -> T:
    """What ``query`` returns, run in autocommit and once again if it broke off.

    ``query`` must only read. Raises ``Unavailable`` when the store is away or too slow. A read has
    nothing to lose a race with but the store's own work, as a migration or the recovery of a
    standby: it is never ``Aborted``.
    """
    with _spanned(pool, "read"), translated():
        for last in (False, True):
            connection: Connection | None = None
            try:
                async with pool.connection() as connection:
                    return await query(connection)
            except _RACE_LOST as error:
                if last:
                    raise _away() from error
            except psycopg.OperationalError:
                if last or connection is None or not connection.closed:
                    raise
                # After a failover every idle connection is dead: replace them all at once.
                await pool.check()
        raise AssertionError("unreachable: the second attempt returns or raises")
