"""A device written in JavaScript holds its streams through the edge, obeys, and comes back."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contracts.playback.play_fields import play_fields
from tests.mesh.mesh_processes import processes, scale
from tests.running_mesh import RunningMesh, make_noise, running_mesh

HERE = Path(__file__).resolve().parent
SECONDS = 6
PATIENCE_S = 60
DEVICE = "kitchen"

pytestmark = pytest.mark.timeout(300)


class NodeDevice:
    """The client of client.js while it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout
        self.heard: list[Any] = []

    async def next(self, what: str, **words: Any) -> Any:
        """The next line that says this; what it says before is kept in ``heard``, too."""
        async with asyncio.timeout(PATIENCE_S):
            while line := await self._stdout.readline():
                said = json.loads(line)
                self.heard.append(said)
                if said["what"] == what and words.items() <= said.items():
                    return said
        raise AssertionError(f"it left without {what} {words}: {self.heard}")

    def of(self, what: str) -> list[Any]:
        """All lines of a kind that were heard."""
        return [said for said in self.heard if said["what"] == what]

    def token(self, token: str) -> None:
        """Hands it an access token: its first, or a fresh one."""
        self._stdin.write(f"{token}\n".encode())

    async def leave(self) -> None:
        """Lets it hang up and reads all that it says until then."""
        self._stdin.close()
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._stdout:
                self.heard.append(json.loads(line))


@asynccontextmanager
async def node_device(mesh: RunningMesh, token: str) -> AsyncIterator[NodeDevice]:
    """A device in a process of its own; it is gone when the block is left."""
    node = shutil.which("node")
    assert node, "the Node client needs node and npm; run: make test-node"
    assert (HERE / "node_modules").is_dir(), "its packages are not laid out; run: make test-node"
    words = (str(HERE / "client.js"), urlsplit(mesh.edge).netloc, DEVICE)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(node, *words, stdin=pipe, stdout=pipe)
    try:
        device = NodeDevice(process)
        device.token(token)
        yield device
        await device.leave()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    music = tmp_path_factory.mktemp("music")
    for number in range(2):
        make_noise(music / f"{number}.flac", SECONDS, title=f"Noise {number}", artist="Ada")
    with running_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        assert mesh.import_music(music).files_complete == 2
        yield mesh


class Phone:
    """Another client of the same user, which commands the device in JSON."""

    def __init__(self, mesh: RunningMesh, user: str) -> None:
        self._mesh = mesh
        self.token = mesh.token(user)
        self.tracks = [track["id"] for track in self.call("GET", "/tracks")["tracks"]]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._mesh.call(method, path, body, token=self.token)
        assert answer.status == 200, answer
        return answer.body

    def send(self, **command: Any) -> Any:
        """Sends a command; answers it as it was stored."""
        return self.call("POST", f"/devices/{DEVICE}/commands", command)["command"]

    async def command(self, **command: Any) -> Any:
        """Sends a command; answers it once the device has obeyed."""
        sent = await asyncio.to_thread(self.send, **command)
        return await self.done(sent["number"])

    async def done(self, number: int) -> Any:
        """The command once the device has obeyed."""
        path = f"/devices/{DEVICE}/commands/{number}?wait=8s"
        async with asyncio.timeout(PATIENCE_S):
            while (seen := await self._seen(path))["status"] == "PENDING":
                continue
        assert seen["status"] == "DONE", seen
        return seen

    async def _seen(self, path: str) -> Any:
        return await asyncio.to_thread(self.call, "GET", path)


async def playing(device: NodeDevice, phone: Phone) -> Any:
    """The command that started a session on the device, with beats under way."""
    await device.next("welcome")
    started = await phone.command(play=play_fields(track_ids=phone.tracks))
    assert started["kind"] == "PLAY"
    heard = await device.next("command", kind="PLAY", track_id=phone.tracks[0])
    assert heard["streams"]
    await device.next("ack", seq=1)
    return started


async def test_a_node_device_obeys_commands_and_its_beats_are_acknowledged(
    mesh: RunningMesh,
) -> None:
    phone = Phone(mesh, "obeyed")
    async with node_device(mesh, phone.token) as device:
        started = await playing(device, phone)
        await phone.command(volume={"percent": 40})
        skipped = await phone.command(skip={})
        assert skipped["target"]["track"]["id"] == phone.tracks[1]
        await phone.command(seek={"position_ms": 3_000})
        await phone.command(pause={})
        await device.next("command", kind="PAUSE")
        await device.next("ack", revision=started["target"]["revision"] + 3)
        listed = phone.call("GET", "/devices")["devices"]
        assert (listed[0]["online"], listed[0]["active"]) == (True, True)
        assert listed[0]["volume_percent"] == 40
        await phone.command(stop={})
        await device.next("over", reason="STOPPED")
        await device.next("end", stream="beats", reason="FINISHED")
    numbers = [said["number"] for said in device.of("command")]
    assert numbers == list(range(started["number"], started["number"] + len(numbers)))
    seqs = [said["seq"] for said in device.of("ack")]
    assert seqs == sorted(seqs)
    assert {said["code"] for said in device.of("closed")} == {"OK"}


async def test_a_node_device_that_is_drained_comes_back_and_goes_on(mesh: RunningMesh) -> None:
    phone = Phone(mesh, "drained")
    await scale(mesh.folder, "playback", 1)
    async with node_device(mesh, phone.token) as device:
        started = await playing(device, phone)
        await scale(mesh.folder, "playback", 2)
        os.kill(await pid_of(mesh, "playback-1"), signal.SIGTERM)
        await device.next("end", reason="DRAINING")
        # What is sent while the device is away waits for it.
        sought = await asyncio.to_thread(phone.send, seek={"position_ms": 3_000})
        welcome = await device.next("welcome")
        assert welcome["last_applied"] == started["number"]
        await phone.done(sought["number"])
        await device.next("ack", revision=started["target"]["revision"] + 1)
    assert {said["stream"] for said in device.of("end") if said["comes_back"]} == {
        "commands",
        "beats",
    }
    assert {said["code"] for said in device.of("closed")} == {"OK"}
    kinds = [said["kind"] for said in device.of("command")]
    assert kinds == ["PLAY", "SEEK"]
    seqs = [said["seq"] for said in device.of("ack")]
    assert seqs == sorted(seqs)


async def pid_of(mesh: RunningMesh, name: str) -> int:
    pid = (await processes(mesh.folder))[name].pid
    assert pid is not None
    return pid


async def test_a_node_device_renews_its_token_on_both_streams(mesh: RunningMesh) -> None:
    phone = Phone(mesh, "renewed")
    async with node_device(mesh, phone.token) as device:
        await playing(device, phone)
        device.token(mesh.token("renewed"))
        await phone.command(seek={"position_ms": 3_000})
        device.token(mesh.token("somebody-else"))
        refused = [await device.next("closed") for _ in range(2)]
        assert {said["stream"] for said in refused} == {"commands", "beats"}
        assert {said["code"] for said in refused} == {"UNAUTHENTICATED"}
