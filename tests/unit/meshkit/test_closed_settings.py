"""Addresses whose holder proves nothing are refused, unless a setting of its own says so."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from meshkit.store_settings import DatabaseSettings, ValkeySettings

PROVEN_DSNS = [
    "postgresql://catalog:word@/segue?host=%2Frun%2Fsegue&port=5432",
    "host=/run/segue dbname=segue",
    "dbname=segue",
    "postgresql://catalog:word@db.example/segue?sslmode=verify-full",
]
OTHER_DSNS = [
    "postgresql://catalog:word@127.0.0.1:5432/segue",
    "postgresql://catalog:word@localhost/segue?sslmode=require",
    "postgresql://catalog:word@db.example/segue?sslmode=verify-ca",
    "host=/run/segue,db.example dbname=segue",
    "host=/run/segue hostaddr=10.0.0.1 dbname=segue",
]
PROVEN_URLS = [
    "unix://catalog:word@/run/segue/valkey.sock?db=0",
    "rediss://catalog:word@valkey.example:6379/0",
]
OTHER_URLS = [
    "redis://:word@127.0.0.1:6379/0",
    "rediss://valkey.example:6379/0?ssl_cert_reqs=none",
    "rediss://valkey.example:6379/0?ssl_check_hostname=False",
    "valkey.example:6379",
]


@pytest.mark.parametrize("dsn", PROVEN_DSNS)
def test_a_database_behind_a_socket_or_a_checked_name_is_taken(dsn: str) -> None:
    assert DatabaseSettings(database_dsn=SecretStr(dsn)).database_dsn.get_secret_value() == dsn


@pytest.mark.parametrize("dsn", OTHER_DSNS)
def test_any_other_database_is_refused_unless_told_insecure(dsn: str) -> None:
    with pytest.raises(ValidationError, match="database_insecure") as refused:
        DatabaseSettings(database_dsn=SecretStr(dsn))
    assert "word" not in str(refused.value.errors(include_input=False, include_url=False))
    assert DatabaseSettings(database_dsn=SecretStr(dsn), database_insecure=True)


def test_what_is_no_address_is_said() -> None:
    with pytest.raises(ValidationError, match="no address of PostgreSQL"):
        DatabaseSettings(database_dsn=SecretStr("segue"))


@pytest.mark.parametrize("url", PROVEN_URLS)
def test_a_valkey_behind_a_socket_or_a_checked_name_is_taken(url: str) -> None:
    assert ValkeySettings(valkey_url=url).valkey_url == url


@pytest.mark.parametrize("url", OTHER_URLS)
def test_any_other_valkey_is_refused_unless_told_insecure(url: str) -> None:
    with pytest.raises(ValidationError, match="valkey_insecure"):
        ValkeySettings(valkey_url=url)
    assert ValkeySettings(valkey_url=url, valkey_insecure=True)
