"""Whole meshes: real stores, a real Envoy, and small services that say their names."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import stat
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from localmesh import control, lock
from localmesh.background import start_in_background
from localmesh.commands import app
from localmesh.discovery import MeshAddresses, find_mesh
from localmesh.faults import (
    CommandRefused,
    MeshAlreadyRuns,
    MeshFault,
    MeshNotRunning,
    PortTaken,
    StartFailed,
)
from localmesh.layout import Layout
from localmesh.mesh import MeshOptions, run_mesh
from localmesh.output import Output
from localmesh.processes import Parts

Wait = Callable[[Callable[[], bool]], Awaitable[None]]
Alive = Callable[[int], bool]


@pytest.fixture
def folder(tmp_path: Path, programs: Path) -> Iterator[Path]:
    """A mesh's folder; what a failed test leaves running there is ended."""
    folder = tmp_path / "mesh"
    yield folder
    path = folder / "mesh.lock"
    if lock.is_held(path) and (pid := lock.holder(path)) not in (None, os.getpid()):
        os.kill(pid or 0, signal.SIGKILL)


def _echo() -> Parts:
    from echo_mesh import ECHO  # type: ignore[import-not-found]

    parts: Parts = ECHO
    return parts


def _silent(logs: Path) -> Output:
    return Output(logs, None, "console")


async def _run(options: MeshOptions, on_ready: Callable[[MeshAddresses], None]) -> None:
    await run_mesh(options, _silent, on_ready, _echo())


@contextlib.asynccontextmanager
async def running(
    folder: Path, *replicas: str, port: int | None = 0
) -> AsyncIterator[MeshAddresses]:
    """A mesh of echoes in this process."""
    ready: asyncio.Future[MeshAddresses] = asyncio.get_running_loop().create_future()
    mesh = asyncio.create_task(_run(MeshOptions(folder, port, replicas), ready.set_result))
    mesh.add_done_callback(lambda _: ready.cancel())
    try:
        yield await ready
    finally:
        if not mesh.done():
            await control.ask(Layout.at(folder), {"op": "down"})
        await mesh


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def _ask(folder: Path, **request: Any) -> dict[str, Any]:
    return dict(await control.ask(Layout.at(folder), request, timeout_s=60))


async def _names(edge: str, calls: int) -> Counter[str]:
    """Who answered ``calls`` calls through the edge."""
    async with grpc.aio.insecure_channel(edge.removeprefix("http://")) as channel:
        name: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/segue.test.Echo/Name"
        )
        answers = [await name(b"", timeout=5) for _ in range(calls)]
    return Counter(answer.decode() for answer in answers)


async def test_a_mesh_serves_calls_through_its_edge_and_is_found(folder: Path) -> None:
    async with running(folder) as addresses:
        assert await _names(addresses.edge, 3) == {"echo-1": 3}
        assert find_mesh(folder) == addresses
        assert _mode(folder) == 0o700
        assert _mode(Layout.at(folder).control) == 0o600
    with pytest.raises(MeshNotRunning):
        find_mesh(folder)
    assert not (folder / "mesh.json").exists()


async def test_status_shows_every_process(folder: Path) -> None:
    async with running(folder, "echo=2") as addresses:
        answer = await _ask(folder, op="status")
        assert (answer["state"], answer["edge"]) == ("ready", addresses.edge)
        states = {each["name"]: each["state"] for each in answer["processes"]}
        assert states == dict.fromkeys(("postgres", "valkey", "echo-1", "echo-2", "envoy"), "ready")
        assert (await _ask(folder, op="logs"))["folder"] == str(folder / "logs")


async def test_instances_join_and_leave_without_a_failed_call(
    folder: Path, eventually: Wait
) -> None:
    async with running(folder) as addresses:
        seen: Counter[str] = Counter()
        done = asyncio.Event()

        async def call() -> None:
            while not done.is_set():
                seen.update(await _names(addresses.edge, 10))

        calling = asyncio.create_task(call())
        assert (await _ask(folder, op="scale", service="echo", replicas=2))["instances"] == [
            "echo-1",
            "echo-2",
        ]
        await eventually(lambda: seen["echo-2"] > 10)
        assert len(find_mesh(folder).services["echo"]) == 2
        await _ask(folder, op="scale", service="echo", replicas=1)
        done.set()
        await calling
        assert await _names(addresses.edge, 20) == {"echo-1": 20}
        assert find_mesh(folder).services == addresses.services


async def test_a_killed_service_comes_back_at_its_address(folder: Path, eventually: Wait) -> None:
    async with running(folder) as addresses:
        before = await _ask(folder, op="status")
        pid = next(each["pid"] for each in before["processes"] if each["name"] == "echo-1")
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0)
        for _ in range(200):
            after = await _ask(folder, op="status")
            (echo,) = (each for each in after["processes"] if each["name"] == "echo-1")
            if echo["state"] == "ready" and echo["restarts"] == 1:
                break
            await asyncio.sleep(0.05)
        assert echo["last_exit"] == "killed by signal 9"
        assert find_mesh(folder).services == addresses.services


async def test_a_wrong_command_is_refused_and_harms_nothing(folder: Path) -> None:
    wrong: dict[str, Any] = {
        "no command 'dance'": {"op": "dance"},
        "one of echo": {"op": "scale", "service": "nobody", "replicas": 2},
        "1 to 16": {"op": "scale", "service": "echo", "replicas": 99},
        "a request is a JSON object": ["status"],
    }
    async with running(folder):
        for words, request in wrong.items():
            with pytest.raises(CommandRefused, match=words):
                await control.ask(Layout.at(folder), request)
        assert (await _ask(folder, op="status"))["state"] == "ready"


async def test_a_second_mesh_in_the_folder_is_refused_with_the_first_ones_address(
    folder: Path,
) -> None:
    async with running(folder) as addresses:
        with pytest.raises(MeshAlreadyRuns, match="already runs") as caught:
            await _run(MeshOptions(folder, 0), lambda _: None)
        assert (caught.value.pid, caught.value.edge) == (os.getpid(), addresses.edge)
        assert await _names(addresses.edge, 1) == {"echo-1": 1}


async def test_a_taken_port_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} is taken"):
            await _run(MeshOptions(folder, port), lambda _: None)


async def test_where_the_usual_port_is_taken_another_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setattr("localmesh.mesh.USUAL_PORT", taken)
        async with running(folder, port=None) as addresses:
            assert not addresses.edge.endswith(f":{taken}")
            assert await _names(addresses.edge, 1) == {"echo-1": 1}
    said = (folder / "logs" / "mesh.log").read_text()
    assert f"port {taken} is taken by another program: the edge listens on" in said


async def test_a_stop_during_the_start_leaves_nothing(folder: Path, eventually: Wait) -> None:
    def never(_: MeshAddresses) -> None:
        raise AssertionError("it was ready before it was stopped")

    mesh = asyncio.create_task(_run(MeshOptions(folder, 0), never))
    await eventually(lambda: (folder / "logs" / "postgres.log").exists())
    await control.ask(Layout.at(folder), {"op": "down"})
    await mesh
    assert not lock.is_held(folder / "mesh.lock")


async def test_a_service_that_cannot_start_fails_the_start_with_its_words(folder: Path) -> None:
    from echo_mesh import BROKEN

    with pytest.raises(StartFailed, match="no wall to throw it back"):
        await run_mesh(MeshOptions(folder, 0), _silent, lambda _: None, BROKEN)
    assert not lock.is_held(folder / "mesh.lock")


def _background(folder: Path, port: int = 0) -> str:
    return start_in_background(MeshOptions(folder, port), "background_echo")


async def test_a_mesh_in_the_background_outlives_its_starter_and_a_kill(
    folder: Path, eventually: Wait, is_running: Alive
) -> None:
    edge = await asyncio.to_thread(_background, folder)
    first = find_mesh(folder)
    assert first.edge == edge
    assert first.pid != os.getpid()
    assert await _names(edge, 1) == {"echo-1": 1}
    pids = [each["pid"] for each in (await _ask(folder, op="status"))["processes"]]

    os.kill(first.pid, signal.SIGKILL)
    await eventually(lambda: not any(map(is_running, pids)))
    with pytest.raises(MeshNotRunning):
        find_mesh(folder)

    edge = await asyncio.to_thread(_background, folder)
    assert await _names(edge, 1) == {"echo-1": 1}
    assert await asyncio.to_thread(_command, "down", folder) == 0
    with pytest.raises(MeshNotRunning):
        find_mesh(folder)


def _command(name: str, folder: Path) -> object:
    return app([name, "--dir", str(folder)], result_action="return_value")


async def test_a_failed_start_in_the_background_says_why(folder: Path) -> None:
    with pytest.raises(MeshFault, match="no wall to throw it back"):
        await asyncio.to_thread(_background, folder, 1)
    assert not lock.is_held(folder / "mesh.lock")


def test_the_commands_say_when_there_is_no_mesh(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # It is down already, which is what was asked for.
    for command, status in (("down", 0), ("status", 1)):
        assert _command(command, folder) == status
        said = capsys.readouterr()
        assert f"no mesh runs in {folder}" in said.out + said.err


async def test_the_commands_show_a_running_mesh(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*words: str) -> str:
        app([*words, "--dir", str(folder)], result_action="return_value")
        return capsys.readouterr().out

    async with running(folder) as addresses:
        status = await asyncio.to_thread(command, "status", "--json")
        assert json.loads(status)["edge"] == addresses.edge
        table = await asyncio.to_thread(command, "status")
        assert "echo-1" in table
        logs = await asyncio.to_thread(command, "logs", "echo", "--lines", "5")
        assert "echo-1 serves" in logs


@pytest.mark.parametrize("percent", [-1.0, 100.5, float("nan")])
async def test_a_share_of_traces_that_is_none_is_refused(folder: Path, percent: float) -> None:
    with pytest.raises(MeshFault, match="0 to 100"):
        await _run(MeshOptions(folder, 0, trace_percent=percent), lambda _: None)
