"""Settings of identity: ``SEGUE_IDENTITY_…``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from meshkit.settings import HttpSettings
from meshkit.store_settings import StatefulSettings, ValkeySettings


class Settings(HttpSettings, ValkeySettings, StatefulSettings):
    """What identity reads from its environment."""

    model_config = SettingsConfigDict(env_prefix="SEGUE_IDENTITY_", frozen=True, extra="forbid")

    signing_key_file: Path = Field(
        description="Private P-256 keys that sign access tokens: a JWK Set, or one key as PEM."
    )
    public_url: str | None = Field(
        default=None,
        description="Address under which clients reach the HTTP server, for discovery; absent: "
        "the address that each of them used.",
    )
    password_threads: int = Field(
        default=2, gt=0, description="Passwords hashed at a time; each takes 64 MiB."
    )
    password_wait_s: float = Field(
        default=5.0,
        gt=0,
        description="Longest time until a password is hashed, waiting included; what would take "
        "longer, or longer than its caller waits, is refused at once as OVERLOADED.",
    )
    sign_up_burst: int = Field(
        default=20,
        gt=0,
        le=1_000_000,
        description="Sign-ups of one client address at once, over all instances; what is more is "
        "refused as LIMIT_REACHED. An IPv6 address counts by its network of 64 bits.",
    )
    sign_up_refill_s: float = Field(
        default=30.0,
        gt=0,
        le=86_400,
        description="Seconds after which an address may make one sign-up more.",
    )
