"""Another user of the machine, as the tests play him: a forked process that gives up root."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

T = TypeVar("T")

# Nobody's: of no account, and not the one that PostgreSQL runs as under root.
UID = 54_321


@dataclass(frozen=True, slots=True)
class Refused:
    """What the kernel said."""

    errno: int


def as_stranger(deed: Callable[[], T]) -> T | Refused:
    """What ``deed`` returns where another user does it, or how the kernel refused it.

    What it imports must be imported before: his eyes do not reach our modules.
    """
    reading, pid = _forked(deed, stay=False)
    with os.fdopen(reading, "rb") as stream:
        told = stream.read()
    _, status = os.waitpid(pid, 0)
    assert status == 0, f"the stranger failed in a way that was not meant: {status}"
    answer: T | Refused = pickle.loads(told)
    return answer


@contextlib.contextmanager
def stranger_holding(deed: Callable[[], T]) -> Iterator[T | Refused]:
    """The same, and he stays, with all that he opened, until the block is left."""
    reading, pid = _forked(deed, stay=True)
    try:
        with os.fdopen(reading, "rb") as stream:
            size = int.from_bytes(stream.read(4))
            yield pickle.loads(stream.read(size))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _forked(deed: Callable[[], T], *, stay: bool) -> tuple[int, int]:
    if os.geteuid() != 0:
        pytest.fail("a second user of the machine is played by root: run these tests as root")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return reading, pid
    try:
        os.setgroups([])
        os.setgid(UID)
        os.setuid(UID)
        kept: T | Refused
        try:
            kept = deed()
        except OSError as error:
            kept = Refused(error.errno or 0)
        told = pickle.dumps(_shown(kept))
        os.write(writing, len(told).to_bytes(4) + told if stay else told)
        if stay:
            signal.pause()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _shown(kept: object) -> object:
    """Of an open socket no more than that there is one."""
    return True if hasattr(kept, "fileno") else kept
