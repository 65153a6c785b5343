"""Settings of a process: frozen, typed, read from the environment in one place."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_MEBIBYTE = 1 << 20

S = TypeVar("S", bound="EnvironmentSettings")


class SettingsError(ValueError):
    """The environment holds settings that cannot be; its text names each and what is wrong."""


class EnvironmentSettings(BaseSettings):
    """What is read from the environment; docs/settings.md has every class of these."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")


class ProcessSettings(EnvironmentSettings):
    """What every process of the mesh has, whether or not it serves gRPC."""

    instance: str = Field(default="local", description="Name of this instance in logs and traces.")
    log_format: Literal["console", "json"] = Field(default="json", description="How logs look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe lines that are written."
    )
    metrics_listen: str | None = Field(
        default=None, description="host:port of the Prometheus endpoint; absent: none is served."
    )
    otlp_endpoint: str | None = Field(
        default=None, description="OTLP/gRPC endpoint for traces; absent: none are made."
    )
    trace_ratio: float = Field(default=0.01, ge=0, le=1, description="Share of calls traced.")


class ServiceSettings(ProcessSettings):
    """What every gRPC service has."""

    listen: str = Field(default="127.0.0.1:0", description="host:port of the gRPC server.")
    port_held: bool = Field(
        default=False,
        description="Whether who starts this process holds its port, so that nobody else takes it "
        "while it is started anew: it is then shared by processes of the same user (SO_REUSEPORT).",
    )
    tls_cert_file: Path = Field(
        description="PEM certificate with which this workload serves: serverAuth, and its DNS name."
    )
    tls_key_file: Path = Field(description="PEM key of that certificate.")
    tls_client_cert_file: Path | None = Field(
        default=None,
        description="PEM certificate with which this workload calls others: clientAuth, and its "
        "SPIFFE id; absent: it calls nobody.",
    )
    tls_client_key_file: Path | None = Field(
        default=None, description="PEM key of that certificate."
    )
    tls_ca_file: Path = Field(description="PEM certificate of the mesh's authority.")
    token_issuer: str = Field(
        default="https://segue.local", description="The iss claim of access tokens."
    )
    drain_notice_s: float = Field(
        default=1.5,
        ge=0,
        description="Seconds from NOT_SERVING to the end of accepting: above the health interval "
        "of callers.",
    )
    drain_s: float = Field(
        default=10.0, ge=0, description="Seconds that calls in flight get to end at shutdown."
    )
    drain_spread_s: float = Field(
        default=5.0,
        ge=0,
        description="Seconds over which the streams of a drained server come back elsewhere.",
    )
    max_message_bytes: int = Field(
        default=4 * _MEBIBYTE, gt=0, description="Largest message taken or sent."
    )
    max_calls: int = Field(
        default=512, gt=0, description="Unary calls in flight; one more is shed as OVERLOADED."
    )
    max_streams: int = Field(
        default=50_000, gt=0, description="Streams held; one more is shed as OVERLOADED."
    )
    default_deadline_s: float = Field(
        default=10.0, gt=0, description="Seconds for a unary call that brings no deadline."
    )


class HttpSettings(BaseSettings):
    """What every process has that serves HTTP; mix it in before ProcessSettings."""

    http_listen: str = Field(
        default="127.0.0.1:0",
        description="Where HTTP is served: host:port, over TLS to who has a certificate of the "
        "mesh's authority, or unix:/path, a socket of its owner alone.",
    )
    http_insecure: bool = Field(
        default=False,
        description="Whether a host:port serves HTTP without TLS: whoever reaches it is let in, "
        "and whoever takes the port is believed.",
    )


def load(kind: type[S], *others: type[EnvironmentSettings]) -> S:
    """Reads the settings from the environment, or exits with status 2 and says what to mend.

    ``others`` are of roles that share the prefix: what they have is left to them.
    """
    try:
        return read(kind, *others)
    except SettingsError as error:
        sys.exit(_explain(str(error)))


def read(kind: type[S], *others: type[EnvironmentSettings]) -> S:
    """The settings in the environment; ``others`` as in :func:`load`. Raises SettingsError."""
    prefix = str(kind.model_config.get("env_prefix", ""))
    unknown = unknown_variables(kind, *others)
    if unknown:
        raise SettingsError(f"unknown settings: {', '.join(unknown)}")
    try:
        return kind()
    except ValidationError as error:
        lines = [
            f"{prefix}{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise SettingsError("; ".join(lines)) from error


def unknown_variables(*kinds: type[EnvironmentSettings]) -> list[str]:
    """Variables of the environment that have the prefix of ``kinds`` and name none of a field."""
    prefix = str(kinds[0].model_config.get("env_prefix", "")).upper()
    known = {f"{prefix}{name.upper()}" for kind in kinds for name in kind.model_fields}
    return sorted(name for name in os.environ if name.startswith(prefix) and name not in known)


def _explain(problem: str) -> str:
    print(f"settings: {problem}", file=sys.stderr)
    return "Correct the environment and start again; docs/settings.md lists every setting."
