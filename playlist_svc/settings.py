"""Settings of playlists, from the environment under ``SEGUE_PLAYLIST_``."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from meshkit.store_settings import ValkeySettings, VerifyingSettings

_MEBIBYTE = 1 << 20


class Settings(ValkeySettings, VerifyingSettings):
    """What a process of playlists needs to know."""

    model_config = SettingsConfigDict(env_prefix="SEGUE_PLAYLIST_", frozen=True, extra="forbid")

    catalog_target: str = Field(description="gRPC target of the catalog service.")
    versions_bytes: int = Field(
        default=64 * _MEBIBYTE, gt=0, description="Bytes of playlists' versions kept in memory."
    )
    lookup_pool_size: int = Field(
        default=4,
        gt=0,
        description="Most database connections for names; an edit needs one beside its own.",
    )
    turn_wait_s: float = Field(
        default=8.0,
        gt=0,
        description="Longest wait for one's turn at a playlist that others change, then "
        "OVERLOADED; under the 10 s that the edge gives a call.",
    )
    pages_live_s: float = Field(
        default=10.0,
        ge=0,
        description="Seconds that pages of tracks are kept; titles may be a minute older.",
    )
