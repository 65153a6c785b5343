"""Settings of the catalogue, read from the environment as SEGUE_CATALOG_*."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from meshkit import store_settings

_CONFIG = SettingsConfigDict(env_prefix="SEGUE_CATALOG_", frozen=True, extra="forbid")
_OBJECTS = "Where media objects are kept: file:///… or s3://…."


class ImportSettings(BaseSettings):
    """Which folders imports may read: who is asked refuses others, who reads opens no others."""

    import_roots: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="Folders that imports may read, separated by colons."
    )

    @field_validator("import_roots", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(Path(part) for part in value.split(os.pathsep) if part)
        return value


class Settings(ImportSettings, store_settings.ValkeySettings, store_settings.VerifyingSettings):
    """What the role ``serve`` needs to know."""

    model_config = _CONFIG

    objects_url: str = Field(description=_OBJECTS)
    index_dir: Path = Field(description="The search index of this instance; rebuilt when lost.")
    index_wait_s: float = Field(
        default=10.0, ge=0, description="Longest wait for the search index before SERVING."
    )
    playlist_target: str = Field(description="gRPC target of playlists, for search.")
    playback_target: str = Field(description="gRPC target of playback, for counts of plays.")


class WorkerSettings(ImportSettings, store_settings.WorkerSettings):
    """What the role ``work`` needs to know."""

    model_config = _CONFIG

    objects_url: str = Field(description=_OBJECTS)
    work_dir: Path = Field(description="Scratch space of the workers; swept when they start.")
    encoders: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        gt=0,
        description="Tracks that a worker encodes at a time, one core each.",
    )
    worker_dead_after_s: float = Field(
        default=10.0, gt=0, description="Silence after which a worker's jobs go to another one."
    )
