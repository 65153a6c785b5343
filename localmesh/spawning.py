"""Starting children that die with their parent and that may run as another user."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from localmesh.specs import Account

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _become(account: Account, cwd: Path) -> None:
    """Enter ``cwd``, then give up root, and every capability with it, for ``account``.

    So a child stands in a folder of its own, and finds there what is its own, whatever folders
    above it are closed to ``account``.
    """
    os.chdir(cwd)
    os.setgroups([account.gid])
    os.setgid(account.gid)
    os.setuid(account.uid)


def child_setup(
    account: Account | None = None,
    parent_death_signal: signal.Signals = signal.SIGKILL,
    *,
    cwd: Path = Path("/"),
) -> Callable[[], None]:
    """What a child does between fork and exec: become ``account`` in ``cwd``, then die with its
    parent.

    The order matters: the kernel forgets the parent-death signal when credentials change.
    """
    parent = os.getpid()
    linux = sys.platform == "linux"

    def setup() -> None:
        if account is not None:
            _become(account, cwd)
        if linux:
            # What it runs gains nothing by a set-user-id bit either.
            _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
            _checked(_libc.prctl(_PR_SET_PDEATHSIG, int(parent_death_signal), 0, 0, 0))
            if os.getppid() != parent:
                os._exit(1)

    return setup


@dataclass(frozen=True, slots=True)
class Child:
    """A started process and everything that it and its children say (stdout and stderr)."""

    process: asyncio.subprocess.Process
    output: asyncio.StreamReader
    _transport: asyncio.ReadTransport

    def close(self) -> None:
        """Stop listening."""
        self._transport.close()


async def spawn(
    argv: tuple[str, ...],
    *,
    cwd: Path,
    env: Mapping[str, str],
    account: Account | None = None,
    parent_death_signal: signal.Signals = signal.SIGKILL,
    stdin: int = asyncio.subprocess.DEVNULL,
) -> Child:
    """Start a child in a session of its own; the caller closes it.

    Must be called on the main thread: the parent-death signal fires when the *thread* that
    forked ends. Raises RuntimeError elsewhere, OSError when the program cannot be started.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are started from the main thread")
    # Not asyncio's own pipe: with that one, wait() lasts until every grandchild has closed it.
    reading, writing = os.pipe()
    output = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(output), os.fdopen(reading, "rb", buffering=0)
    )
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            # Event loops differ in whether they go there before or after the child's own setup.
            cwd=cwd if account is None else None,
            env=dict(env),
            stdin=stdin,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
            preexec_fn=child_setup(account, parent_death_signal, cwd=cwd),
        )
    except BaseException:
        transport.close()
        raise
    finally:
        os.close(writing)
    return Child(process, output, transport)


async def run_tool(
    argv: tuple[str, ...],
    *,
    cwd: Path,
    env: Mapping[str, str],
    account: Account | None = None,
    stdin: bytes = b"",
    timeout_s: float = 60.0,
) -> tuple[int, str]:
    """Run a short program to its end; returns its exit status and its output.

    Raises TimeoutError after ``timeout_s``, having killed it.
    """
    child = await spawn(argv, cwd=cwd, env=env, account=account, stdin=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(timeout_s):
            _, output = await asyncio.gather(child.process.communicate(stdin), child.output.read())
    finally:
        kill_group(child.process.pid)
        await child.process.wait()
        child.close()
    return child.process.returncode or 0, output.decode(errors="replace")


def kill_group(leader: int) -> None:
    """Kill every process left in the group that ``leader`` began; none left is fine."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # macOS answers EPERM for a group whose only members are zombies.
        return
