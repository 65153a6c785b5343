"""Another user of the machine beside a running mesh: he reads, connects, squats, in vain."""

from __future__ import annotations

import errno
import os
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from localmesh.discovery import find_mesh
from localmesh.layout import Layout
from meshkit.testing.rpc import TokenIssuer
from tests.attack.others import PATHS
from tests.attack.strangers import Refused, as_stranger, stranger_holding
from tests.mesh.mesh_processes import processes, until, until_ready
from tests.running_mesh import RunningMesh

CLOSED = Refused(errno.EACCES)
TAKEN = Refused(errno.EADDRINUSE)


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url if "//" in url else f"//{url}")
    return str(parts.hostname), int(parts.port or 0)


def _everything_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_symlink()]


def test_no_file_and_no_socket_of_the_mesh_is_his_to_open(mesh: RunningMesh) -> None:
    layout = Layout.at(mesh.folder)
    paths = [mesh.folder, *_everything_below(mesh.folder)]
    sockets = [path for path in paths if path.is_socket()]
    assert {path.name for path in sockets} >= {
        ".s.PGSQL.5432",
        "valkey.sock",
        "control.sock",
        "envoy-admin.sock",
        "identity-1.sock",
        "media-1.sock",
    }

    def look() -> list[str]:
        opened = []
        for path in paths:
            try:
                os.close(os.open(path, os.O_RDONLY))
                opened.append(str(path))
            except PermissionError:
                continue
        return opened

    def connect() -> list[str]:
        opened = []
        for path in (*sockets, layout.control):
            with socket.socket(socket.AF_UNIX) as door:
                if door.connect_ex(str(path)) == 0:
                    opened.append(str(path))
        return opened

    assert as_stranger(look) == []
    assert as_stranger(connect) == []


async def test_no_password_is_in_sight_of_other_users(mesh: RunningMesh) -> None:
    secrets = [p.read_bytes() for p in Layout.at(mesh.folder).secrets.glob("*.password")]
    pids = [each.pid for each in (await processes(mesh.folder)).values() if each.pid]

    def look() -> list[str]:
        found = []
        for pid in (*pids, find_mesh_pid):
            said = Path(f"/proc/{pid}/cmdline").read_bytes()
            found += [f"cmdline of {pid}" for secret in secrets if secret in said]
            for name in ("environ", "mem", "maps"):
                try:
                    os.close(os.open(f"/proc/{pid}/{name}", os.O_RDONLY))
                    found.append(f"{name} of {pid}")
                except PermissionError:
                    continue
        return found

    find_mesh_pid = find_mesh(mesh.folder).pid
    assert secrets
    assert as_stranger(look) == []


async def test_the_stores_and_the_admin_are_on_no_port(mesh: RunningMesh) -> None:
    seen = await processes(mesh.folder)
    for name in ("postgres", "valkey"):
        assert _listening(seen[name].pid or 0) == set()
    found = find_mesh(mesh.folder)
    statistics = _address(found.metrics["envoy"])
    assert _listening(seen["envoy"].pid or 0) == {_address(found.edge)[1], statistics[1]}

    def end_the_edge() -> list[bytes]:
        answers = []
        for method in (b"GET", b"POST"):
            with socket.socket() as door:
                door.settimeout(10)
                door.connect(statistics)
                door.sendall(
                    method + b" /quitquitquit HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
                )
                answers.append(door.recv(12))
        return answers

    assert as_stranger(end_the_edge) == [b"HTTP/1.1 404", b"HTTP/1.1 404"]
    assert mesh.call("GET", "/plans").status == 200


def _listening(pid: int) -> set[int]:
    """The ports on which a process, or a child of it, listens."""
    inodes = {
        os.readlink(link)[8:-1]
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if os.readlink(link).startswith("socket:[")
    }
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                ports.add(int(words[1].rpartition(":")[2], 16))
    return ports


@pytest.mark.parametrize("name", ["identity-1", "catalog-1", "playback-1", "playlist-1"])
async def test_the_port_of_a_killed_service_is_not_to_be_had(
    mesh: RunningMesh, attacker: str, name: str
) -> None:
    address = _address(find_mesh(mesh.folder).services[name.partition("-")[0]][0])
    await _squat(mesh, attacker, name, address)


async def test_the_ports_of_a_killed_edge_are_not_to_be_had(
    mesh: RunningMesh, attacker: str
) -> None:
    found = find_mesh(mesh.folder)
    await _squat(mesh, attacker, "envoy", _address(found.edge))
    await _squat(mesh, attacker, "envoy", _address(found.metrics["envoy"]))


async def _squat(mesh: RunningMesh, token: str, name: str, address: tuple[str, int]) -> None:
    """Kills a process and tries its port as a stranger, over and over, until it is back."""

    def squat() -> object:
        until = time.monotonic() + 2.0
        while time.monotonic() < until:
            for host in (address[0], ""):
                door = socket.socket()
                door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                try:
                    door.bind((host, address[1]))
                    door.listen()
                except OSError as error:
                    if error.errno != errno.EADDRINUSE:
                        raise
                    door.close()
                else:
                    return door
        raise OSError(errno.EADDRINUSE, "never")

    before, supervisor = (await processes(mesh.folder))[name], find_mesh(mesh.folder).pid
    assert before.pid is not None
    os.kill(supervisor, signal.SIGSTOP)
    try:
        os.kill(before.pid, signal.SIGKILL)
        with stranger_holding(squat) as got:
            assert got == TAKEN
    finally:
        os.kill(supervisor, signal.SIGCONT)

    async def serves() -> bool:
        if (await processes(mesh.folder))[name].restarts == before.restarts:
            return False
        try:
            # Of every service: the edge may think for a while that one is gone.
            return all(mesh.call("GET", path, token=token).status == 200 for path in PATHS)
        except OSError:
            return False

    await until(serves, f"{name} is not back")
    await until_ready(mesh.folder)


async def test_a_token_of_his_own_keys_opens_nothing(mesh: RunningMesh) -> None:
    token = TokenIssuer().token("01JD4Q8Z7Y1V9K2M5N6P7R8S9T", iss="https://segue.local")
    for path in ("/search?q=a", "/playback"):
        assert mesh.call("GET", path, token=token).status == 401
