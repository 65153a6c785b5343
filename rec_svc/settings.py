"""Settings of recommendations, from the environment under ``SEGUE_REC_``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from meshkit import store_settings

_CONFIG = SettingsConfigDict(env_prefix="SEGUE_REC_", frozen=True, extra="forbid")
_OBJECTS = "Where events and models are kept: file:///… or s3://…."


class _ExperimentSettings(BaseSettings):
    """What both roles must agree on."""

    explore_percent: float = Field(
        default=5.0,
        ge=0,
        le=50,
        description="Share of the places in lists that are given to tracks of which little is "
        "known, in percent, where no experiment says otherwise; the same for both roles.",
    )
    held_back_percent: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="Share of users who are in no experiment, in percent, the same for both roles; "
        "changing it while experiments run takes users out of them or adds some.",
    )


class Settings(
    _ExperimentSettings, store_settings.ValkeySettings, store_settings.VerifyingSettings
):
    """What the role ``serve`` needs to know."""

    model_config = _CONFIG

    objects_url: str = Field(description=_OBJECTS)
    catalog_target: str = Field(description="gRPC target of the catalogue, for its tracks.")
    playback_target: str = Field(description="gRPC target of playback, for what was listened to.")
    playlist_target: str = Field(
        description="gRPC target of playlists, for their tracks, what is saved and who is blocked."
    )
    experiment_looks_s: float = Field(
        default=15.0,
        gt=0,
        description="How often it is seen whether a look at an experiment is due. How many looks "
        "are taken does not depend on it.",
    )


class WorkerSettings(_ExperimentSettings, store_settings.WorkerSettings):
    """What the role ``work`` needs to know."""

    model_config = _CONFIG

    objects_url: str = Field(description=_OBJECTS)
    events_write_s: float = Field(
        default=60.0, gt=0, description="How often plays, saves and the like are written to files."
    )
    events_kept_days: int = Field(
        default=400, gt=0, description="For how many days what models learn from is kept."
    )
    worker_dead_after_s: float = Field(
        default=10.0, gt=0, description="When a silent worker's jobs go to others."
    )
    train_every_h: float = Field(
        default=24.0, gt=0, description="A model is trained this many hours after the last one."
    )
    training_memory_mib: int = Field(
        default=4096,
        gt=0,
        description="A training that would take more memory than this fails before it begins.",
    )
    training_threads: int = Field(
        default=1,
        ge=1,
        description="Over how many threads a training computes; more than the cores that nothing "
        "else uses make it slower by far.",
    )
    spark_master: str = Field(
        default="local[*]",
        description="Where trainings with SPARK_ALS compute: the address of a cluster, or local[n] "
        "for n threads here.",
    )
    spark_memory_mib: int = Field(
        default=2048, ge=512, description="What the driver of Spark may take."
    )
    spark_dir: Path | None = Field(
        default=None,
        description="A folder that the workers and the cluster of Spark share; by default the one "
        "for temporary files.",
    )
    training_trials: int = Field(
        default=12,
        ge=1,
        le=1000,
        description="How many parameters a search tries; one takes as long as a fit.",
    )
