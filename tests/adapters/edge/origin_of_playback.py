"""A media origin as a process beside a playback that this process serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from media_origin import Origin, running_origin
from packaged_asset import PackagedAsset

from meshkit.certificates import ensure_certificates
from meshkit.credentials import client_credentials
from meshkit.testing.rpc import Registration, served


@asynccontextmanager
async def serving_playback(
    folder: Path, registration: Registration
) -> AsyncIterator[dict[str, str]]:
    """Serves a servicer as playback; the settings by which an origin finds it."""
    tls = folder / "tls"
    tls.mkdir()
    ensure_certificates(tls)
    files = client_credentials(tls, "media")
    async with served(tls, registration, workload="playback") as mesh:
        yield {
            "SEGUE_MEDIA_PLAYBACK_TARGET": f"ipv4:127.0.0.1:{mesh.port}",
            "SEGUE_MEDIA_SPOOL_DIR": str(folder / "spool"),
            "SEGUE_MEDIA_TLS_CLIENT_CERT_FILE": str(files.cert_file),
            "SEGUE_MEDIA_TLS_CLIENT_KEY_FILE": str(files.key_file),
            "SEGUE_MEDIA_TLS_CA_FILE": str(files.ca_file),
        }


@asynccontextmanager
async def an_origin(
    folder: Path, asset: PackagedAsset, settings: dict[str, str]
) -> AsyncIterator[Origin]:
    """An origin, started and ended beside the loop that serves playback."""
    running = running_origin(folder, asset, settings)
    origin = await asyncio.to_thread(running.__enter__)
    try:
        yield origin
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)
