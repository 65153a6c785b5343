"""What a heartbeat costs, and what a held stream weighs, beside an empty bidi echo in one run.

Both servers run in processes of their own with mTLS and are driven in turn by one client; ours is
the whole service over a real PostgreSQL and Valkey. What is compared is messages for each second
of the server's CPU, which another process on the machine disturbs less than the clock.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import grpc
import uvloop
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1 import playback_service_pb2_grpc as pb_grpc
from ulid import ULID

from bench.report import Figure
from meshkit import logs
from meshkit.testing import stores
from meshkit.testing.rpc import ServedMesh, TokenIssuer, service_settings
from tests.contracts.playback.samples import FREE, PLAYABLE, PREMIUM, TRACK
from tests.rpc.playback.harness import World, an_instance, migrated

BUSY_STREAMS = 64
BEATS_A_STREAM = 250
ROUNDS = 5
HELD_STREAMS = 3_000
PACED_S = 12.0
PACE_S = 6.0
LIMIT = 0.7
LIMIT_KIB = 30.0
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") / 1024


class Echo(pb_grpc.HeartbeatServiceServicer):
    async def StreamHeartbeats(  # noqa: N802
        self, requests: Any, context: Any
    ) -> AsyncIterator[Any]:
        response = pb.StreamHeartbeatsResponse()
        async for _ in requests:
            yield response


async def _serve_echo(tls: Path, pipe: Connection) -> None:
    settings = service_settings(tls, "playback")
    server = grpc.aio.server()
    pb_grpc.add_HeartbeatServiceServicer_to_server(Echo(), server)  # type: ignore[abstract]
    credentials = grpc.ssl_server_credentials(
        [(settings.tls_key_file.read_bytes(), settings.tls_cert_file.read_bytes())],
        settings.tls_ca_file.read_bytes(),
        require_client_auth=True,
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    pipe.send((port, []))
    await _answer(pipe)
    await server.stop(0)


async def _serve_ours(tls: Path, pipe: Connection, dsn: str, valkey_url: str) -> None:
    from playback_svc.adapters.memory import MemoryCatalogue, MemoryPlans

    plans = MemoryPlans({"free": FREE, "premium": PREMIUM})
    world = World(tls, dsn, valkey_url, MemoryCatalogue({TRACK.track_id: PLAYABLE}), plans)
    async with an_instance(world) as instance:
        # Signing is the client's business, so that it does not count as the server's.
        users = [str(ULID()) for _ in range(HELD_STREAMS)]
        pipe.send((instance.mesh.port, [(user, world.issuer.token(user)) for user in users]))
        await _answer(pipe)


async def _answer(pipe: Connection) -> None:
    """Tells what the process has used whenever it is asked, until it is told to stop."""
    while (question := await asyncio.to_thread(pipe.recv)) != "stop":
        pipe.send(time.process_time() if question == "cpu_s" else _resident_kib())


def _resident_kib() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_KIB


def _process(serve: Callable[..., Any], tls: str, pipe: Connection, *rest: str) -> None:
    logs.configure(log_format="json", log_level="warning", service="bench", instance="bench")
    # Thousands of streams are cut off at the end, and gRPC would tell of each.
    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    uvloop.run(serve(Path(tls), pipe, *rest))


class Server:
    """One server process, as the client sees it."""

    def __init__(self, serve: Callable[..., Any], tls: str, *rest: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, there = context.Pipe()
        self.ours = bool(rest)
        self._child = context.Process(target=_process, args=(serve, tls, there, *rest), daemon=True)
        self._child.start()
        self.port, self.users = self._pipe.recv()
        self._mesh = ServedMesh(None, self.port, TokenIssuer(), Path(tls))  # type: ignore[arg-type]

    def connect(self) -> None:
        channel = self._mesh.channel("edge", serves_as="playback")
        self.stub: Any = pb_grpc.HeartbeatServiceStub(channel)
        self.playback: Any = pb_grpc.PlaybackServiceStub(channel)

    def used(self, what: str) -> float:
        """``cpu_s`` or ``resident_kib`` of the server's process so far."""
        self._pipe.send(what)
        answer: float = self._pipe.recv()
        return answer

    def stop(self) -> None:
        self._pipe.send("stop")

    def join(self) -> None:
        """Until it has stopped, so that its stores outlive it."""
        self._child.join(30)

    async def play(self) -> list[str]:
        """A session for each user; their ids."""
        ids: list[str] = []
        for user, token in self.users:
            request = pb.PlayRequest(track_id=TRACK.track_id, device_id=user)
            answer = await self.playback.Play(request, metadata=_bearer(token))
            ids.append(answer.playback_id)
        return ids

    async def open(self, number: int, playback_id: str) -> Any:
        """A stream that has been greeted, if it is ours."""
        if not self.ours:
            return self.stub.StreamHeartbeats()
        user, token = self.users[number]
        call = self.stub.StreamHeartbeats(metadata=_bearer(token))
        hello = pb.StreamHeartbeatsRequest.Hello(playback_id=playback_id, device_id=user)
        await call.write(pb.StreamHeartbeatsRequest(hello=hello))
        await call.read()
        return call

    def message(self, seq: int) -> pb.StreamHeartbeatsRequest:
        if not self.ours:
            return pb.StreamHeartbeatsRequest()
        return pb.StreamHeartbeatsRequest(
            heartbeat=playback_pb2.Heartbeat(
                epoch=1,
                revision=1,
                seq=seq,
                position_ms=seq,
                status=playback_pb2.Playback.PLAYING,
                bitrate_kbps=192,
                buffer_ms=30_000,
                throughput_kbps=4_000,
            )
        )


def _bearer(token: str) -> Any:
    return (("authorization", f"Bearer {token}"),)


async def _busy(server: Server, streams: list[Any], first_seq: int) -> tuple[float, float]:
    """Messages a second of the clock and of the server's CPU, all streams beating at once."""

    async def beat(call: Any) -> None:
        for seq in range(first_seq, first_seq + BEATS_A_STREAM):
            await call.write(server.message(seq))
            await call.read()

    before, started = server.used("cpu_s"), time.perf_counter()
    await asyncio.gather(*(beat(call) for call in streams))
    elapsed, after = time.perf_counter() - started, server.used("cpu_s")
    count = len(streams) * BEATS_A_STREAM
    return count / elapsed, count / (after - before)


async def _paced(server: Server, streams: list[Any], first_seq: int) -> float:
    """Messages a second of the server's CPU, each stream beating once every ``PACE_S``."""

    async def beat(call: Any, offset_s: float) -> None:
        await asyncio.sleep(offset_s)
        for turn in range(int(PACED_S / PACE_S)):
            await call.write(server.message(first_seq + turn))
            await call.read()
            await asyncio.sleep(PACE_S)

    before = server.used("cpu_s")
    spread = PACE_S / len(streams)
    await asyncio.gather(*(beat(call, number * spread) for number, call in enumerate(streams)))
    after = server.used("cpu_s")
    return len(streams) * int(PACED_S / PACE_S) / (after - before)


async def _hold(server: Server, ids: list[str]) -> tuple[list[Any], float]:
    """Streams that are open and have beaten once, and the KiB that each weighs."""
    warm = await server.open(0, ids[0])
    await warm.write(server.message(1))
    await warm.read()
    before = server.used("resident_kib")
    streams = []
    for number in range(1, HELD_STREAMS):
        call = await server.open(number, ids[number])
        await call.write(server.message(1))
        await call.read()
        streams.append(call)
    await asyncio.sleep(2)
    after = server.used("resident_kib")
    return [warm, *streams], (after - before) / len(streams)


async def _measure(servers: list[Server]) -> list[Figure]:
    ours, echo = servers
    for server in servers:
        server.connect()
    ids = await ours.play()
    held, kib, paced = {}, {}, {}
    # Ours comes last: a session whose device is silent for 35 s is over.
    for server in (echo, ours):
        held[server], kib[server] = await _hold(server, ids)
        await _paced(server, held[server], 100)
        paced[server] = await _paced(server, held[server], 200)
        words = f"{kib[server]:.1f} KiB a stream, paced {paced[server]:.0f}/core s"
        print(f"  {words}, ours: {server.ours}", file=sys.stderr)
    rates: dict[Server, list[tuple[float, float]]] = {server: [] for server in servers}
    for turn in range(ROUNDS + 1):
        for server in servers:
            rate = await _busy(server, held[server][:BUSY_STREAMS], 300 + turn * BEATS_A_STREAM)
            words = f"{rate[0]:8.0f}/s, {rate[1]:8.0f}/core s, ours: {server.ours}"
            print(f"  {words}", file=sys.stderr)
            if turn:
                rates[server].append(rate)
    return _figures(ours, echo, rates, paced, kib)


def _figures(
    ours: Server,
    echo: Server,
    rates: dict[Server, list[tuple[float, float]]],
    paced: dict[Server, float],
    kib: dict[Server, float],
) -> list[Figure]:
    ratios = [one[1] / other[1] for one, other in zip(rates[ours], rates[echo], strict=True)]
    per_core = {server: statistics.median(rate[1] for rate in rates[server]) for server in rates}
    pace = f"{HELD_STREAMS:,} streams at one beat in {PACE_S:g} s"
    return [
        Figure("heartbeats", per_core[ours], "/core s", None),
        Figure("empty bidi echo", per_core[echo], "/core s", None),
        Figure("heartbeats ÷ echo", statistics.median(ratios), "", f"aim ≥ {LIMIT}"),
        Figure(f"heartbeats, {pace}", paced[ours], "/core s", None),
        Figure(f"echo, {pace}", paced[echo], "/core s", None),
        Figure("heartbeats ÷ echo, so paced", paced[ours] / paced[echo], "", f"aim ≥ {LIMIT}"),
        Figure("memory of a held stream", kib[ours], "KiB", f"aim < {LIMIT_KIB:g} KiB"),
        Figure("memory of a held echo stream", kib[echo], "KiB", None),
    ]


def run() -> list[Figure]:
    """Measures; about two minutes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        stores.postgres_server() as postgres,
        postgres.database() as dsn,
        stores.valkey_server() as valkey_url,
    ):
        service_settings(Path(folder), "playback")
        asyncio.run(migrated(dsn))
        servers = [Server(_serve_ours, folder, dsn, valkey_url), Server(_serve_echo, folder)]
        try:
            return uvloop.run(_measure(servers))
        finally:
            for server in servers:
                server.stop()
            for server in servers:
                server.join()


if __name__ == "__main__":
    from bench.report import table

    print(table(run()))
