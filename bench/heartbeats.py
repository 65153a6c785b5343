"""What a heartbeat costs, and what a held stream weighs, beside an empty bidi echo in one run.

Both servers run in processes of their own with mTLS and are driven in turn by one client over a
few connections, as the edge has them; ours is the whole service over a real PostgreSQL and Valkey,
positions and checkpoints kept. What is compared is messages for each second of the server's CPU,
which another process on the machine disturbs less than the clock.

    python -m bench.heartbeats --streams 3000
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import multiprocessing
import operator
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

import grpc
import uvloop
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1 import playback_service_pb2_grpc as pb_grpc
from ulid import ULID

from bench.bare_server import bare_server
from bench.report import Figure
from meshkit import logs
from meshkit.testing import stores
from meshkit.testing.rpc import ServedMesh, TokenIssuer, service_settings
from playback_svc.schema import SCHEMA
from tests.contracts.playback.samples import FREE, PLAYABLE, PREMIUM, TRACK
from tests.rpc.playback.harness import World, an_instance

BUSY_STREAMS = 64
BEATS_A_STREAM = 100
ROUNDS = 5
HELD_STREAMS = 20_000
STREAMS_A_CHANNEL = 1_000
IN_FLIGHT = 32
PATIENCE = 30
PACE_S = 10.0
PACED_TURNS = 2
TOKENS_LIVE_S = 7_200
LIMIT = 0.7
LIMIT_KIB = 30.0
# Nobody is heard to the end of it.
LONG_MS = 24 * 3_600_000
T = TypeVar("T")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") / 1024


class Echo(pb_grpc.HeartbeatServiceServicer):
    async def StreamHeartbeats(  # noqa: N802
        self, requests: Any, context: Any
    ) -> AsyncIterator[Any]:
        response = pb.StreamHeartbeatsResponse()
        async for _ in requests:
            yield response


async def _serve_echo(tls: Path, pipe: Connection) -> None:
    server, port = bare_server(tls, "playback")
    pb_grpc.add_HeartbeatServiceServicer_to_server(Echo(), server)  # type: ignore[abstract]
    await server.start()
    pipe.send((port, []))
    await _answer(pipe)
    await server.stop(0)


async def _serve_ours(tls: Path, pipe: Connection, dsn: str, valkey_url: str, count: str) -> None:
    from playback_svc.adapters.memory.clients import MemoryCatalogue, MemoryPlans

    plans = MemoryPlans({"free": FREE, "premium": PREMIUM})
    playable = replace(PLAYABLE, track=replace(TRACK, duration_ms=LONG_MS))
    world = World(tls, dsn, valkey_url, MemoryCatalogue({TRACK.track_id: playable}), plans)
    # Signing is the client's business, so that it does not count as the server's.
    users = [str(ULID()) for _ in range(int(count))]
    tokens = [(user, world.issuer.token(user, life_s=TOKENS_LIVE_S)) for user in users]
    async with an_instance(world) as instance:
        pipe.send((instance.mesh.port, tokens))
        await _answer(pipe)


async def _answer(pipe: Connection) -> None:
    """Tells what the process has used whenever it is asked, until it is told to stop."""
    while (question := await asyncio.to_thread(pipe.recv)) != "stop":
        pipe.send(_ASKED[question]())


def _resident_kib() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_KIB


def _collecting_ms() -> float:
    """How long a full garbage collection keeps the process from its streams."""
    before = time.process_time()
    gc.collect()
    return (time.process_time() - before) * 1000


_ASKED = {
    "cpu_s": time.process_time,
    "resident_kib": _resident_kib,
    "collecting_ms": _collecting_ms,
}


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

    def connect(self, count: int) -> None:
        """Opens enough connections for ``count`` streams."""
        number = -(-count // STREAMS_A_CHANNEL)
        channels = [self._mesh.channel("edge", serves_as="playback") for _ in range(number)]
        self._stubs: list[Any] = [pb_grpc.HeartbeatServiceStub(channel) for channel in channels]
        self.playback: Any = pb_grpc.PlaybackServiceStub(channels[0])

    def used(self, what: str) -> float:
        """``cpu_s``, ``resident_kib`` or ``collecting_ms`` of the server's process."""
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

        async def one(number: int) -> str:
            user, token = self.users[number]
            request = pb.PlayRequest(track_id=TRACK.track_id, device_id=user)
            answer = await self.playback.Play(request, metadata=_bearer(token))
            return str(answer.playback_id)

        return await _each(len(self.users), lambda number: _patiently(lambda: one(number)))

    async def open(self, number: int, playback_id: str) -> Any:
        """A stream that has got its first answer."""
        stub = self._stubs[number // STREAMS_A_CHANNEL]
        if self.ours:
            user, token = self.users[number]
            call = stub.StreamHeartbeats(metadata=_bearer(token))
            hello = pb.StreamHeartbeatsRequest.Hello(playback_id=playback_id, device_id=user)
            await call.write(pb.StreamHeartbeatsRequest(hello=hello))
        else:
            call = stub.StreamHeartbeats()
            await call.write(self.message(0))
        if await call.read() is grpc.aio.EOF:
            raise RuntimeError(f"a stream was not opened: {await call.code()}")
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
                rung="192",
                buffer_ms=30_000,
                throughput_kbps=4_000,
            )
        )


def _bearer(token: str) -> Any:
    return (("authorization", f"Bearer {token}"),)


async def _patiently(call: Callable[[], Awaitable[T]]) -> T:
    """What ``call`` returns, called again where a busy machine's store was too slow."""
    for _ in range(PATIENCE):
        try:
            return await call()
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            await asyncio.sleep(1)
    return await call()


async def _each(count: int, work: Callable[[int], Awaitable[T]]) -> list[T]:
    """What ``work`` returns for 0 to ``count`` - 1, ``IN_FLIGHT`` at a time."""
    numbers = iter(range(count))
    found: dict[int, T] = {}

    async def worker() -> None:
        for number in numbers:
            found[number] = await work(number)

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return [found[number] for number in range(count)]


class Load:
    """The streams that are held to one server. Every measure says messages per second."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.streams: list[Any] = []
        self._seq = 0

    async def hold(self, ids: list[str]) -> tuple[float, float]:
        """Opens a stream for each id; how many a second, and the KiB that each weighs."""
        warm = min(IN_FLIGHT, len(ids) // 10)

        async def opened(number: int) -> Any:
            return await _patiently(lambda: self.server.open(number, ids[number]))

        self.streams = await _each(warm, opened)
        await self.in_turn()
        before, began = self.server.used("resident_kib"), time.perf_counter()
        self.streams += await _each(len(ids) - warm, lambda number: opened(warm + number))
        rate = (len(ids) - warm) / (time.perf_counter() - began)
        # The clients' streams stay until the end; looking through them again finds nothing.
        gc.freeze()
        await self.in_turn()
        await asyncio.sleep(2)
        return rate, (self.server.used("resident_kib") - before) / (len(ids) - warm)

    async def busy(self) -> float:
        """A few streams, each as fast as it goes; per second of the server's CPU."""
        first = self._take(BEATS_A_STREAM)
        streams = self.streams[:BUSY_STREAMS]

        async def beat(call: Any) -> None:
            for seq in range(first, first + BEATS_A_STREAM):
                await self._beat(call, seq)

        before = self.server.used("cpu_s")
        await asyncio.gather(*map(beat, streams))
        return len(streams) * BEATS_A_STREAM / (self.server.used("cpu_s") - before)

    async def in_turn(self) -> float:
        """One beat of each stream, a few at a time; per second of the server's CPU."""
        seq, before = self._take(1), self.server.used("cpu_s")
        await _each(len(self.streams), lambda number: self._beat(self.streams[number], seq))
        return len(self.streams) / (self.server.used("cpu_s") - before)

    async def paced(self) -> float:
        """Two beats of each stream, evenly spread; per second of the server's CPU."""
        first, spread = self._take(PACED_TURNS), PACE_S / len(self.streams)

        async def beat(number: int) -> None:
            await asyncio.sleep(number * spread)
            for turn in range(PACED_TURNS):
                await self._beat(self.streams[number], first + turn)
                await asyncio.sleep(PACE_S)

        before = self.server.used("cpu_s")
        await asyncio.gather(*(beat(number) for number in range(len(self.streams))))
        return len(self.streams) * PACED_TURNS / (self.server.used("cpu_s") - before)

    async def _beat(self, call: Any, seq: int) -> None:
        await call.write(self.server.message(seq))
        message = await call.read()
        if message is grpc.aio.EOF or message.HasField("end"):
            words = "had the machine so little time that its session was silent for 35 s?"
            raise RuntimeError(f"a stream has ended with {message}: {words}")

    def _take(self, count: int) -> int:
        """The first of ``count`` numbers that no beat has had."""
        self._seq += count
        return self._seq - count + 1


@dataclass
class Measured:
    """What was seen of one server; rates are per second of its CPU, one a round."""

    opened: float
    kib: float
    collecting_ms: float
    paced: float = 0.0
    busy: list[float] = field(default_factory=list)
    in_turn: list[float] = field(default_factory=list)


async def _measure(ours: Server, echo: Server, count: int) -> list[Figure]:
    for server in (ours, echo):
        server.connect(count)
    ids = await ours.play()
    loads, seen = {}, {}
    # Ours comes last: a session whose device is silent for 35 s is over.
    for server in (echo, ours):
        load = loads[server] = Load(server)
        seen[server] = Measured(*await load.hold(ids), server.used("collecting_ms"))
        print(f"  ours: {server.ours}, {seen[server]}", file=sys.stderr)
        seen[server].paced = await load.paced()
    for turn in range(ROUNDS + 1):
        for server in (ours, echo):
            busy, in_turn = await loads[server].busy(), await loads[server].in_turn()
            words = f"{busy:8.0f}/core s busy, {in_turn:8.0f}/core s in turn, ours: {server.ours}"
            print(f"  {words}", file=sys.stderr)
            if turn:
                seen[server].busy.append(busy)
                seen[server].in_turn.append(in_turn)
    return _figures(seen[ours], seen[echo], count)


def _figures(ours: Measured, echo: Measured, count: int) -> list[Figure]:
    target = f"aim ≥ {LIMIT}"
    busy, in_turn = (
        statistics.median(map(operator.truediv, each, other))
        for each, other in ((ours.busy, echo.busy), (ours.in_turn, echo.in_turn))
    )
    held, pace = f"{count:,} streams", f"one beat in {PACE_S:g} s"
    opened = f"echo: {echo.opened:,.0f}; until the first answer, {IN_FLIGHT} at a time"
    return [
        Figure("heartbeats", statistics.median(ours.busy), "/core s", None),
        Figure("empty bidi echo", statistics.median(echo.busy), "/core s", None),
        Figure("heartbeats ÷ echo", busy, "", target),
        Figure(f"heartbeats of {held} in turn", statistics.median(ours.in_turn), "/core s", None),
        Figure("heartbeats ÷ echo, so in turn", in_turn, "", target),
        Figure(f"heartbeats, {held}, {pace}", ours.paced, "/core s", None),
        Figure("heartbeats ÷ echo, so paced", ours.paced / echo.paced, "", target),
        Figure(f"memory of a held stream, {held}", ours.kib, "KiB", f"aim < {LIMIT_KIB:g} KiB"),
        Figure("memory of a held echo stream", echo.kib, "KiB", None),
        Figure(
            f"a full garbage collection, {held}",
            ours.collecting_ms,
            "ms",
            f"of the processor, in which nothing is answered; echo: {echo.collecting_ms:.0f}",
        ),
        Figure("heartbeat streams opened", ours.opened, "/s", opened),
    ]


def run(count: int = HELD_STREAMS) -> list[Figure]:
    """Measures with ``count`` streams held to each; about five minutes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        stores.postgres_server() as postgres,
        postgres.database() as dsn,
        stores.valkey_server() as valkey_url,
    ):
        service_settings(Path(folder), "playback")
        asyncio.run(SCHEMA.migrate(dsn))
        ours = Server(_serve_ours, folder, dsn, valkey_url, str(count))
        echo = Server(_serve_echo, folder)
        try:
            return uvloop.run(_measure(ours, echo, count))
        finally:
            for server in (ours, echo):
                server.stop()
            for server in (ours, echo):
                server.join()


if __name__ == "__main__":
    from bench.report import table

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", type=int, default=HELD_STREAMS, help="held to each server")
    print(table(run(parser.parse_args().streams)))
