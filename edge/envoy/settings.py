"""What the edge is told: addresses, certificates, limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A token bucket: ``requests`` at once, refilled every ``per_s`` seconds."""

    requests: int
    per_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """Settings of one edge. Addresses are ``host:port``.

    ``xds_dir`` holds ``<cluster>.yaml``, the endpoints of each cluster, replaced by rename
    while Envoy runs. ``run_dir`` receives what is written for Envoy; it holds no secrets, since
    Envoy prints its whole configuration when that has an error.
    """

    port: int
    admin_port: int
    run_dir: Path
    xds_dir: Path
    tls_cert_file: Path
    tls_key_file: Path
    tls_ca_file: Path
    token_issuer: str
    cors_origins: list[str] = field(default_factory=list)
    otlp_endpoint: str | None = None
    bind_address: str = "127.0.0.1"
    unary_timeout_s: float = 10.0
    max_connections: int = 50_000
    # A playlist's 10,000 ids, and a file of 3,000,000 bytes in base64.
    max_json_bytes: int = 512 * 1024
    # Of callers whom nobody knows yet.
    max_anonymous_bytes: int = 64 * 1024
    max_import_bytes: int = 4 * 1024 * 1024
    max_sign_in_bytes: int = 64 * 1024
    limit_per_address: RateLimit = RateLimit(100_000, 10)
    limit_per_user: RateLimit = RateLimit(100_000, 10)
    jwks_refresh_s: float = 5.0
    trace_percent: float = 1.0
