"""A peer for playlists: supysonic, installed from the package index and run on this machine.

It is a program of its own in a virtual environment of its own, spoken to over its Subsonic API.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.keepalive import KeepAlive
from bench.tiny_files import make_tiny_files
from localmesh.free_ports import PortAllocator

VERSION = "0.7.9"
_USER = "bench"
_PASSWORD = "benchbench"
_CALL = {"u": _USER, "p": _PASSWORD, "v": "1.16.1", "c": "bench", "f": "json"}
_SONGS_A_CALL = 200
_START_S = 20.0


class Supysonic:
    """A running server with a folder of music in it."""

    def __init__(self, client: KeepAlive) -> None:
        self._client = client

    async def songs(self, count: int) -> list[str]:
        """Ids of ``count`` songs, again from the first where there are fewer."""
        found: list[str] = []
        while True:
            query = {"query": "", "songCount": 500, "songOffset": len(found)}
            answer = await self.call("search3", query | {"albumCount": 0, "artistCount": 0})
            page = answer.get("searchResult3", {}).get("song", [])
            found += [str(song["id"]) for song in page]
            if len(page) < 500:
                break
        return [found[number % len(found)] for number in range(count)]

    async def create(self, name: str, songs: Sequence[str]) -> str:
        """A playlist's id."""
        first = {"name": name, "songId": list(songs[:_SONGS_A_CALL])}
        await self.call("createPlaylist", first)
        lists = (await self.call("getPlaylists"))["playlists"]["playlist"]
        playlist_id = next(str(one["id"]) for one in lists if one["name"] == name)
        for start in range(_SONGS_A_CALL, len(songs), _SONGS_A_CALL):
            await self.add(playlist_id, songs[start : start + _SONGS_A_CALL])
        return playlist_id

    async def add(self, playlist_id: str, songs: Sequence[str]) -> None:
        """Appends."""
        more = {"playlistId": playlist_id, "songIdToAdd": list(songs)}
        await self.call("updatePlaylist", more)

    async def load(self, playlist_id: str) -> int:
        """Reads the whole list, which is the only way to read it; how many songs it has."""
        answer = await self.call("getPlaylist", {"id": playlist_id})
        return len(answer["playlist"].get("entry", []))

    async def call(self, method: str, query: dict[str, Any] | None = None) -> Any:
        """One call of the Subsonic API."""
        words = urlencode(_CALL | (query or {}), doseq=True)
        answer = await self._client.call("GET", f"/rest/{method}?{words}")
        body = json.loads(answer.body)["subsonic-response"]
        if body["status"] != "ok":
            raise RuntimeError(f"supysonic {method}: {body}")
        return body


@asynccontextmanager
async def running(folder: Path, files: int) -> AsyncIterator[Supysonic]:
    """supysonic with ``files`` songs, until the block ends; ``folder`` is its own."""
    port = PortAllocator().take()
    environment = _installed(folder)
    music = folder / "music"
    make_tiny_files(music, files)
    programs = folder / "venv" / "bin"
    for words in (
        ("user", "add", _USER, "-p", _PASSWORD),
        ("folder", "add", "music", str(music)),
        ("folder", "scan", "--foreground", "music"),
    ):
        _run(environment, str(programs / "supysonic-cli"), *words)
    listen = ("-S", "waitress", "-h", "127.0.0.1", "-p", str(port), "--threads", "4")
    server = await asyncio.create_subprocess_exec(
        str(programs / "supysonic-server"),
        *listen,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await _answers(port)
        async with KeepAlive(f"127.0.0.1:{port}") as client:
            yield Supysonic(client)
    finally:
        server.terminate()
        await server.wait()


def _installed(folder: Path) -> dict[str, str]:
    """The environment of its programs, which are installed first."""
    uv = str(Path(sys.executable).with_name("uv"))
    home = folder / "home"
    home.mkdir(parents=True)
    (home / ".supysonic").write_text(
        f"[base]\ndatabase_uri = sqlite:///{folder}/supysonic.db\nscanner_extensions = flac\n"
        f"[webapp]\ncache_dir = {folder}/cache\nlog_level = ERROR\nmount_webui = off\n"
        f"[daemon]\nsocket = {folder}/daemon.sock\nrun_watcher = off\n"
    )
    _run(os.environ, uv, "venv", "-q", str(folder / "venv"), "--python", sys.executable)
    python = str(folder / "venv" / "bin" / "python")
    wanted = (f"supysonic=={VERSION}", "waitress")
    _run(os.environ, uv, "pip", "install", "-q", "--python", python, *wanted)
    return dict(os.environ) | {"HOME": str(home)}


def _run(environment: Any, *words: str) -> None:
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{Path(words[0]).name} failed: {(done.stderr or done.stdout)[-500:]}")


async def _answers(port: int) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
