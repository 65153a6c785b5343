"""A whole mesh of real processes for the tests of tests/mesh, tests/e2e and tests/browser."""

from __future__ import annotations

import asyncio
import json
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from localmesh.background import start_in_background
from localmesh.commands import stop_mesh
from localmesh.discovery import find_mesh
from localmesh.layout import Layout
from localmesh.mesh import MeshOptions
from player.adapters.ffmpeg_decoder import find_ffmpeg
from player.commands.importing import start_import, watch_import
from player.mesh_client import LocalUser, MeshClient, issue_token


@dataclass(frozen=True, slots=True)
class Answer:
    """What the edge answered to a JSON call."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class RunningMesh:
    """A mesh that runs in ``folder``."""

    folder: Path
    edge: str

    def token(self, user: str = "listener", *, tier: str | None = None, admin: bool = False) -> str:
        wanted = LocalUser(user, tier, admin)
        return asyncio.run(issue_token(self.folder, find_mesh(self.folder), wanted)).text

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """A JSON call through the edge; HTTP errors are answers, too."""
        url = path if path.startswith("http") else self.edge + path
        request = urllib.request.Request(url, method=method, headers=headers or {})
        if token is not None:
            request.add_header("authorization", f"Bearer {token}")
        if body is not None:
            request.data = body if isinstance(body, bytes) else json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return _answer(answer)
        except HTTPError as error:
            return _answer(error)

    def import_music(self, folder: Path) -> Any:
        """Imports a folder to its end; returns the Import."""

        async def work() -> Any:
            async with MeshClient(self.folder, LocalUser("operator", admin=True)) as client:
                started = await start_import(client, str(folder))
                steps = [step async for step in watch_import(client, started.id)]
                return steps[-1]

        return asyncio.run(work())


def _answer(answer: Any) -> Answer:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status, headers, answer.read().decode("utf-8", "replace"))


@contextmanager
def running_mesh(folder: Path, replicas: Sequence[str] = ()) -> Iterator[RunningMesh]:
    """Starts a mesh on free ports and stops it at the end."""
    edge = start_in_background(MeshOptions(folder, 0, tuple(replicas), "json"))
    try:
        yield RunningMesh(folder, edge)
    finally:
        stop_mesh(Layout.at(folder))


def make_noise(target: Path, seconds: float, **tags: str) -> Path:
    """A dense audio file with tags; its suffix says the format."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = f"anoisesrc=color=pink:amplitude=0.5:r=44100:d={seconds}:seed={hash(target) % 9999}"
    words = [word for key, value in tags.items() for word in ("-metadata", f"{key}={value}")]
    command = [str(find_ffmpeg()), "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source]
    subprocess.run([*command, *words, "-ac", "2", str(target)], check=True, timeout=60)
    return target
