"""``segue mesh``: the commands that start, stop and watch the mesh on this machine."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from localmesh.discovery import MeshAddresses
from localmesh.faults import CommandRefused, MeshFault, MeshNotRunning
from localmesh.lasting import lasting
from localmesh.layout import ENVIRONMENT_VARIABLE, Layout
from localmesh.progress import ShownProgress, megabytes

_DOWN_TIMEOUT_S = 90.0
_SCALE_TIMEOUT_S = 120.0

app = App(name="mesh", help="Start, stop and watch the whole mesh on this machine.")

Folder = Annotated[
    Path | None,
    Parameter(
        name="--dir",
        env_var=ENVIRONMENT_VARIABLE,
        help="The folder that holds everything of the mesh. Default: the user's data folder.",
    ),
]


@app.command
def up(
    *,
    folder: Folder = None,
    port: int | None = None,
    detach: bool = False,
    replicas: Annotated[list[str] | None, Parameter(negative=())] = None,
    log_format: Literal["console", "json"] = "console",
    trace_percent: float = 1.0,
    allow_origin: Annotated[list[str] | None, Parameter(negative=())] = None,
) -> int:
    """Start PostgreSQL, Valkey, every service and the edge, and keep them running.

    The first start makes the folder, its certificates and its keys. In the foreground the logs
    of all processes are shown, and Ctrl-C stops the mesh; a second Ctrl-C stops it hard. A mesh
    that runs in the folder already goes on as it is.

    Parameters
    ----------
    port
        Where the edge listens on 127.0.0.1; 0 takes a free port. Default: 8080, or a free
        one where another program has that.
    detach
        Return as soon as everything is ready, and leave the mesh running.
    replicas
        SERVICE=N: run N instances of a service, such as catalog=2. May be given several times.
    log_format
        How the logs are shown: for people (console) or one JSON object a line (json).
    trace_percent
        The share of calls that is traced, whatever callers ask for: 0 to 100. Traces are made where
        SEGUE_OTLP_ENDPOINT names a collector (OTLP over gRPC).
    allow_origin
        An origin whose pages may call, such as https://app.example or http://localhost:5173, beside
        those in SEGUE_EDGE_ALLOW_ORIGINS; * is any. May be given several times.
    """

    def start() -> int:
        # The parts of a running mesh are imported by the commands that need them.
        from localmesh.mesh import MeshOptions

        options = MeshOptions(
            Layout.at(folder).root,
            port,
            tuple(replicas or ()),
            log_format,
            trace_percent,
            tuple(allow_origin or ()),
        )
        edge = _edge_of_running(options.folder)
        if edge is not None:
            return _leave_running(edge, options, port)
        return _up_detached(options) if detach else _up(options)

    return _guarded(start)


def _edge_of_running(folder: Path) -> str | None:
    """The address of the mesh that runs in the folder, where all of it is ready."""
    from localmesh import lock

    layout = Layout.at(folder)
    return lock.published_edge(layout.addresses) if lock.is_held(layout.lock) else None


def _leave_running(edge: str, options: Any, port: int | None) -> int:
    """It is so already: says so. Raises CommandRefused where another mesh than this was asked for.

    A start does not change what runs.
    """
    running_port = int(edge.rpartition(":")[2])
    if port not in (None, 0, running_port):
        raise CommandRefused(
            f"the mesh in {options.folder} already runs at {edge}, not on port {port}; stop it "
            f"first: segue mesh down --dir {options.folder}"
        )
    if options.replicas:
        raise CommandRefused(
            f"the mesh in {options.folder} already runs; scale it: "
            f"segue mesh scale {' '.join(options.replicas)} --dir {options.folder}"
        )
    if options.allow_origins:
        raise CommandRefused(
            f"the mesh in {options.folder} already runs, and which origins it lets in is said at "
            f"its start; stop it first: segue mesh down --dir {options.folder}"
        )
    print(f"the mesh already runs at {edge}")
    print("\n".join(_address_lines(edge, options.folder)[1:]))
    return 0


@app.command
def down(*, folder: Folder = None) -> int:
    """Stop the mesh: the edge first, then the services, then the stores.

    Where none runs, it says so and exits with 0.
    """
    return _guarded(lambda: _down(Layout.at(folder)))


@app.command
def status(
    *, folder: Folder = None, as_json: Annotated[bool, Parameter(name="--json")] = False
) -> int:
    """Show every process of the mesh: its state, pid, restarts and time since its start.

    Exits with 0 when all are ready and with 1 otherwise.

    Parameters
    ----------
    as_json
        Print one JSON object instead of a table.
    """
    return _guarded(lambda: _status(Layout.at(folder), as_json=as_json))


@app.command
def logs(
    service: str | None = None,
    /,
    *,
    follow: Annotated[bool, Parameter(name=("--follow", "-f"))] = False,
    lines: Annotated[int, Parameter(name=("--lines", "-n"))] = 100,
    folder: Folder = None,
) -> int:
    """Show what the processes said, newest last. Works when the mesh is down, too.

    Parameters
    ----------
    service
        A service (catalog) or one of its instances (catalog-2). Default: everything.
    follow
        Go on showing what is said, until Ctrl-C.
    lines
        How many of the newest lines to show.
    """
    return _guarded(lambda: _logs(Layout.at(folder), service, follow=follow, lines=lines))


@app.command
def scale(*replicas: str, folder: Folder = None) -> int:
    """Add or remove instances of services while the mesh runs.

    Parameters
    ----------
    replicas
        SERVICE=N: how many instances the service shall have, such as catalog=2.
    """
    return _guarded(lambda: _scale(Layout.at(folder), replicas))


@app.command
def backup(file: Path, /, *, folder: Folder = None) -> int:
    """Write everything of the running mesh to one file, without stopping it.

    In it are the databases at one point in time, encoded media, certificates, keys and passwords:
    whoever can read it can be anybody there. Whatever was acknowledged before is in it.

    Parameters
    ----------
    file
        The new file, such as segue-2026-11-30.backup; it appears when it is whole, for its owner
        alone.
    """
    return _guarded(lambda: _backup(Layout.at(folder), file))


@app.command
def restore(file: Path, /, *, folder: Folder = None) -> int:
    """Make the mesh of a backup in an empty or new folder; start it with `segue mesh up`.

    Tokens that were given out before hold until they expire, for the keys are the same; what was
    said after the backup is gone, sign-outs and erased users too.

    Parameters
    ----------
    file
        A file that `segue mesh backup` wrote, by this version or an older one.
    """
    return _guarded(lambda: _restore(Layout.at(folder), file))


def _guarded(action: Any) -> int:
    """Run a command; a fault becomes its words on stderr and the exit status 1."""
    try:
        status: int = action()
    except MeshFault as fault:
        print(f"segue mesh: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _up(options: Any) -> int:
    from localmesh.mesh import run_mesh
    from localmesh.output import Output, standard_output

    outputs: list[Output] = []

    def output_of(folder: Path) -> Output:
        outputs.append(Output(folder, standard_output(), options.log_format))
        return outputs[0]

    def on_ready(addresses: MeshAddresses) -> None:
        for line in _address_lines(addresses.edge, options.folder):
            outputs[0].line("mesh", line)

    asyncio.run(run_mesh(options, output_of, on_ready))
    return 0


def _up_detached(options: Any) -> int:
    from localmesh.background import start_in_background
    from localmesh.mesh import USUAL_PORT

    print(f"starting the mesh in {options.folder}", flush=True)
    edge = start_in_background(options, on_progress=lambda words: print(f"  {words}", flush=True))
    if options.port is None and not edge.endswith(f":{USUAL_PORT}"):
        print(f"port {USUAL_PORT} is taken by another program: the edge took another")
    print("\n".join(_address_lines(edge, options.folder)))
    return 0


def _address_lines(edge: str, folder: Path) -> tuple[str, ...]:
    token = f"$(segue token --dir {folder})"
    return (
        f"the mesh is ready at {edge}",
        f"look at its calls: grpcurl -plaintext {edge.removeprefix('http://')} list",
        f"search it: curl -H \"authorization: Bearer {token}\" '{edge}/search?q=blue'",
        f"everything of it lies in {folder}; addresses in {folder / 'mesh.json'}",
        f"stop it with: segue mesh down --dir {folder}",
    )


def stop_mesh(layout: Layout) -> None:
    """Stop the mesh that runs in the folder; returns when it is gone.

    Raises MeshNotRunning when none runs, CommandRefused when it does not stop within 90 s.
    """
    from localmesh import control, lock

    asyncio.run(control.ask(layout, {"op": "down"}))
    deadline = time.monotonic() + _DOWN_TIMEOUT_S
    while lock.is_held(layout.lock):
        if time.monotonic() > deadline:
            pid = lock.holder(layout.lock)
            raise CommandRefused(f"the mesh (pid {pid}) did not stop in {_DOWN_TIMEOUT_S:g} s")
        time.sleep(0.05)


def _down(layout: Layout) -> int:
    try:
        stop_mesh(layout)
    except MeshNotRunning:
        print(f"no mesh runs in {layout.root}")
    else:
        print("the mesh is down")
    return 0


def _status(layout: Layout, *, as_json: bool) -> int:
    from localmesh import control

    answer = asyncio.run(control.ask(layout, {"op": "status"}))
    if as_json:
        print(json.dumps(answer, indent=2))
    else:
        print(f"the mesh in {layout.root} is {answer['state']}: {answer['edge']}")
        print(f"{'PROCESS':<18}{'STATE':<14}{'PID':>8}{'RESTARTS':>10}{'UP':>10}  LAST EXIT")
        for each in answer["processes"]:
            line = (
                f"{each['name']:<18}{each['state']:<14}{each['pid'] or '-':>8}"
                f"{each['restarts']:>10}{lasting(each['uptime_s']):>10}  {each['last_exit'] or ''}"
            )
            print(line.rstrip())
    ready = all(each["state"] == "ready" for each in answer["processes"])
    return 0 if ready and answer["state"] == "ready" else 1


def _logs(layout: Layout, service: str | None, *, follow: bool, lines: int) -> int:
    from localmesh.logbook import Follower, log_names, recent_lines

    with Follower(layout.logs, service) as follower:
        names = log_names(layout.logs, service)
        for name, line in recent_lines(layout.logs, names, max(lines, 0)):
            print(f"{name:<16} | {line}")
        for name, line in follower.follow(keep_on=lambda: follow):
            print(f"{name:<16} | {line}", flush=True)
    return 0


def _scale(layout: Layout, replicas: tuple[str, ...]) -> int:
    from localmesh import control
    from localmesh.services import parse_replicas

    wanted = [parse_replicas(word) for word in replicas]
    if not wanted:
        raise CommandRefused("say which service shall have how many instances, such as catalog=2")
    for service, count in wanted:
        request = {"op": "scale", "service": service, "replicas": count}
        answer = asyncio.run(control.ask(layout, request, _SCALE_TIMEOUT_S))
        print(f"{service}: {', '.join(answer['instances'])}")
    return 0


def _backup(layout: Layout, file: Path) -> int:
    from localmesh.backup import back_up
    from localmesh.mesh import version

    with ShownProgress(sys.stderr) as progress:
        made = back_up(layout, file, version(), progress)
    print(f"{file}: {len(made.files)} files, {megabytes(file.stat().st_size)}")
    print(f"everything that was acknowledged before {made.about.made_at} is in it")
    return 0


def _restore(layout: Layout, file: Path) -> int:
    from localmesh.mesh import version
    from localmesh.restore import restore as restore_mesh

    with ShownProgress(sys.stderr) as progress:
        held = restore_mesh(file, layout, version(), progress)
    print(f"the mesh of {held.about.made_at} is in {layout.root}: {megabytes(held.size)}")
    print(f"start it with: segue mesh up --dir {layout.root}")
    return 0
