"""Settings of processes with stores, and of what such a process is: a service or a worker.

An address whose holder proves nothing is refused, unless a setting says by name that it may be.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

from meshkit.settings import ProcessSettings, ServiceSettings


class DatabaseSettings(BaseSettings):
    """What every process with PostgreSQL has; mix it in before ProcessSettings."""

    database_dsn: SecretStr = Field(description="PostgreSQL URI with the service's own role.")
    database_pool_size: int = Field(default=8, gt=0, description="Most connections at a time.")
    database_insecure: bool = Field(
        default=False,
        description="Whether PostgreSQL may be reached over TCP without sslmode=verify-full: "
        "whoever takes its address is then sent what services write.",
    )

    database_wait_s: float = Field(
        default=2.5,
        gt=0,
        description="Longest wait for a connection, then UNAVAILABLE; three tries of a caller fit "
        "into the 10 s that the edge gives, so that the caller hears why.",
    )

    @model_validator(mode="after")
    def _database_is_known(self) -> Self:
        if not self.database_insecure and not _postgres_is_known(
            self.database_dsn.get_secret_value()
        ):
            raise ValueError(
                "database_dsn must name a Unix socket or have sslmode=verify-full; "
                "database_insecure lets it be"
            )
        return self


class ValkeySettings(BaseSettings):
    """What every process with Valkey has; mix it in before ProcessSettings."""

    valkey_url: str = Field(
        description="Valkey: unix://user:password@/path, or rediss://user:password@host:port."
    )
    valkey_insecure: bool = Field(
        default=False,
        description="Whether Valkey may be reached over TCP without TLS (redis://): whoever takes "
        "its address is then sent the password.",
    )
    valkey_connect_s: float = Field(
        default=1.0, gt=0, description="Longest wait for a connection to Valkey to be made."
    )
    valkey_command_s: float = Field(
        default=2.0,
        gt=0,
        description="Longest wait for an answer of Valkey, and for a free connection to it; twice "
        "it fits into the 5 s that a call between services has.",
    )

    @model_validator(mode="after")
    def _valkey_is_known(self) -> Self:
        if not self.valkey_insecure and not _valkey_is_known(self.valkey_url):
            raise ValueError(
                "valkey_url must name a Unix socket or be rediss:// with the server's name "
                "checked; valkey_insecure lets it be"
            )
        return self


class StatefulSettings(DatabaseSettings, ServiceSettings):
    """What every gRPC service with PostgreSQL has."""


class VerifyingSettings(StatefulSettings):
    """What every service has that verifies its callers' tokens by identity's keys."""

    identity_target: str = Field(
        description="gRPC target of identity, which tells the keys of access tokens."
    )
    tls_client_cert_file: Path = Field(
        description="PEM certificate with which this workload calls others: clientAuth, and its "
        "SPIFFE id."
    )
    tls_client_key_file: Path = Field(description="PEM key of that certificate.")


class WorkerSettings(DatabaseSettings, ProcessSettings):
    """What every process has that works on PostgreSQL and serves nobody."""


def _postgres_is_known(dsn: str) -> bool:
    """Whether the server behind an address proves who it is, or is behind our own file system."""
    try:
        given = conninfo_to_dict(dsn)
    except ProgrammingError as error:
        raise ValueError("database_dsn is no address of PostgreSQL") from error
    hosts = str(given.get("host") or given.get("hostaddr") or "/").split(",")
    local = all(host.startswith(("/", "@")) for host in hosts) and not given.get("hostaddr")
    return local or given.get("sslmode") == "verify-full"


def _valkey_is_known(url: str) -> bool:
    """The same of Valkey."""
    parts = urlsplit(url)
    unchecked = {("ssl_cert_reqs", "none"), ("ssl_cert_reqs", "optional")}
    unchecked.add(("ssl_check_hostname", "false"))
    told = {(name, value.lower()) for name, value in parse_qsl(parts.query)}
    return parts.scheme == "unix" or (parts.scheme == "rediss" and not told & unchecked)
