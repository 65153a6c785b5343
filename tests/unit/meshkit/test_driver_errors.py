"""Every failure of the driver has its fault, or is named as the adapter's own matter."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import psycopg_pool
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from meshkit import postgres
from meshkit.faults import Aborted, Unavailable


def concrete(kind: type[psycopg.Error]) -> Iterator[type[psycopg.Error]]:
    for child in kind.__subclasses__():
        yield child
        yield from concrete(child)


def every_error() -> list[type[psycopg.Error]]:
    assert psycopg_pool.PoolTimeout
    assert errors.AdminShutdown
    return sorted(set(concrete(psycopg.Error)), key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__qualname__)
def test_every_driver_error_has_its_fault_or_is_the_adapters_matter(
    kind: type[psycopg.Error],
) -> None:
    fault = postgres.as_fault(kind("the driver's words"))
    if fault is None:
        # What the database says about our statements and data, never about its own state.
        assert not issubclass(kind, psycopg.OperationalError)
    else:
        assert isinstance(fault, (Aborted, Unavailable))
        assert "driver" not in fault.message


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (errors.SerializationFailure, Aborted),
        (errors.DeadlockDetected, Aborted),
        (errors.LockNotAvailable, Aborted),
        (errors.AdminShutdown, Unavailable),
        (errors.CrashShutdown, Unavailable),
        (errors.CannotConnectNow, Unavailable),
        (errors.TooManyConnections, Unavailable),
        (errors.DiskFull, Unavailable),
        (errors.QueryCanceled, Unavailable),
        (errors.TransactionTimeout, Unavailable),
        (errors.IdleInTransactionSessionTimeout, Unavailable),
        (errors.ReadOnlySqlTransaction, Unavailable),
        (psycopg_pool.PoolTimeout, Unavailable),
        (psycopg_pool.PoolClosed, Unavailable),
        (psycopg_pool.TooManyRequests, Unavailable),
        (psycopg.OperationalError, Unavailable),
        (errors.UniqueViolation, type(None)),
        (errors.UndefinedTable, type(None)),
    ],
)
def test_races_are_told_from_outages(kind: type[psycopg.Error], fault: type) -> None:
    assert type(postgres.as_fault(kind())) is fault


def test_a_dsn_keeps_its_own_options() -> None:
    made = conninfo_to_dict(
        postgres.conninfo("host=h dbname=d options='-c jit=off'", schema="catalog", limit_ms=9)
    )
    assert (made["host"], made["dbname"]) == ("h", "d")
    assert made["options"] == (
        "-c jit=off -c search_path=catalog -c statement_timeout=9 -c transaction_timeout=9"
        " -c idle_in_transaction_session_timeout=9"
    )


def test_without_a_bound_only_the_schema_is_set() -> None:
    made = conninfo_to_dict(postgres.conninfo("postgresql://u@h/d", schema="catalog"))
    assert made["options"] == "-c search_path=catalog"
