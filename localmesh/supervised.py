"""One supervised process: started, probed, restarted, stopped."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from localmesh.faults import MeshFault, StartFailed
from localmesh.output import LineSplitter, Output
from localmesh.readiness import until_ready
from localmesh.spawning import Child, kill_group, spawn
from localmesh.specs import ProcessSpec, RestartPolicy
from localmesh.watchdog import ChildRegistry

_CHUNK_BYTES = 64 * 1024


class State(StrEnum):
    """Where a process stands."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backing off"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """A process as others see it. ``uptime_s`` counts from its last start, 0 when not running."""

    name: str
    role: str
    state: State
    pid: int | None
    restarts: int
    uptime_s: float
    last_exit: str | None


class Backoff:
    """The waits between starts of one process, in seconds, as RestartPolicy describes them."""

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._failures = 0

    def after_exit(self, ready_for_s: float) -> float:
        """The wait after a run that was ready for ``ready_for_s`` (0: never)."""
        if ready_for_s >= self._policy.stable_after_s:
            self._failures = 0
        delay = self._policy.first_s * self._policy.factor**self._failures
        if delay < self._policy.longest_s:
            self._failures += 1
        return min(delay, self._policy.longest_s)


class SupervisedProcess:
    """Keeps one process running from :meth:`run` until :meth:`stop`.

    ``first_ready`` completes when the process is ready for the first time, or fails with
    StartFailed when it is given up before that.
    """

    def __init__(
        self,
        spec: ProcessSpec,
        output: Output,
        policy: RestartPolicy,
        on_event: Callable[[str, str], None],
        registry: ChildRegistry | None = None,
    ) -> None:
        self.spec = spec
        self.state = State.WAITING
        self.first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.stopped = asyncio.Event()
        self._output = output
        self._policy = policy
        self._on_event = on_event
        self._registry = registry
        self._backoff = Backoff(policy)
        self._stop_asked = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._restarts = 0
        self._started_at = 0.0
        self._ready_at: float | None = None
        self._last_exit: str | None = None

    @property
    def status(self) -> ProcessStatus:
        """The process as it stands now."""
        pid = self._process.pid if self._process else None
        uptime_s = time.monotonic() - self._started_at if self._process else 0.0
        return ProcessStatus(
            self.spec.name,
            self.spec.role,
            self.state,
            pid,
            self._restarts,
            round(uptime_s, 3),
            self._last_exit,
        )

    async def run(self) -> None:
        """Start, and start again, until stopped or given up."""
        failed_starts = 0
        while not self._stop_asked.is_set():
            reason = await self._run_once()
            if self._stop_asked.is_set():
                break
            self._last_exit = reason
            if not self.first_ready.done():
                failed_starts += 1
                if failed_starts >= self._policy.start_attempts:
                    self._give_up(reason)
                    return
            await self._pause(reason)
        self.state = State.STOPPED
        self.stopped.set()

    def ask_to_stop(self) -> None:
        """Begin to stop: no restart from here on."""
        self._stop_asked.set()

    def abandon(self) -> None:
        """Mark a process that will not be run (again) as stopped; one that failed stays failed."""
        if self.state is not State.FAILED:
            self.state = State.STOPPED
        self.stopped.set()

    def _give_up(self, reason: str) -> None:
        self.state = State.FAILED
        self._on_event(self.spec.name, f"given up: {reason}")
        failure = StartFailed(self.spec.name, reason, self._output.tail(self.spec.name))
        self.first_ready.set_exception(failure)
        self.stopped.set()

    async def _pause(self, reason: str) -> None:
        ready_for_s = time.monotonic() - self._ready_at if self._ready_at is not None else 0.0
        delay_s = self._backoff.after_exit(ready_for_s)
        self.state = State.BACKOFF
        self._restarts += 1
        self._on_event(self.spec.name, f"{reason}; starting again in {delay_s:.1f} s")
        try:
            async with asyncio.timeout(delay_s):
                await self._stop_asked.wait()
        except TimeoutError:
            return

    async def _run_once(self) -> str:
        """One life of the process; returns why it ended."""
        self.state = State.STARTING
        self._ready_at = None
        self._output.forget_tail(self.spec.name)
        try:
            if self.spec.before_start is not None:
                await self.spec.before_start()
            child = await spawn(
                self.spec.argv,
                cwd=self.spec.cwd,
                env=self.spec.env,
                account=self.spec.account,
                parent_death_signal=self.spec.parent_death_signal,
            )
        except (OSError, MeshFault, subprocess.SubprocessError) as error:
            return f"{self.spec.argv[0]} could not be started: {error}"
        process = self._process = child.process
        self._started_at = time.monotonic()
        if self._registry is not None:
            self._registry.add(process.pid, self.spec.parent_death_signal)
        try:
            return await self._live(child)
        finally:
            kill_group(process.pid)
            await process.wait()
            child.close()
            if self._registry is not None:
                self._registry.remove(process.pid)
            self._process = None

    async def _live(self, child: Child) -> str:
        process = child.process
        exited = asyncio.create_task(self._pump_to_exit(child))
        ready = asyncio.create_task(self._become_ready())
        stop = asyncio.create_task(self._stop_asked.wait())
        pending: set[asyncio.Task[object]] = {exited, ready, stop}
        failure: str | None = None
        try:
            while not exited.done() and not stop.done() and failure is None:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                failure = ready.result() if ready in done else None
            if not exited.done():
                await self._end(process, exited)
        finally:
            for task in (ready, stop, exited):
                task.cancel()
            await asyncio.gather(ready, stop, exited, return_exceptions=True)
        return failure or _exit_words(process.returncode)

    async def _become_ready(self) -> str | None:
        """Wait for readiness; returns what is wrong when it does not come."""
        try:
            async with asyncio.timeout(self.spec.ready_timeout_s):
                await until_ready(self.spec.ready)
                if self.spec.once_ready is not None:
                    await self.spec.once_ready()
        except TimeoutError:
            return f"was not ready within {self.spec.ready_timeout_s:g} s"
        except (OSError, MeshFault) as error:
            return str(error)
        self.state = State.READY
        self._ready_at = time.monotonic()
        self._on_event(self.spec.name, f"ready after {self._ready_at - self._started_at:.2f} s")
        if not self.first_ready.done():
            self.first_ready.set_result(None)
        return None

    async def _pump_to_exit(self, child: Child) -> None:
        splitter = LineSplitter(lambda line: self._output.line(self.spec.name, line))
        pump = asyncio.create_task(_pump(child.output, splitter))
        try:
            await child.process.wait()
            # What it left behind holds the pipe open; the group dies with its leader.
            kill_group(child.process.pid)
            async with asyncio.timeout(1.0):
                await pump
        except TimeoutError:
            pass
        finally:
            pump.cancel()
            splitter.finish()

    async def _end(self, process: asyncio.subprocess.Process, exited: asyncio.Task[None]) -> None:
        self.state = State.STOPPING
        if process.returncode is None:
            process.send_signal(self.spec.stop_signal)
        done, _ = await asyncio.wait({exited}, timeout=self.spec.stop_grace_s)
        if not done:
            self._on_event(
                self.spec.name, f"did not stop within {self.spec.stop_grace_s:g} s: killed"
            )
            kill_group(process.pid)
            await asyncio.wait({exited})


async def _pump(stream: asyncio.StreamReader, splitter: LineSplitter) -> None:
    while chunk := await stream.read(_CHUNK_BYTES):
        splitter.feed(chunk)


def _exit_words(returncode: int | None) -> str:
    if returncode is None:
        return "ended"
    if returncode < 0:
        return f"killed by signal {-returncode}"
    return f"exited with status {returncode}"
