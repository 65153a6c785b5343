"""Settings of edge.media, from the environment with the prefix SEGUE_MEDIA_."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from meshkit.credentials import Credentials
from meshkit.http_server import UNIX
from meshkit.settings import HttpSettings, ProcessSettings


class Settings(HttpSettings, ProcessSettings):
    """What the media origin needs: where to listen, where the objects and the keys are."""

    model_config = SettingsConfigDict(env_prefix="SEGUE_MEDIA_", frozen=True, extra="forbid")

    objects_url: str = Field(
        description="The object store: file:///path, s3://bucket/prefix, gs://…, az://…."
    )
    capability_keys_file: Path = Field(
        description="The keys that verify media paths; replaced at run time to rotate them."
    )
    playback_target: str | None = Field(
        default=None,
        description="gRPC target of playback, which is told what was delivered and tells which "
        "paths are taken back; absent: nobody is, and paths work until they expire.",
    )
    tls_cert_file: Path | None = Field(
        default=None,
        description="PEM certificate with which this workload serves HTTPS: serverAuth, and its "
        "DNS name.",
    )
    tls_key_file: Path | None = Field(default=None, description="PEM key of that certificate.")
    tls_client_cert_file: Path | None = Field(
        default=None,
        description="PEM certificate with which this workload calls playback: clientAuth, and its "
        "SPIFFE id.",
    )
    tls_client_key_file: Path | None = Field(
        default=None, description="PEM key of that certificate."
    )
    tls_ca_file: Path | None = Field(
        default=None, description="PEM certificate of the mesh's authority."
    )
    max_message_bytes: int = Field(
        default=4 << 20, gt=0, description="Largest message taken from playback."
    )
    descriptor_cache_bytes: int = Field(
        default=32 << 20, gt=0, description="Asset descriptors kept in memory, in bytes as stored."
    )
    ledger_entries: int = Field(
        default=100_000,
        gt=0,
        description="Counts in memory of what was delivered, each of a session, an asset and a "
        "rung; they are put on disk at every report.",
    )
    denial_entries: int = Field(
        default=200_000,
        gt=0,
        description="The most sessions of which it is known that their paths were taken back; "
        "beyond them those go first that were taken back longest ago. Some 400 bytes each.",
    )
    spool_dir: Path | None = Field(
        default=None,
        description="Folder in which each instance of this machine keeps, in one of its own by its "
        "name, what was delivered and waits to be reported; what a dead instance left there is "
        "taken over by the others. Needed with a playback_target.",
    )
    spool_bytes: int = Field(
        default=64 << 20,
        gt=0,
        description="The most bytes that one instance keeps; beyond them the oldest go.",
    )
    report_every_s: float = Field(
        default=1.0,
        gt=0,
        description="Seconds from a delivery to its place on disk, and from there to its report: "
        "what a crash loses at most.",
    )
    drain_notice_s: float = Field(
        default=1.5,
        ge=0,
        description="Seconds from /healthz 503 to the end of accepting: above the edge's health "
        "interval.",
    )
    drain_s: float = Field(
        default=10.0, ge=0, description="Seconds that answers in flight get to end at shutdown."
    )

    @property
    def http_tls(self) -> Credentials | None:
        """What HTTP is served with over TCP; None where that is told to be insecure."""
        if self.http_insecure or not (
            self.tls_ca_file and self.tls_cert_file and self.tls_key_file
        ):
            return None
        return Credentials(self.tls_ca_file, self.tls_cert_file, self.tls_key_file)

    @model_validator(mode="after")
    def _is_closed(self) -> Settings:
        closed = self.http_insecure or self.http_listen.startswith(UNIX)
        if not closed and self.http_tls is None:
            raise ValueError("HTTP on a port needs the tls_…_file settings, or http_insecure")
        return self

    @model_validator(mode="after")
    def _can_report(self) -> Settings:
        needed = ("spool_dir", "tls_client_cert_file", "tls_client_key_file", "tls_ca_file")
        missing = [name for name in needed if getattr(self, name) is None]
        if self.playback_target is not None and missing:
            raise ValueError(f"a playback_target needs {', '.join(missing)}")
        if "/" in self.instance or self.instance in ("", ".", ".."):
            raise ValueError("instance must be the name of a folder in spool_dir")
        return self
