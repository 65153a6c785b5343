"""What the edge is told: addresses, certificates, limits, and what an operator may choose."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from meshkit.settings import EnvironmentSettings

ANY_ORIGIN = "*"


class EdgeEnvironment(EnvironmentSettings):
    """What an operator may choose of the edge."""

    model_config = SettingsConfigDict(env_prefix="SEGUE_EDGE_", frozen=True, extra="forbid")

    allow_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins whose pages may call, separated by commas, such as "
        "https://app.example; * is any. `segue mesh up --allow-origin` adds to them.",
    )

    address_requests_per_s: int = Field(
        default=1000,
        gt=0,
        le=1_000_000_000,
        description="Requests a second of one address, and twice as many at once; what is more is "
        "refused as LIMIT_REACHED.",
    )
    user_requests_per_s: int = Field(
        default=200,
        gt=0,
        le=1_000_000_000,
        description="The same of one user.",
    )
    max_heap_mib: int = Field(
        default=1024,
        ge=128,
        description="Memory of the edge; near it, streams that hold much are reset, and new "
        "requests refused as OVERLOADED.",
    )

    @field_validator("allow_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value


def require_origin(text: str) -> str:
    """``text`` as browsers spell an origin. Raises ValueError for what is none."""
    if text == ANY_ORIGIN:
        return text
    origin = text.lower()
    parts = urlsplit(origin)
    host = parts.hostname
    if (
        parts.scheme not in ("http", "https")
        or not host
        or origin != f"{parts.scheme}://{parts.netloc}"
    ):
        raise ValueError(f"{text}: an origin is like https://app.example or http://localhost:5173")
    return origin


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A token bucket: ``burst`` requests at once, ``requests`` more every ``per_s`` seconds."""

    requests: int
    burst: int
    per_s: int = 1

    @classmethod
    def of(cls, requests: int) -> RateLimit:
        """So many a second, and twice as many at once."""
        return cls(requests, 2 * requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """Settings of one edge. Addresses are ``host:port``.

    Whoever opens ``admin_socket`` may stop the edge and read its configuration: it is its owner's
    alone (0600). Statistics are served at ``stats_port``, and nothing else.

    ``http_tls`` says whether HTTP to identity and media is TLS with their names checked. False is
    for endpoints that are Unix sockets in a folder closed to others.

    ``xds_dir`` holds ``<cluster>.yaml``, the endpoints of each cluster, replaced by rename
    while Envoy runs. ``run_dir`` receives what is written for Envoy; it holds no secrets, since
    Envoy prints its whole configuration when that has an error.
    """

    port: int
    admin_socket: Path
    stats_port: int
    run_dir: Path
    xds_dir: Path
    tls_cert_file: Path
    tls_key_file: Path
    tls_ca_file: Path
    token_issuer: str
    http_tls: bool = True
    allow_origins: list[str] = field(default_factory=list)
    otlp_endpoint: str | None = None
    bind_address: str = "127.0.0.1"
    unary_timeout_s: float = 10.0
    # Until the whole of a file has come.
    upload_timeout_s: float = 120.0
    max_connections: int = 50_000
    # A playlist's 10,000 ids, and a file of 3,000,000 bytes in base64.
    max_json_bytes: int = 512 * 1024
    # Of callers whom nobody knows yet.
    max_anonymous_bytes: int = 64 * 1024
    max_import_bytes: int = 4 * 1024 * 1024
    max_sign_in_bytes: int = 64 * 1024
    max_heap_bytes: int = 1 << 30
    limit_per_address: RateLimit = field(default_factory=lambda: RateLimit.of(1000))
    limit_per_user: RateLimit = field(default_factory=lambda: RateLimit.of(200))
    jwks_refresh_s: float = 5.0
    trace_percent: float = 1.0
