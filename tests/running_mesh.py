"""A whole mesh of real processes for the tests of tests/mesh, tests/e2e and tests/browser."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import urllib.request
import zlib
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError

from localmesh.background import start_in_background
from localmesh.commands import stop_mesh
from localmesh.discovery import find_mesh
from localmesh.layout import Layout
from localmesh.mesh import MeshOptions
from player.adapters.ffmpeg_decoder import find_ffmpeg
from player.commands.importing import start_import, watch_import
from player.mesh_client import LocalUser, MeshClient, issue_token

T = TypeVar("T")

# One of these tests or benches asks more of the edge than a person does.
_LIMITS = {
    "SEGUE_EDGE_ADDRESS_REQUESTS_PER_S": "100000",
    "SEGUE_EDGE_USER_REQUESTS_PER_S": "100000",
    # What is learnt of users reaches its files within a test.
    "SEGUE_REC_EVENTS_WRITE_S": "0.5",
    # So is a look at an experiment, as soon as it is due.
    "SEGUE_REC_EXPERIMENT_LOOKS_S": "0.5",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the edge answered to a JSON call."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class RunningMesh:
    """A mesh that runs in ``folder``; ``secrets`` are those that tests have used with it."""

    folder: Path
    edge: str
    secrets: set[str] = field(default_factory=set)

    def token(self, user: str = "listener", *, tier: str | None = None, admin: bool = False) -> str:
        """A fresh token of a sign-in of its own; also within a running event loop."""
        wanted = LocalUser(user, tier, admin)
        token = _apart(issue_token(self.folder, find_mesh(self.folder), wanted)).text
        self.secrets.add(token)
        return token

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
            if not request.has_header("Content-type"):
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

        return _apart(work())


def _apart(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end in a loop of its own, whether or not one runs here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _answer(answer: Any) -> Answer:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status, headers, answer.read())


@contextmanager
def running_mesh(
    folder: Path,
    replicas: Sequence[str] = (),
    *,
    trace_percent: float = 1.0,
    allow_origins: tuple[str, ...] = (),
) -> Iterator[RunningMesh]:
    """Starts a mesh on free ports and stops it at the end."""
    os.environ.update(_LIMITS)
    edge = start_in_background(
        MeshOptions(folder, 0, tuple(replicas), "json", trace_percent, allow_origins)
    )
    try:
        yield RunningMesh(folder, edge)
    finally:
        stop_mesh(Layout.at(folder))


def make_noise(target: Path, seconds: float, *options: str, **tags: str) -> Path:
    """A dense audio file with tags; its suffix says the format, ``options`` are FFmpeg's."""
    target.parent.mkdir(parents=True, exist_ok=True)
    seed = zlib.crc32(target.name.encode()) % 9999
    source = f"anoisesrc=color=pink:amplitude=0.5:r=44100:d={seconds}:seed={seed}"
    words = [word for key, value in tags.items() for word in ("-metadata", f"{key}={value}")]
    run_ffmpeg("-f", "lavfi", "-i", source, *words, "-ac", "2", *options, str(target))
    return target


def run_ffmpeg(*words: str) -> bytes:
    """What FFmpeg writes to its standard output; raises where it fails."""
    command = [str(find_ffmpeg()), "-nostdin", "-v", "error", "-y", *words]
    return subprocess.run(command, check=True, timeout=60, stdout=subprocess.PIPE).stdout
