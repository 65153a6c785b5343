"""A process of the catalogue without search, over a test's stores and one other service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from catalog_svc.schema import SCHEMA
from catalog_svc.settings import Settings
from meshkit.process import ServiceProcess, service_process
from meshkit.testing.rpc import TokenIssuer, service_settings


@asynccontextmanager
async def catalog_process(tls: Path, dsn: str) -> AsyncIterator[ServiceProcess]:
    """The process, not yet serving; its targets are those that a test gives to its parts."""
    settings = Settings(
        **service_settings(tls, "catalog").model_dump(),
        database_dsn=SecretStr(dsn),
        objects_url="unused",
        index_dir=Path("unused"),
        identity_target="unused",
        playlist_target="unused",
        playback_target="unused",
        valkey_url="unused",
    )
    async with service_process(settings, SCHEMA, tokens=TokenIssuer().verifier()) as process:
        yield process
