"""Settings of playback, from the environment under ``SEGUE_PLAYBACK_``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from meshkit.store_settings import ValkeySettings, VerifyingSettings


class Settings(ValkeySettings, VerifyingSettings):
    """What a process of playback needs to know."""

    model_config = SettingsConfigDict(env_prefix="SEGUE_PLAYBACK_", frozen=True, extra="forbid")

    catalog_target: str = Field(description="gRPC target of the catalog service.")
    playlist_target: str = Field(description="gRPC target of the playlist service.")
    rec_target: str = Field(description="gRPC target of recommendations, for radios.")
    public_url: str = Field(description="Where clients reach the edge, e.g. http://127.0.0.1:8080.")
    capability_keys_file: Path = Field(description="JSON file of the keys that sign media paths.")
    presence_wait_s: float = Field(
        default=1.0,
        ge=0,
        description="Longest wait of a stream that begins for Valkey to know of it; then it begins "
        "all the same, and what it missed is told when Valkey does know.",
    )
    inbox_silent_s: float = Field(
        default=10.0,
        gt=0,
        description="Silence of an instance's own inbox, to which it writes each second, after "
        "which it listens anew and reads again what it may have missed.",
    )
    urls_live_s: int = Field(
        default=21_600,
        gt=0,
        description="Seconds that the addresses of a stream work: at least the length of the track "
        "and an hour.",
    )
