"""One mesh from start to stop: lock, credentials, ports, processes, addresses, control."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from localmesh import control, discovery
from localmesh.discovery import MeshAddresses
from localmesh.faults import CommandRefused, MeshFault, PortTaken
from localmesh.free_ports import PortAllocator
from localmesh.layout import Layout
from localmesh.lock import MeshLock
from localmesh.output import LogFormat, Output
from localmesh.processes import SEGUE, Parts, ProcessTable
from localmesh.python_children import environment_of_child, python_module
from localmesh.services import parse_replicas, replica_counts
from localmesh.supervisor import SUPERVISOR, Supervisor
from localmesh.watchdog import ChildRegistry
from meshkit.certificates import ensure_certificates

USUAL_PORT = 8080
LARGEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class MeshOptions:
    """What a person may choose. ``port`` 0 takes a free one, None the usual one or, where that is
    taken, a free one; ``replicas`` are ``SERVICE=N``.

    ``trace_percent`` of the calls are traced, 0 to 100. Pages of ``allow_origins`` may call.
    """

    folder: Path
    port: int | None = None
    replicas: tuple[str, ...] = ()
    log_format: LogFormat = "console"
    trace_percent: float = 1.0
    allow_origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises MeshFault for a choice that makes no sense."""
        if self.port is not None and not 0 <= self.port <= LARGEST_PORT:
            raise MeshFault(f"--port {self.port}: ports go from 1 to {LARGEST_PORT}; 0 takes one")
        if not 0 <= self.trace_percent <= 100:
            raise MeshFault("--trace-percent is a share of the calls: 0 to 100")


class Mesh:
    """Runs until asked to stop. ``on_ready`` is called once, when every process is ready."""

    def __init__(
        self,
        options: MeshOptions,
        output: Output,
        on_ready: Callable[[MeshAddresses], None],
        parts: Parts = SEGUE,
    ) -> None:
        self._options = options
        self._layout = Layout.at(options.folder)
        self._output = output
        self._on_ready = on_ready
        self._parts = parts
        self._state = "starting"
        self._stop_asked = asyncio.Event()
        self._scaling = asyncio.Lock()
        self._supervisor = Supervisor(output, registry=ChildRegistry(self._layout.children))
        self._table: ProcessTable | None = None

    async def run(self) -> None:
        """Bring everything up, serve until :meth:`stop`, take everything down.

        The caller holds the folder's lock. Raises MeshFault when the mesh cannot start.
        """
        discovery.withdraw(self._layout)
        counts = replica_counts(self._options.replicas, self._parts.services)
        ports = PortAllocator()
        edge_port = self._edge_port(ports)
        ensure_certificates(self._layout.tls)
        self._table = table = ProcessTable(
            self._layout,
            self._parts,
            ports,
            edge_port,
            counts,
            self._options.log_format,
            trace_percent=self._options.trace_percent,
            allow_origins=self._options.allow_origins,
        )
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(control.serve(self._layout.control, self._answer))
            stack.push_async_callback(self._take_down)
            if sys.platform != "linux":
                stack.callback(_start_watchdog(self._layout.children).kill)
            if await self._started_before_stop(table):
                self._publish(table)
                self._state = "ready"
                self._on_ready(table.addresses(version()))
                await self._stop_asked.wait()

    def stop(self) -> None:
        """Ask for an orderly stop; asked a second time, for a hard one."""
        if self._stop_asked.is_set():
            self._supervisor.kill()
        self._stop_asked.set()

    def _edge_port(self, ports: PortAllocator) -> int:
        """Where the edge listens. Another port than was asked for by name is none."""
        wanted = self._options.port
        if wanted is not None:
            return ports.held(wanted)
        try:
            return ports.held(USUAL_PORT)
        except PortTaken:
            port = ports.held()
            words = f"port {USUAL_PORT} is taken by another program: the edge listens on {port}"
            self._output.line(SUPERVISOR, words)
            return port

    async def _started_before_stop(self, table: ProcessTable) -> bool:
        starting = asyncio.create_task(self._start(table))
        stopping = asyncio.create_task(self._stop_asked.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            return False
        starting.result()
        return True

    async def _start(self, table: ProcessTable) -> None:
        tasks = [asyncio.create_task(self._supervisor.start(table.specs()))]
        try:
            table.write_endpoints()
            # In a thread: its imports take longer than the stores, which services wait for.
            edge = await asyncio.to_thread(table.edge_spec)
            tasks.append(asyncio.create_task(self._supervisor.start((edge,))))
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _take_down(self) -> None:
        self._state = "stopping"
        discovery.withdraw(self._layout)
        await self._supervisor.stop()

    def _publish(self, table: ProcessTable) -> None:
        discovery.publish(self._layout, table.addresses(version()))

    async def _answer(self, request: control.Message) -> dict[str, Any]:
        match request.get("op"):
            case "status":
                return self._status()
            case "logs":
                return {"folder": str(self._layout.logs)}
            case "scale":
                word = f"{request.get('service')}={request.get('replicas')}"
                return {"instances": await self._scale(*parse_replicas(word, self._parts.services))}
            case "down":
                self._stop_asked.set()
                return {"pid": os.getpid()}
            case other:
                raise CommandRefused(f"there is no command {other!r}")

    def _status(self) -> dict[str, Any]:
        return {
            "state": self._state,
            "edge": self._table.edge_url if self._table else None,
            "pid": os.getpid(),
            "processes": [asdict(status) for status in self._supervisor.status()],
        }

    async def _scale(self, name: str, wanted: int) -> list[str]:
        """Bring a service to ``wanted`` instances; returns their names."""
        async with self._scaling:
            table = self._table
            if table is None or self._state != "ready":
                raise CommandRefused(f"the mesh is {self._state}; try again when it is ready")
            held = table.instances[name]
            while len(held) < wanted:
                await self._add_instance(table, name)
            while len(held) > wanted:
                await self._remove_instance(table, name)
            return [instance.name for instance in held]

    async def _add_instance(self, table: ProcessTable, name: str) -> None:
        instance = table.add_instance(name)
        try:
            await self._supervisor.add(table.spec(instance))
        except MeshFault:
            table.drop_instance(name)
            raise
        table.write_endpoints()
        self._publish(table)

    async def _remove_instance(self, table: ProcessTable, name: str) -> None:
        """The edge stops choosing the instance first; then it drains by itself."""
        instance = table.drop_instance(name)
        table.write_endpoints()
        self._publish(table)
        await self._supervisor.remove(instance.name)


async def run_mesh(
    options: MeshOptions,
    output_of: Callable[[Path], Output],
    on_ready: Callable[[MeshAddresses], None],
    parts: Parts = SEGUE,
) -> None:
    """Run a mesh in this process until a signal or a command stops it.

    ``output_of`` makes the output, given the folder of the log files. Raises MeshAlreadyRuns,
    PortTaken, StartFailed or another MeshFault.
    """
    layout = Layout.at(options.folder)
    layout.create()
    with MeshLock(layout):
        output = output_of(layout.logs)
        mesh = Mesh(options, output, on_ready, parts)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, mesh.stop)
        try:
            await mesh.run()
        finally:
            output.line(SUPERVISOR, "stopped")
            output.close()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.remove_signal_handler(number)


def version() -> str:
    """The distribution's version, or ``unknown`` in a bare checkout."""
    try:
        return importlib.metadata.version("segue")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _start_watchdog(children: Path) -> subprocess.Popen[bytes]:
    argv = [*python_module("localmesh.watchdog"), str(children)]
    return subprocess.Popen(argv, env=environment_of_child())
