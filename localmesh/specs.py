"""What a supervised process is: its command, its place in the order, and when it is ready."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class Probe(Protocol):
    """One question to a process: can it do its work?"""

    async def check(self) -> bool:
        """True when the process can do its work. Raises nothing for one that is not up yet."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a process runs as, when it is not the one that runs the mesh."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How long to wait before a process is started again, in seconds.

    The n-th wait in a row is ``first_s * factor ** (n - 1)``, at most ``longest_s``. A process
    that was ready for ``stable_after_s`` begins again at ``first_s``. One that was never ready
    is given up after ``start_attempts``.
    """

    first_s: float = 0.2
    factor: float = 2.0
    longest_s: float = 30.0
    stable_after_s: float = 10.0
    start_attempts: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """One process: what to run, what must be ready before it, and how it is stopped.

    ``role`` is what instances share (``catalog``); ``name`` is one instance (``catalog-1``).
    ``after`` names the roles that must be ready first. ``before_start`` runs before every start,
    ``once_ready`` after every successful probe and before the process counts as ready.
    The stop signal goes to the process alone, so that it can end its own children in order;
    after ``stop_grace_s`` its whole group is killed. ``parent_death_signal`` is what it gets
    when the supervisor itself is killed.
    """

    name: str
    role: str
    argv: tuple[str, ...]
    ready: Probe
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    after: frozenset[str] = frozenset()
    account: Account | None = None
    before_start: Callable[[], Awaitable[None]] | None = None
    once_ready: Callable[[], Awaitable[None]] | None = None
    ready_timeout_s: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 15.0
    parent_death_signal: signal.Signals = signal.SIGKILL
