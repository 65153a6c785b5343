"""All processes together: started in the order of their needs, stopped in the reverse."""

from __future__ import annotations

import asyncio
import graphlib
from collections.abc import Iterable

from localmesh.faults import CommandRefused, MeshFault
from localmesh.output import Output
from localmesh.spawning import kill_group
from localmesh.specs import ProcessSpec, RestartPolicy
from localmesh.supervised import ProcessStatus, SupervisedProcess
from localmesh.watchdog import ChildRegistry

SUPERVISOR = "mesh"


class Supervisor:
    """Runs processes and keeps them running. Use from one event loop on the main thread.

    A process starts as soon as every instance of the roles in its ``after`` has been ready;
    processes that need nothing of each other start at once.
    """

    def __init__(
        self,
        output: Output,
        policy: RestartPolicy | None = None,
        registry: ChildRegistry | None = None,
    ) -> None:
        self._output = output
        self._registry = registry
        self._policy = policy or RestartPolicy()
        self._processes: dict[str, SupervisedProcess] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, specs: Iterable[ProcessSpec]) -> None:
        """Start all; returns when each has been ready.

        Raises StartFailed when one is given up (the others keep running: call :meth:`stop`),
        ValueError for a need that nothing meets or that goes in a circle.
        """
        specs = tuple(specs)
        _check_order((*(p.spec for p in self._processes.values()), *specs))
        added = [self._register(spec) for spec in specs]
        for process in added:
            self._tasks[process.spec.name] = asyncio.create_task(self._supervise(process))
        await asyncio.gather(*(asyncio.shield(p.first_ready) for p in added))

    async def add(self, spec: ProcessSpec) -> None:
        """Start one more while the others run; it is gone again when StartFailed is raised."""
        try:
            await self.start((spec,))
        except MeshFault:
            await self.remove(spec.name)
            raise

    async def remove(self, name: str) -> None:
        """Stop one and forget it. Raises CommandRefused when there is none of that name."""
        if name not in self._processes:
            raise CommandRefused(f"there is no process named {name}")
        process = self._processes[name]
        process.ask_to_stop()
        await self._join(process)
        del self._processes[name], self._tasks[name]

    async def stop(self) -> None:
        """Stop all, each after those that need it."""
        await asyncio.gather(*(self._stop_in_turn(p) for p in self._processes.values()))

    def kill(self) -> None:
        """Kill what still runs, without grace; :meth:`stop` then ends at once."""
        for status in self.status():
            if status.pid is not None:
                kill_group(status.pid)

    def status(self) -> tuple[ProcessStatus, ...]:
        """Every process as it stands now, in the order in which they were given."""
        return tuple(process.status for process in self._processes.values())

    def say(self, process: str, event: str) -> None:
        """Log one line of the supervisor itself about ``process``."""
        self._output.line(SUPERVISOR, f"{process}: {event}")

    def _register(self, spec: ProcessSpec) -> SupervisedProcess:
        if spec.name in self._processes:
            raise ValueError(f"two processes are named {spec.name}")
        process = SupervisedProcess(spec, self._output, self._policy, self.say, self._registry)
        self._processes[spec.name] = process
        # A failure is reported by whoever waits; nobody may be waiting during a stop.
        process.first_ready.add_done_callback(
            lambda future: future.cancelled() or future.exception()
        )
        return process

    async def _supervise(self, process: SupervisedProcess) -> None:
        needed = [p for p in self._processes.values() if p.spec.role in process.spec.after]
        # A process that is given up leaves its dependants waiting; start() reports the cause.
        await asyncio.gather(*(asyncio.shield(p.first_ready) for p in needed))
        await process.run()

    async def _stop_in_turn(self, process: SupervisedProcess) -> None:
        role = process.spec.role
        # A copy: an instance that is being removed meanwhile leaves the table.
        for dependant in tuple(self._processes.values()):
            if role in dependant.spec.after:
                await dependant.stopped.wait()
        process.ask_to_stop()
        await self._join(process)

    async def _join(self, process: SupervisedProcess) -> None:
        """Wait until the process is gone; one that still waits for others never starts."""
        task = self._tasks[process.spec.name]
        if process.status.pid is None and process.status.state == "waiting":
            task.cancel()
        await asyncio.wait({task})
        if (
            not task.cancelled()
            and (error := task.exception())
            and not isinstance(error, MeshFault)
        ):
            raise error
        process.abandon()


def _check_order(specs: tuple[ProcessSpec, ...]) -> None:
    graph: dict[str, set[str]] = {}
    for spec in specs:
        graph.setdefault(spec.role, set()).update(spec.after)
    for role, needs in graph.items():
        if unknown := needs - graph.keys():
            raise ValueError(f"{role} needs {sorted(unknown)}, which nothing provides")
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        raise ValueError(f"processes need each other in a circle: {error.args[1]}") from error
