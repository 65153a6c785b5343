"""The supervisor with real processes: order, restarts, endings, and no orphans."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localmesh.faults import CommandRefused, StartFailed
from localmesh.specs import ProcessSpec
from localmesh.supervisor import Supervisor

Wait = Callable[[Callable[[], bool]], Awaitable[None]]
Alive = Callable[[int], bool]


@dataclass(frozen=True)
class FileProbe:
    """Ready when the file is there."""

    path: Path

    async def check(self) -> bool:
        return self.path.exists()


def shell(folder: Path, name: str, script: str, *after: str, **more: Any) -> ProcessSpec:
    """A shell script that is ready when it has touched a file of its name."""
    return ProcessSpec(
        name=name,
        role=more.pop("role", name),
        argv=("/bin/sh", "-c", script),
        env=dict(os.environ),
        cwd=folder,
        after=frozenset(after),
        ready=FileProbe(folder / name),
        **more,
    )


def log_of(folder: Path, name: str) -> str:
    path = folder / "logs" / f"{name}.log"
    return path.read_text() if path.exists() else ""


def pid_of(supervisor: Supervisor, name: str) -> int | None:
    return next(status.pid for status in supervisor.status() if status.name == name)


async def test_a_process_starts_when_what_it_needs_is_ready(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    await supervisor.start(
        (
            shell(tmp_path, "b", "ls a && touch b && exec sleep 100", "a"),
            shell(tmp_path, "a", "sleep 0.3; touch a; exec sleep 100"),
        )
    )
    assert log_of(tmp_path, "b").endswith("Z a\n")
    assert [status.state for status in supervisor.status()] == ["ready", "ready"]


async def test_processes_without_needs_start_at_once(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    # Each is ready only when the other has begun: one after the other would never end.
    script = "touch began-{0}; while ! test -e began-{1}; do sleep 0.02; done; touch {0}; sleep 99"
    await supervisor.start(
        (
            shell(tmp_path, "a", script.format("a", "b")),
            shell(tmp_path, "b", script.format("b", "a")),
        )
    )


async def test_a_killed_process_is_started_again(
    supervisor: Supervisor, tmp_path: Path, eventually: Wait
) -> None:
    await supervisor.start((shell(tmp_path, "a", "touch a; exec sleep 100"),))
    before = pid_of(supervisor, "a")
    assert before is not None
    os.kill(before, signal.SIGKILL)
    await eventually(lambda: pid_of(supervisor, "a") not in (None, before))
    (status,) = supervisor.status()
    assert (status.restarts, status.last_exit) == (1, "killed by signal 9")


async def test_what_a_crashed_process_left_running_is_ended(
    supervisor: Supervisor, tmp_path: Path, eventually: Wait, is_running: Alive
) -> None:
    script = "sleep 100 & echo child $!; touch a; wait"
    await supervisor.start((shell(tmp_path, "a", script),))
    await eventually(lambda: "child" in log_of(tmp_path, "a"))
    child = int(log_of(tmp_path, "a").split()[-1])
    os.kill(pid_of(supervisor, "a") or 0, signal.SIGKILL)
    await eventually(lambda: not is_running(child))


async def test_a_process_that_never_starts_is_given_up_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    broken = shell(tmp_path, "a", "echo the disk is full; exit 3")
    waiting = shell(tmp_path, "b", "exec sleep 100", "a")
    with pytest.raises(StartFailed, match="a did not start: exited with status 3") as caught:
        await supervisor.start((broken, waiting))
    assert caught.value.last_lines == ("the disk is full",)
    await supervisor.stop()
    assert [status.state for status in supervisor.status()] == ["failed", "stopped"]


async def test_a_program_that_is_not_there_is_named(supervisor: Supervisor, tmp_path: Path) -> None:
    spec = ProcessSpec(
        name="a", role="a", argv=("/nowhere/a",), ready=FileProbe(tmp_path), cwd=tmp_path
    )
    with pytest.raises(StartFailed, match="/nowhere/a"):
        await supervisor.start((spec,))


async def test_a_process_that_is_not_ready_in_time_is_ended_and_given_up(
    supervisor: Supervisor, tmp_path: Path, is_running: Alive
) -> None:
    spec = shell(tmp_path, "a", "echo $$ >> pids; exec sleep 100", ready_timeout_s=0.3)
    with pytest.raises(StartFailed, match=r"was not ready within 0\.3 s"):
        await supervisor.start((spec,))
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    assert not any(map(is_running, pids))


async def test_stopping_goes_in_reverse_order(supervisor: Supervisor, tmp_path: Path) -> None:
    script = "trap 'echo {0} >> order; exit' TERM; touch {0}; while :; do sleep 0.02; done"
    await supervisor.start(
        (
            shell(tmp_path, "store", script.format("store")),
            shell(tmp_path, "service", script.format("service"), "store"),
            shell(tmp_path, "edge", script.format("edge"), "service"),
        )
    )
    await supervisor.stop()
    assert (tmp_path / "order").read_text().split() == ["edge", "service", "store"]


async def test_a_process_that_does_not_stop_is_killed_with_its_group(
    supervisor: Supervisor, tmp_path: Path, programs: Path, eventually: Wait, is_running: Alive
) -> None:
    script = f"touch a; exec {sys.executable} {programs / 'stubborn_tree.py'}"
    await supervisor.start((shell(tmp_path, "a", script, stop_grace_s=0.2),))
    await eventually(lambda: "pids" in log_of(tmp_path, "a"))
    pids = [int(word) for word in re.findall(r"\d+", log_of(tmp_path, "a").split("pids")[1])]
    assert all(map(is_running, pids))
    await supervisor.stop()
    await eventually(lambda: not any(map(is_running, pids)))
    assert "did not stop within 0.2 s: killed" in log_of(tmp_path, "mesh")


async def test_instances_come_and_go_while_the_others_run(
    supervisor: Supervisor, tmp_path: Path, is_running: Alive
) -> None:
    run = "touch {0}; exec sleep 100"
    await supervisor.start((shell(tmp_path, "a-1", run.format("a-1"), role="a"),))
    await supervisor.add(shell(tmp_path, "a-2", run.format("a-2"), role="a"))
    first, second = pid_of(supervisor, "a-1"), pid_of(supervisor, "a-2")
    await supervisor.remove("a-2")
    assert [status.name for status in supervisor.status()] == ["a-1"]
    assert pid_of(supervisor, "a-1") == first
    assert not is_running(second or 0)
    with pytest.raises(CommandRefused, match="no process named a-2"):
        await supervisor.remove("a-2")


async def test_an_instance_that_does_not_start_is_not_kept(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(StartFailed):
        await supervisor.add(shell(tmp_path, "a", "exit 1"))
    assert supervisor.status() == ()


async def test_a_stop_during_the_start_ends_everything(
    supervisor: Supervisor, tmp_path: Path, eventually: Wait, is_running: Alive
) -> None:
    never = shell(tmp_path, "a", "exec sleep 100")
    starting = asyncio.create_task(
        supervisor.start((never, shell(tmp_path, "b", "exec sleep 100", "a")))
    )
    await eventually(lambda: bool(supervisor.status()) and supervisor.status()[0].pid is not None)
    pid = supervisor.status()[0].pid
    starting.cancel()
    await supervisor.stop()
    assert not is_running(pid or 0)
    assert {status.state for status in supervisor.status()} == {"stopped"}


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ({"a": ("b",), "b": ("a",)}, "in a circle"),
        ({"a": ("nobody",)}, "needs .'nobody'., which nothing provides"),
    ],
)
async def test_an_order_that_cannot_be_kept_is_refused(
    supervisor: Supervisor, tmp_path: Path, needs: dict[str, tuple[str, ...]], words: str
) -> None:
    specs = [shell(tmp_path, name, "exec sleep 1", *after) for name, after in needs.items()]
    with pytest.raises(ValueError, match=words):
        await supervisor.start(specs)


async def test_a_killed_supervisor_leaves_no_orphan(
    tmp_path: Path, programs: Path, eventually: Wait, is_running: Alive
) -> None:
    parent = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, str(programs / "supervising_parent.py"), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        line = await asyncio.to_thread(parent.stdout.readline)
        children = [int(word) for word in line.split()]
        assert len(children) == 2
        assert all(map(is_running, children))
        parent.kill()
        await eventually(lambda: not any(map(is_running, children)))


async def test_children_are_started_from_the_main_thread_only(tmp_path: Path) -> None:
    from localmesh.spawning import spawn

    def elsewhere() -> None:
        asyncio.run(spawn(("/bin/true",), cwd=tmp_path, env={}))

    with pytest.raises(RuntimeError, match="main thread"):
        await asyncio.to_thread(elsewhere)
