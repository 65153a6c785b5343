"""Hands on a running mesh: its processes, its rows, its objects."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from localmesh import control
from localmesh.databases import database_dsn
from localmesh.discovery import find_mesh
from localmesh.faults import CommandRefused, MeshNotRunning
from localmesh.layout import Layout
from tests.process_states import is_running

PATIENCE_S = 60.0
_POLL_S = 0.05
_SCALE_S = 120.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A process as the supervisor shows it."""

    name: str
    state: str
    pid: int | None
    restarts: int


async def processes(folder: Path) -> dict[str, Seen]:
    """Every process of the mesh by its name."""
    answer = await control.ask(Layout.at(folder), {"op": "status"})
    return {
        each["name"]: Seen(each["name"], each["state"], each["pid"], each["restarts"])
        for each in answer["processes"]
    }


async def pid_of(folder: Path, name: str) -> int:
    """The pid of a process, as soon as it has one."""

    async def pid() -> int | None:
        return (await processes(folder))[name].pid

    return int(await until(pid, f"{name} has no pid"))


async def kill(folder: Path, name: str) -> None:
    """SIGKILL to one process, as soon as it has a pid."""
    os.kill(await pid_of(folder, name), signal.SIGKILL)


async def kill_and_recover(folder: Path, name: str) -> None:
    """SIGKILL to one process; returns when all are ready again and it was started anew."""
    before = (await processes(folder))[name].restarts
    await kill(folder, name)

    async def restarted() -> bool:
        return (await processes(folder))[name].restarts > before

    await until(restarted, f"{name} was not started again")
    await until_ready(folder)


@asynccontextmanager
async def held_down(folder: Path, name: str) -> AsyncIterator[None]:
    """A process that is killed and not started again before the end of the block."""
    pid = (await processes(folder))[name].pid
    assert pid is not None
    with frozen(find_mesh(folder).pid):
        # What a server has started, as PostgreSQL for each connection, serves on for a moment.
        family = (pid, *children_of(pid))
        os.kill(pid, signal.SIGKILL)

        async def gone() -> bool:
            return not any(map(is_running, family))

        await until(gone, f"{name} does not end")
        yield

    async def restarted() -> bool:
        return (await processes(folder))[name].pid not in (None, pid)

    await until(restarted, f"{name} was not started again")
    await until_ready(folder)


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that are its own still."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in found for child in task.read_text().split()]


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process that answers nobody and is not dead either."""
    # 0 would be everything that runs the tests.
    assert pid > 0
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def until_ready(folder: Path) -> None:
    """Returns when every process is ready."""

    async def ready() -> bool:
        return all(each.state == "ready" for each in (await processes(folder)).values())

    await until(ready, "not every process became ready")


async def scale(folder: Path, service: str, count: int) -> list[str]:
    """Brings a service to ``count`` instances; returns their names."""
    request = {"op": "scale", "service": service, "replicas": count}
    answer = await control.ask(Layout.at(folder), request, _SCALE_S)
    return list(answer["instances"])


async def until(
    condition: Callable[[], Awaitable[Any]], otherwise: str, within_s: float = PATIENCE_S
) -> Any:
    """What ``condition`` answers as soon as that is true; fails with ``otherwise`` if never."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                if found := await condition():
                    return found
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise AssertionError(f"{otherwise} within {within_s:g} s") from None


async def rows(folder: Path, service: str, query: str, *values: Any) -> list[Any]:
    """What a query answers in the schema of a service, under that service's own role."""
    async with transaction(folder, service) as connection:
        cursor = await connection.execute(query.encode(), values)
        return await cursor.fetchall()


@asynccontextmanager
async def transaction(folder: Path, service: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A transaction in the schema of a service, under that service's own role."""
    connection = await psycopg.AsyncConnection.connect(database_dsn(folder, service))
    async with connection:
        yield connection


def tree(folder: Path) -> dict[int, str]:
    """The supervisor and everything below it: pid and command line."""
    return {pid: _command(pid) for pid in _with_descendants([find_mesh(folder).pid])}


def cut_power(folder: Path) -> dict[int, str]:
    """SIGKILL to every process of the mesh, the supervisor first; returns what was killed.

    All are stopped before the first dies, so that none can react to the death of another.
    """
    doomed = tree(folder)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in doomed:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
    return doomed


def alive(seen: dict[int, str]) -> dict[int, str]:
    """Which of these processes still run, as the same programs."""
    return {pid: command for pid, command in seen.items() if command and _command(pid) == command}


async def until_gone(seen: dict[int, str]) -> None:
    """Returns when none of these processes is left."""

    async def gone() -> bool:
        return not alive(seen)

    try:
        await until(gone, "processes are left", within_s=30)
    except AssertionError as error:
        raise AssertionError(f"still alive: {alive(seen)}") from error


async def mesh_is_gone(folder: Path) -> bool:
    """Whether nobody answers for the folder."""
    try:
        await processes(folder)
    except (MeshNotRunning, CommandRefused):
        return True
    return False


def _with_descendants(roots: Sequence[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name between the parentheses may hold anything; the parent follows the state.
            parent = int(
                stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
            )
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = list(roots)
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def _command(pid: int) -> str:
    """The command line, empty when the process is gone or a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""
