"""A process of the catalogue without search, over a test's stores and one other service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from catalog_svc.schema import SCHEMA
from meshkit.process import ServiceProcess, service_process
from meshkit.testing.rpc import TokenIssuer
from tests.rpc.catalog.assembled import catalog_settings


@asynccontextmanager
async def catalog_process(tls: Path, dsn: str) -> AsyncIterator[ServiceProcess]:
    """The process, not yet serving; its targets are those that a test gives to its parts."""
    settings = catalog_settings(tls, dsn=dsn)
    async with service_process(settings, SCHEMA, tokens=TokenIssuer().verifier()) as process:
        yield process
