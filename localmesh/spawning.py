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
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2

_libc = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _traversal_capability() -> int | None:
    """The weakest capability at hand that opens folders closed to others, or None."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            effective = int(line.split()[1], 16)
            for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
                if effective & (1 << capability):
                    return capability
    return None


def _become(account: Account, capability: int | None) -> None:
    """Give up root for ``account``, keeping nothing but the capability to walk to its files.

    The mesh's folder and the installed programs may lie below folders that only root may enter
    (0700). Opening those folders to everyone would be worse than one kept capability.
    """
    if capability is not None:
        _checked(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([account.gid])
    os.setgid(account.gid)
    os.setuid(account.uid)
    if capability is not None:
        bit = 1 << capability
        header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
        sets = (_CapabilitySets * 2)(_CapabilitySets(bit, bit, bit), _CapabilitySets(0, 0, 0))
        _checked(_libc.capset(ctypes.byref(header), ctypes.byref(sets)))
        _checked(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def child_setup(
    account: Account | None = None, parent_death_signal: signal.Signals = signal.SIGKILL
) -> Callable[[], None]:
    """What a child does between fork and exec: become ``account``, then die with its parent.

    The order matters: the kernel forgets the parent-death signal when credentials change.
    """
    parent = os.getpid()
    capability = _traversal_capability() if account else None
    linux = sys.platform == "linux"

    def setup() -> None:
        if account is not None:
            _become(account, capability)
        if linux:
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
            cwd=cwd,
            env=dict(env),
            stdin=stdin,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
            preexec_fn=child_setup(account, parent_death_signal),
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
