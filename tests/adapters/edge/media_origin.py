"""The media origin as a process, for tests."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from packaged_asset import PackagedAsset

from localmesh.free_ports import PortAllocator
from meshkit.capability import CapabilityKeys, KeyFile
from tests.plain_http import PLAIN

SESSION = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
START_TIMEOUT_S = 30.0
_PORTS = PortAllocator()


@dataclass
class Origin:
    """A running media origin."""

    url: str
    keys: CapabilityKeys
    asset: PackagedAsset
    log: Path
    process: subprocess.Popen[bytes]

    def path(self, *grants: str, life_s: int = 60, session: str = SESSION) -> str:
        """The path of the asset for a fresh capability, without the last slash."""
        capability = self.keys.mint(
            subject=session,
            grants=grants or ("128", "256", "flac"),
            resource=self.asset.sha256,
            expires_at=int(time.time()) + life_s,
        )
        return f"/media/v1/{capability}/{self.asset.sha256}"

    def get(self, path: str, **headers: str) -> httpx.Response:
        """GET of a path."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(self.url + path, headers=names, **PLAIN)


@contextlib.contextmanager
def running_origin(
    folder: Path, asset: PackagedAsset, settings: Mapping[str, str] | None = None
) -> Iterator[Origin]:
    """An origin over the asset's store, once it is healthy; ended when left.

    Unless it was killed before.
    """
    port = free_port()
    told = {**environment(folder, asset, port), **(settings or {})}
    log = folder / "media.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "edge.media", "serve"], env=told, stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        until_healthy(url, process, log)
        yield Origin(url, KeyFile(folder / "keys.json").keys, asset, log, process)
    finally:
        if process.poll() != -signal.SIGKILL:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=START_TIMEOUT_S) == 0


def environment(folder: Path, asset: PackagedAsset, port: int) -> dict[str, str]:
    """What an origin is told; makes its keys in ``folder``."""
    folder.mkdir(exist_ok=True)
    keys = folder / "keys.json"
    keys.write_text(
        json.dumps({"current": "k1", "keys": {"k1": base64.b64encode(os.urandom(32)).decode()}})
    )
    return {
        **os.environ,
        "SEGUE_MEDIA_HTTP_LISTEN": f"127.0.0.1:{port}",
        "SEGUE_MEDIA_HTTP_INSECURE": "true",
        "SEGUE_MEDIA_OBJECTS_URL": asset.root.as_uri(),
        "SEGUE_MEDIA_CAPABILITY_KEYS_FILE": str(keys),
        "SEGUE_MEDIA_DRAIN_NOTICE_S": "1",
    }


def until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when ``/healthz`` answers 200; fails with the log of a process that ended."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/healthz", **PLAIN).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail(f"not healthy in time: {log.read_text()}")


def free_port() -> int:
    """A port of the loopback that nothing listens on now."""
    return _PORTS.take()
