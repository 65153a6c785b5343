"""From the wish to hear a track to its first audio byte, and to the player's first sound.

A device on a kept HTTP/1.1 connection calls Play, reads the master and the media playlist and the
initialisation, and asks for the first segment; the clock stops when its first byte is here. The
native player does the same over gRPC and httpx, decodes, and stops when the sink is fed.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import uvloop

from bench import processor
from bench.keepalive import KeepAlive, Response
from bench.report import Figure, quantile
from localmesh.discovery import find_mesh
from player.listening import listening, start_session
from player.mesh_client import LocalUser, MeshClient
from player.wiring import PlayerOptions
from tests.running_mesh import RunningMesh, make_noise, running_mesh

STARTS = 200
PLAYER_STARTS = 10
MUST_MS = 1_000
AIM_MS = 50
STEPS = ("Play", "master playlist", "media playlist", "initialisation", "first byte of audio")


class _Device:
    """Starts a track as a web player would, and takes the time of every step."""

    def __init__(self, client: KeepAlive, token: str, track_id: str) -> None:
        self._client = client
        self._token = token
        self._order = json.dumps({"track_id": track_id, "device_id": "bench"}).encode()

    async def start(self) -> list[float]:
        """When each step was done, in ms since the wish."""
        began = time.perf_counter()
        played = await self._checked(
            "POST",
            "/playback/play",
            self._order,
            authorization=f"Bearer {self._token}",
            content_type="application/json",
        )
        address = json.loads(played.body)["stream_url"]
        master = await self._get(address)
        rung = urljoin(address, _uris(master)[0])
        media = await self._get(rung)
        mapped = re.search(rb'#EXT-X-MAP:.*?URI="([^"]+)"', media.body)
        assert mapped
        init = await self._get(urljoin(rung, mapped[1].decode()))
        audio = await self._get(urljoin(rung, _uris(media)[0]))
        steps = (played, master, media, init, audio)
        return [(step.first_byte_at - began) * 1000 for step in steps]

    async def _get(self, address: str) -> Response:
        return await self._checked("GET", urlsplit(address).path)

    async def _checked(self, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
        answer = await self._client.call(method, path, body, **headers)
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body[:500]!r}")
        return answer


def _uris(playlist: Response) -> list[str]:
    lines = playlist.body.decode().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


async def _over_http(mesh: RunningMesh, token: str, track_id: str) -> list[Figure]:
    async with KeepAlive(urlsplit(mesh.edge).netloc) as client:
        device = _Device(client, token, track_id)
        await device.start()
        used = processor.of_tree(find_mesh(mesh.folder).pid)
        starts = [await device.start() for _ in range(STARTS)]
        cost = (processor.of_tree(find_mesh(mesh.folder).pid) - used) * 1000 / STARTS
    before = [0.0] * STARTS
    for at, step in enumerate(STEPS):
        done = [start[at] for start in starts]
        took = [one - two for one, two in zip(done, before, strict=True)]
        words = f"p50 {quantile(took, 0.5):6.2f} ms, p95 {quantile(took, 0.95):6.2f} ms"
        print(f"  {step:<20} {words}", file=sys.stderr)
        before = done
    p50, p95 = quantile(before, 0.5), quantile(before, 0.95)
    return [
        Figure("play → first audio byte, p50", p50, "ms", f"{cost:.1f} ms of the mesh's processor"),
        Figure("play → first audio byte, p95", p95, "ms", f"must < {MUST_MS} ms, aim < {AIM_MS}"),
    ]


async def _native(mesh: RunningMesh, track_id: str) -> list[Figure]:
    options = PlayerOptions(sink="null")
    times = []
    async with MeshClient(mesh.folder, LocalUser("listener")) as client:
        await client.token()
        for _ in range(PLAYER_STARTS):
            began = time.perf_counter()
            answer = await start_session(client, track_id, "bench-player")
            async with listening(client, answer, "bench-player", options) as session:
                assert session.player
                async for status in session.player.watch():
                    if status.start_latency_ms is not None:
                        break
                times.append((time.perf_counter() - began) * 1000)
                await session.stop()
    print(f"  native player: {', '.join(f'{ms:.0f}' for ms in times)} ms", file=sys.stderr)
    what = "play → first sound of the native player"
    slowest = Figure(
        f"{what}, slowest of {PLAYER_STARTS}", max(times), "ms", f"must < {MUST_MS} ms"
    )
    return [Figure(f"{what}, p50", quantile(times, 0.5), "ms", None), slowest]


def run() -> list[Figure]:
    """Measures; about half a minute."""
    with tempfile.TemporaryDirectory() as name, running_mesh(Path(name) / "mesh") as mesh:
        make_noise(Path(name) / "music" / "a.flac", 60, title="A", artist="B", album="C")
        mesh.import_music(Path(name) / "music")
        token = mesh.token()
        track_id = mesh.call("GET", "/tracks", token=token).body["tracks"][0]["id"]
        http = uvloop.run(_over_http(mesh, token, track_id))
        return http + uvloop.run(_native(mesh, track_id))
