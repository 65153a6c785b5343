"""Programs as children: bounded, quiet, and never left behind."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from catalog_svc.adapters.programs.process import Limits, ProgramTimeout, run
from tests.process_states import is_running

LIMITS = Limits(timeout_s=30, cpu_s=10)


async def test_output_errors_and_code_are_told() -> None:
    done = await run(["/bin/sh", "-c", "echo out; echo err >&2; exit 7"], LIMITS)
    assert (done.code, done.output, done.errors) == (7, b"out\n", "err\n")


async def test_a_program_gets_no_input() -> None:
    assert (await run(["/bin/cat"], LIMITS)).output == b""


async def test_endless_output_is_bounded() -> None:
    done = await run(["/bin/sh", "-c", "head -c 20000000 /dev/zero"], LIMITS)
    assert (done.code, len(done.output)) == (0, 8 * 1024 * 1024)


async def test_too_long_is_too_long() -> None:
    with pytest.raises(ProgramTimeout):
        await run(["/bin/sleep", "60"], Limits(timeout_s=0.1, cpu_s=10))


async def test_a_large_file_cannot_be_written(tmp_path: Path) -> None:
    limits = Limits(timeout_s=30, cpu_s=10, file_bytes=1024 * 1024)
    target = tmp_path / "large"
    done = await run(["/bin/sh", "-c", f"head -c 3000000 /dev/zero > {target}"], limits)
    assert done.code != 0
    assert target.stat().st_size <= 1024 * 1024


async def test_a_cancelled_caller_ends_the_program(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    running = asyncio.ensure_future(run(_marking(mark), LIMITS))
    pid = await _pid(mark)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await _gone(pid)


async def test_a_program_does_not_outlive_its_parent(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    script = (
        "import asyncio, sys\n"
        "from catalog_svc.adapters.programs.process import Limits, run\n"
        "asyncio.run(run(sys.argv[1:], Limits(timeout_s=60, cpu_s=10)))\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, *_marking(mark))
    pid = await _pid(mark)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await _gone(pid)


def _marking(mark: Path) -> list[str]:
    """A long command that writes its process id first."""
    return ["/bin/sh", "-c", f"echo $$ > {mark}.new; mv {mark}.new {mark}; exec sleep 60"]


async def _pid(mark: Path) -> int:
    async with asyncio.timeout(30):
        while not (content := await asyncio.to_thread(_content, mark)):
            await asyncio.sleep(0.01)
    return int(content)


def _content(mark: Path) -> str:
    return mark.read_text() if mark.exists() else ""


async def _gone(pid: int) -> None:
    """Returns when no such process runs; a zombie whom nobody reaps does not run."""
    async with asyncio.timeout(10):
        while is_running(pid):
            await asyncio.sleep(0.01)
