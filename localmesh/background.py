"""A mesh without a terminal: started in a session of its own, reporting until it is ready.

The supervisor writes JSON objects, one a line, to a pipe that the starter reads:
``{"progress": "a line"}`` any number of times, then ``{"ready": {addresses}}`` or
``{"failed": "why"}``. An end without either means that it died.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from localmesh.discovery import MeshAddresses
from localmesh.faults import MeshFault
from localmesh.layout import Layout
from localmesh.mesh import MeshOptions, run_mesh
from localmesh.output import LogFormat, Output, open_private
from localmesh.processes import SEGUE, Parts
from localmesh.python_children import environment_of_child, python_module
from localmesh.supervisor import SUPERVISOR

_LOG = "background.out"


def _ignore(_words: str) -> None:
    return


def start_in_background(
    options: MeshOptions,
    module: str = "localmesh.background",
    on_progress: Callable[[str], None] = _ignore,
) -> str:
    """Start a mesh that outlives the caller; returns the edge's URL when all of it is ready.

    ``module`` is what the new process runs; ``on_progress`` is told, in a line each, how far it
    is. Raises MeshFault when the mesh does not start; it has then ended. An interrupt while waiting
    ends it too.
    """
    layout = Layout.at(options.folder)
    layout.create()
    reading, writing = os.pipe()
    words = {**asdict(options), "folder": str(layout.root)}
    log = layout.logs / _LOG
    with open_private(log, "wb") as stream, os.fdopen(reading, "rb") as report:
        try:
            process = subprocess.Popen(
                [*python_module(module), json.dumps(words), str(writing)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=environment_of_child(),
                pass_fds=(writing,),
                start_new_session=True,
            )
        finally:
            os.close(writing)
        try:
            answer = _last_of(report, on_progress)
        except KeyboardInterrupt:
            process.send_signal(signal.SIGTERM)
            process.wait()
            raise
    if answer:
        if "ready" in answer:
            # Its exit is not ours to collect: it lives on after the caller.
            process.returncode = 0
            return str(answer["ready"]["edge"])
        process.wait()
        raise MeshFault(str(answer["failed"]))
    status = process.wait()
    tail = log.read_text(errors="replace")[-2000:].strip()
    raise MeshFault(f"the supervisor ended with status {status} before it was ready: {tail}")


def _last_of(report: BinaryIO, on_progress: Callable[[str], None]) -> dict[str, Any]:
    """What a report comes to, after what it says in between; empty where it broke off."""
    for line in report:
        answer: dict[str, Any] = json.loads(line)
        if "progress" not in answer:
            return answer
        on_progress(str(answer["progress"]))
    return {}


class _ReportingOutput(Output):
    """An Output that tells the starter what the supervisor says, for as long as it listens."""

    def __init__(self, folder: Path, log_format: LogFormat, report: TextIO) -> None:
        super().__init__(folder, None, log_format)
        self._report = report

    def line(self, process: str, line: str) -> None:
        super().line(process, line)
        if process == SUPERVISOR and not self._report.closed:
            self._report.write(json.dumps({"progress": line}) + "\n")
            self._report.flush()


def main(arguments: Sequence[str], parts: Parts = SEGUE) -> int:
    """The new process: run the mesh that the arguments describe; returns its exit status."""
    words = json.loads(arguments[0])
    options = MeshOptions(
        folder=Path(words["folder"]),
        port=words["port"],
        replicas=tuple(words["replicas"]),
        log_format=words["log_format"],
        trace_percent=words["trace_percent"],
        allow_origins=tuple(words["allow_origins"]),
    )
    with os.fdopen(int(arguments[1]), "w") as report:
        # Inherited across the exec that started us, it must not reach our own children.
        os.set_inheritable(report.fileno(), False)

        def on_ready(addresses: MeshAddresses) -> None:
            report.write(json.dumps({"ready": asdict(addresses)}) + "\n")
            report.close()

        try:
            asyncio.run(
                run_mesh(
                    options,
                    lambda logs: _ReportingOutput(logs, options.log_format, report),
                    on_ready,
                    parts,
                )
            )
        except MeshFault as fault:
            if not report.closed:
                report.write(json.dumps({"failed": str(fault)}) + "\n")
            return 1
        if not report.closed:
            report.write(json.dumps({"failed": "it was stopped before it was ready"}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
