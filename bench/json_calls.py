"""What JSON costs: one unary call as JSON and as gRPC through the edge, and without the edge.

The call is GetTrack with its read of PostgreSQL. Latency is taken one call at a time, throughput
with 16 in flight, the three ways in turn; ratios are medians over the rounds. Processor time is
that of all processes of the mesh, without the client's.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import uvloop
from segue.catalog.v1 import catalog_service_pb2, catalog_service_pb2_grpc

from bench import processor
from bench.keepalive import KeepAlive
from bench.report import Figure, quantile
from localmesh.discovery import find_mesh
from tests.mesh.devices import instance_channel
from tests.running_mesh import RunningMesh, make_noise, running_mesh

IN_FLIGHT = 16
ALONE = 100
BUSY_S = 1.5
ROUNDS = 5

Call = Callable[[], Awaitable[Any]]


def _grpc_call(channel: grpc.aio.Channel, token: str, track_id: str) -> Call:
    stub: Any = catalog_service_pb2_grpc.CatalogServiceStub(channel)
    request = catalog_service_pb2.GetTrackRequest(id=track_id)
    metadata = (("authorization", f"Bearer {token}"),)
    return lambda: stub.GetTrack(request, metadata=metadata)


def _json_call(client: KeepAlive, token: str, track_id: str) -> Call:
    async def call() -> None:
        answer = await client.call("GET", f"/tracks/{track_id}", authorization=f"Bearer {token}")
        if answer.status != 200:
            raise RuntimeError(f"the edge answered {answer.status}: {answer.body!r}")

    return call


async def _latency_ms(call: Call) -> list[float]:
    times = []
    for _ in range(ALONE):
        started = time.perf_counter()
        await call()
        times.append((time.perf_counter() - started) * 1000)
    return times


async def _busy(calls: list[Call], mesh_pid: int) -> tuple[float, float]:
    """Calls a second, one of each of ``calls`` in flight; the mesh's processor ms for one."""
    used = processor.of_tree(mesh_pid)
    until = time.perf_counter() + BUSY_S
    done = 0

    async def worker(call: Call) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await call()
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*map(worker, calls))
    took_s = time.perf_counter() - began
    return done / took_s, (processor.of_tree(mesh_pid) - used) * 1000 / done


async def _measure(mesh: RunningMesh, token: str, track_id: str) -> list[Figure]:
    edge, pid = urlsplit(mesh.edge).netloc, find_mesh(mesh.folder).pid
    async with AsyncExitStack() as stack:
        through = await stack.enter_async_context(grpc.aio.insecure_channel(edge))
        direct = await stack.enter_async_context(instance_channel(mesh.folder, "catalog", 0))
        clients = [await stack.enter_async_context(KeepAlive(edge)) for _ in range(IN_FLIGHT)]
        ways = {
            "JSON through the edge": [_json_call(one, token, track_id) for one in clients],
            "gRPC through the edge": [_grpc_call(through, token, track_id)] * IN_FLIGHT,
            "gRPC to the service": [_grpc_call(direct, token, track_id)] * IN_FLIGHT,
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        rates: dict[str, list[float]] = {way: [] for way in ways}
        costs: dict[str, list[float]] = {way: [] for way in ways}
        for round_number in range(ROUNDS + 1):
            for way, calls in ways.items():
                alone, (rate, cost) = await _latency_ms(calls[0]), await _busy(calls, pid)
                print(f"  {way:<22} {rate:8.0f} calls/s, {cost:.2f} ms", file=sys.stderr)
                if round_number:
                    times[way] += alone
                    rates[way].append(rate)
                    costs[way].append(cost)
    return _figures(times, rates, costs)


def _figures(
    times: Mapping[str, list[float]],
    rates: Mapping[str, list[float]],
    costs: Mapping[str, list[float]],
) -> list[Figure]:
    figures = []
    for way in times:
        p95 = f"p95 {quantile(times[way], 0.95):.2f} ms"
        figures.append(Figure(f"GetTrack, {way}, p50", quantile(times[way], 0.5), "ms", p95))
        cost = f"{statistics.median(costs[way]):.2f} ms of the mesh's processor a call"
        figures.append(Figure(f"GetTrack, {way}", statistics.median(rates[way]), "calls/s", cost))
    as_json, through, direct = rates.values()
    for what, ours, peer in (
        ("JSON ÷ gRPC, both through the edge", as_json, through),
        ("gRPC through the edge ÷ to the service", through, direct),
    ):
        ratio = statistics.median(one / two for one, two in zip(ours, peer, strict=True))
        figures.append(Figure(what, ratio, "of the calls/s", None))
    json_cost, grpc_cost, _ = costs.values()
    ratio = statistics.median(two / one for one, two in zip(json_cost, grpc_cost, strict=True))
    figures.append(Figure("JSON ÷ gRPC, by the mesh's processor time", ratio, "", None))
    return figures


def run() -> list[Figure]:
    """Measures; about a minute."""
    with tempfile.TemporaryDirectory() as name, running_mesh(Path(name) / "mesh") as mesh:
        make_noise(Path(name) / "music" / "a.flac", 5, title="A", artist="B", album="C")
        mesh.import_music(Path(name) / "music")
        token = mesh.token()
        track_id = mesh.call("GET", "/tracks", token=token).body["tracks"][0]["id"]
        return uvloop.run(_measure(mesh, token, track_id))
