"""Streams in both directions by a command line client that knows nothing but reflection."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from e2e_album import SONGS, Music
from edge_calls import capability_of, play
from playlist_callers import Caller

from meshkit import contract_files
from tests.running_mesh import RunningMesh

SEARCH = "segue.catalog.v1.SearchService/Search"
CONNECT = "segue.device.v1.DeviceService/Connect"
BEATS = "segue.playback.v1.HeartbeatService/StreamHeartbeats"


class BufCurl:
    """One call of ``buf curl``; messages go in and come out as JSON, in camelCase."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout
        self._text = ""

    def say(self, **message: Any) -> None:
        self._stdin.write(f"{json.dumps(message)}\n".encode())

    async def hear(self) -> Any:
        async with asyncio.timeout(60):
            while True:
                try:
                    message, end = json.JSONDecoder().raw_decode(self._text)
                except json.JSONDecodeError:
                    line = await self._stdout.readline()
                    assert line, f"the call is over; it said {self._text!r}"
                    self._text += line.decode()
                else:
                    self._text = self._text[end:].lstrip()
                    return message

    def hang_up(self) -> None:
        self._stdin.close()


@asynccontextmanager
async def buf_curl(
    mesh: RunningMesh, token: str, method: str, *more: str
) -> AsyncIterator[BufCurl]:
    """A call while it is held; it ends well when the caller says no more."""
    words = ("curl", "--http2-prior-knowledge", "--protocol", "grpc", "-d", "@-")
    header = ("-H", f"authorization: Bearer {token}")
    buf, pipe = Path(sys.executable).with_name("buf"), asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        buf, *words, *more, *header, f"{mesh.edge}/{method}", stdin=pipe, stdout=pipe
    )
    try:
        call = BufCurl(process)
        yield call
        call.hang_up()
        async with asyncio.timeout(30):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_device_stream_is_held_by_reflection_alone(
    mesh: RunningMesh, music: Music, free: str
) -> None:
    ada = Caller(mesh, free)
    async with buf_curl(mesh, free, CONNECT) as device:
        device.say(hello={"device_id": "terminal", "kind": "COMPUTER"})
        assert await device.hear() == {"welcome": {}}
        order = {"play": {"source": {"track_id": music.id_of(SONGS[0])}}}
        await asyncio.to_thread(ada.post, "/devices/terminal/commands", order)
        command = (await device.hear())["command"]
        mesh.secrets.add(capability_of(command["stream"]["streamUrl"]))
        assert (command["number"], command["kind"]) == (1, "PLAY")
        device.say(applied={"number": 1, "status": "DONE"})
        path = "/devices/terminal/commands/1?wait=8s"
        done = await asyncio.to_thread(ada.get, path)
        assert done["status"] == "DONE"


async def test_a_heartbeat_stream_is_held_by_reflection_alone(
    mesh: RunningMesh, music: Music, free: str
) -> None:
    session = play(mesh, free, music.id_of(SONGS[0]))
    known = {"epoch": session["epoch"], "revision": session["revision"]}
    async with buf_curl(mesh, free, BEATS) as device:
        device.say(hello={"playback_id": session["playback_id"], "device_id": "device-1"})
        assert await device.hear() == {"ack": known}
        for seq in (1, 2):
            beat = {**known, "seq": seq, "position_ms": seq * 1_000, "status": "PLAYING"}
            device.say(heartbeat=beat)
            assert await device.hear() == {"ack": {**known, "seq": seq}}


async def test_who_has_the_descriptor_set_needs_no_reflection(
    mesh: RunningMesh, free: str, music: Music, tmp_path: Path
) -> None:
    described = tmp_path / "segue.binpb"
    described.write_bytes(contract_files.descriptor_set().SerializeToString())
    schema = ("--schema", str(described))
    async with buf_curl(mesh, free, SEARCH, *schema) as call:
        call.say(q=SONGS[0].title)
        call.hang_up()
        assert (await call.hear())["tracks"][0]["id"] == music.id_of(SONGS[0])
