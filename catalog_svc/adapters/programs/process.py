"""Programs run as bounded children: in time, memory, output, and in life by their parent's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

_OUTPUT_LIMIT = 8 * 1024 * 1024
_ERROR_LIMIT = 256 * 1024

# The shell sets the limits and waits beside the program: when the pipe that is its standard input
# closes, because the parent is gone, the program is killed. The program itself gets no input.
_TETHER = """
ulimit -c 0; ulimit -v "$1"; ulimit -f "$2"; ulimit -t "$3"; shift 3
exec 3<&0
"$@" </dev/null 3<&- & child=$!
( read -r _ <&3; kill -KILL $child ) >/dev/null 2>&1 & watch=$!
exec 3<&-
wait $child; code=$?
kill -KILL $watch 2>/dev/null
exit $code
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds by the clock and of processor, KiB of address space, bytes of a file written."""

    timeout_s: float
    cpu_s: int
    memory_kib: int = 4 * 1024 * 1024
    file_bytes: int = 8 * 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: its exit code, and the bounded start of what it printed."""

    code: int
    output: bytes
    errors: str


class ProgramTimeout(Exception):
    """The program was killed because it took longer than its limit."""


async def run(
    command: Sequence[str | bytes], limits: Limits, inherited: Sequence[int] = ()
) -> Finished:
    """Run ``command`` to its end; a cancelled caller kills it. It has ``inherited`` open.

    Raises ``ProgramTimeout`` after ``limits.timeout_s``.
    """
    bounds = (limits.memory_kib, limits.file_bytes // 512, limits.cpu_s)
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        _TETHER,
        "sh",
        *(str(bound) for bound in bounds),
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        pass_fds=inherited,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
    )
    try:
        async with asyncio.timeout(limits.timeout_s):
            output, errors, code = await asyncio.gather(
                _head(process.stdout, _OUTPUT_LIMIT),
                _ends(process.stderr, _ERROR_LIMIT),
                process.wait(),
            )
    except TimeoutError:
        raise ProgramTimeout(f"{os.fsdecode(command[0])}: {limits.timeout_s:g} s") from None
    finally:
        await _end(process)
    return Finished(code, output, errors.decode("utf-8", "replace"))


async def _head(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    """The first ``limit`` bytes; what follows is read and dropped, so that nothing blocks."""
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(65536)):
        kept += chunk[: max(0, limit - len(kept))]
    return bytes(kept)


async def _ends(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    """The first and the last bytes: the cause stands at the start, the summary at the end."""
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(65536)):
        kept += chunk
        if len(kept) > 2 * limit:
            del kept[limit:-limit]
    return bytes(kept)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if process.stdin is not None:
        process.stdin.close()
