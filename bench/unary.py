"""What meshkit costs a unary call: the same echo with its interceptors and bare, in one run.

Both servers run in processes of their own with mTLS; one client drives them in turn. The second
ratio is of calls for each second of the server's processor, which other work on the machine
disturbs less than the clock.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import grpc
import uvloop
from segue.catalog.v1 import catalog_service_pb2, catalog_service_pb2_grpc

from bench import processor
from bench.bare_server import bare_server
from bench.report import Figure
from meshkit import logs
from meshkit.server import Context
from meshkit.testing.rpc import ServedMesh, TokenIssuer, served, service_settings

CALLS = 6_000
IN_FLIGHT = 32
ROUNDS = 5
LIMIT = 0.6


class Echo(catalog_service_pb2_grpc.CatalogServiceServicer):
    async def GetTrack(self, request: Any, context: Context) -> Any:  # noqa: N802
        return catalog_service_pb2.GetTrackResponse()


async def _serve_ours(tls: Path, pipe: Connection) -> None:
    issuer = TokenIssuer()
    add = catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server
    async with served(tls, (add, Echo()), issuer=issuer) as mesh:  # type: ignore[abstract]
        pipe.send((mesh.port, issuer.token("01JD4Q8Z7Y1V9K2M5N6P7R8S9T")))
        await asyncio.to_thread(pipe.recv)


async def _serve_bare(tls: Path, pipe: Connection) -> None:
    server, port = bare_server(tls, "catalog")
    catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server(Echo(), server)  # type: ignore[abstract]
    await server.start()
    pipe.send((port, ""))
    await asyncio.to_thread(pipe.recv)
    await server.stop(0)


def _process(kind: str, tls: str, pipe: Connection) -> None:
    logs.configure(log_format="json", log_level="warning", service="bench", instance="bench")
    serve = _serve_ours if kind == "ours" else _serve_bare
    uvloop.run(serve(Path(tls), pipe))


async def _rate(channel: grpc.aio.Channel, token: str) -> float:
    stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(channel)
    request = catalog_service_pb2.GetTrackRequest(id="01JD4Q8Z7Y1V9K2M5N6P7R8S9T")
    metadata = (("authorization", f"Bearer {token}"),)

    async def worker() -> None:
        for _ in range(CALLS // IN_FLIGHT):
            await stub.GetTrack(request, metadata=metadata)

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return CALLS / (time.perf_counter() - started)


async def _compare(tls: Path, servers: dict[str, tuple[int, str, int]]) -> list[Figure]:
    issuer = TokenIssuer()
    rates: dict[str, list[float]] = {kind: [] for kind in servers}
    per_core: dict[str, list[float]] = {kind: [] for kind in servers}
    token = servers["ours"][1]
    for round_number in range(ROUNDS + 1):
        for kind, (port, _token, pid) in servers.items():
            mesh = ServedMesh(None, port, issuer, tls)  # type: ignore[arg-type]
            used = processor.of_tree(pid)
            rate = await _rate(mesh.channel(), token)
            used = processor.of_tree(pid) - used
            await mesh.close()
            if round_number:
                rates[kind].append(rate)
                per_core[kind].append(CALLS / used)
            print(f"  {kind:<5} {rate:8.0f} calls/s, {CALLS / used:8.0f}/core s", file=sys.stderr)
    ours, bare = (statistics.median(rates[kind]) for kind in ("ours", "bare"))
    ratios, core_ratios = (
        [one / other for one, other in zip(each["ours"], each["bare"], strict=True)]
        for each in (rates, per_core)
    )
    return [
        Figure("unary calls with meshkit", ours, "calls/s", None),
        Figure("unary calls bare", bare, "calls/s", None),
        Figure("with meshkit ÷ bare", statistics.median(ratios), "", f"aim ≥ {LIMIT}"),
        Figure(
            "with meshkit ÷ bare, by the server's processor time",
            statistics.median(core_ratios),
            "",
            f"aim ≥ {LIMIT}",
        ),
    ]


def run() -> list[Figure]:
    """Measures; about half a minute."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        service_settings(Path(folder))
        servers, pipes = {}, []
        for kind in ("ours", "bare"):
            here, there = context.Pipe()
            child = context.Process(target=_process, args=(kind, folder, there), daemon=True)
            child.start()
            assert child.pid
            servers[kind] = (*here.recv(), child.pid)
            pipes.append(here)
        try:
            return uvloop.run(_compare(Path(folder), servers))
        finally:
            for pipe in pipes:
                pipe.send("stop")
