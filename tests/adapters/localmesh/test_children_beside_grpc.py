"""Children are started while the supervisor itself speaks gRPC."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from meshkit.certificates import ensure_certificates

CHILDREN = 80
# A process of its own: in this one gRPC is loaded already, as the tests have it.
SUPERVISOR = """
import asyncio, os, sys
from pathlib import Path
from localmesh.readiness import GrpcHealthProbe
from localmesh.spawning import spawn
from meshkit.credentials import client_credentials

async def answer(reader, writer):
    writer.close()

async def main(children, tls):
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    probe = GrpcHealthProbe(f"{host}:{port}", "catalog", client_credentials(Path(tls), "cli"))

    async def ask():
        while True:
            await probe.check()

    asking = [asyncio.create_task(ask()) for _ in range(2)]
    await probe.check()
    for _ in range(int(children)):
        child = await spawn((sys.executable, "-S", "-c", ""), cwd=Path("/"), env={})
        status = await child.process.wait()
        if status:
            print(status, await child.output.read())
        child.close()
    sys.stdout.flush()
    os._exit(0)

asyncio.run(main(*sys.argv[1:]))
"""


def test_a_child_lives_though_the_supervisor_speaks_grpc_as_it_is_started(tmp_path: Path) -> None:
    ensure_certificates(tmp_path)
    done = subprocess.run(
        [
            *(sys.executable, "-c", SUPERVISOR, str(CHILDREN), str(tmp_path)),
        ],
        env={"PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == ""
