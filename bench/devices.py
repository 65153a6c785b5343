"""Remote control across two instances: from SendCommand at one to the device's stream at the other.

Both instances are processes over durable stores. Sender and device are one client with one clock;
a command's time ends when the device has it in hand. Beside it, a Pause against the one UPDATE
that it cannot do without, on as many connections.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import uvloop
from segue.device.v1 import device_pb2
from segue.device.v1 import device_service_pb2 as pb
from segue.device.v1.device_service_pb2_grpc import DeviceServiceStub
from segue.playback.v1 import playback_service_pb2 as playback
from segue.playback.v1.playback_service_pb2_grpc import PlaybackServiceStub
from ulid import ULID

from bench.playback_stand import Stand, bearer, cpu_s, playback_stand, resident_kib
from bench.report import Figure, quantile
from meshkit import postgres

# Whole turns of pause, seek and resume, so that each changes something.
COMMANDS = 198
WARM_UP = 21
BACKGROUND = 1_000
HELD_STREAMS = 5_000
STREAMS_A_CHANNEL = 1_000
IN_FLIGHT = 32
P50_MS, P95_MS = 10, 25
LIMIT_KIB = 30
PATIENCE_S = 10.0
SPEAKER = "speaker"
_BARE = "UPDATE player_state SET position_ms = position_ms + 1 WHERE user_id = %s"


class Client:
    """A user's calls to one instance."""

    def __init__(self, channel: grpc.aio.Channel, token: str) -> None:
        self.devices: Any = DeviceServiceStub(channel)
        self.playback: Any = PlaybackServiceStub(channel)
        self.metadata = bearer(token)

    async def play(self, device_id: str) -> Any:
        """Plays something on the device."""
        request = playback.PlayRequest(track_id=str(ULID()), device_id=device_id)
        return await self.playback.Play(request, metadata=self.metadata)

    async def send(self, **command: Any) -> int:
        """Sends the speaker a command; its number."""
        request = pb.SendCommandRequest(device_id=SPEAKER, **command)
        answer = await self.devices.SendCommand(request, metadata=self.metadata)
        return int(answer.command.number)


class Speaker:
    """A device on its stream, which notes when each command came."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._came: dict[int, float] = {}
        self._news = asyncio.Event()

    @classmethod
    async def connect(cls, client: Client) -> Speaker:
        """A stream that has been welcomed."""
        call = client.devices.Connect(metadata=client.metadata)
        hello = pb.ConnectRequest.Hello(device_id=SPEAKER, name="Speaker")
        await call.write(pb.ConnectRequest(hello=hello))
        first = await call.read()
        if first is grpc.aio.EOF or not first.HasField("welcome"):
            raise RuntimeError(f"not welcome: {first}")
        return cls(call)

    async def obey(self) -> None:
        """Takes commands until cancelled or the stream ends."""
        while (message := await self._call.read()) is not grpc.aio.EOF:
            if not message.HasField("command"):
                continue
            self._came[message.command.number] = time.perf_counter()
            self._news.set()
            done = device_pb2.Applied(number=message.command.number, status=device_pb2.Command.DONE)
            await self._call.write(pb.ConnectRequest(applied=done))

    async def came(self, number: int) -> float:
        """When a command came. Raises TimeoutError where it does not."""
        async with asyncio.timeout(PATIENCE_S):
            while number not in self._came:
                self._news.clear()
                await self._news.wait()
        return self._came.pop(number)


async def _delivered(stand: Stand, sender: Client, speaker: Speaker, words: str) -> list[Figure]:
    """How long commands take from the wish to the device: pause, seek and resume in turn."""
    kinds: list[dict[str, Any]] = [
        {"pause": pb.SendCommandRequest.Pause()},
        {"seek": pb.SendCommandRequest.Seek(position_ms=30_000)},
        {"resume": pb.SendCommandRequest.Resume()},
    ]
    delivered, acknowledged = [], []
    used: list[float] = []
    for turn, command in enumerate(itertools.islice(itertools.cycle(kinds), WARM_UP + COMMANDS)):
        if turn == WARM_UP:
            used = _used_s(stand)
        began = time.perf_counter()
        number = await sender.send(**command)
        acknowledged.append((time.perf_counter() - began) * 1000)
        delivered.append((await speaker.came(number) - began) * 1000)
        # Not in step with anything that the instances do every so often.
        await asyncio.sleep(0.005)
    cost = [
        (after - before) * 1000 / COMMANDS
        for after, before in zip(_used_s(stand), used, strict=True)
    ]
    what = f"command to a device at another instance, {words}"
    p50, p95 = (quantile(delivered[WARM_UP:], share) for share in (0.5, 0.95))
    answer = f"the sender's answer: {quantile(acknowledged[WARM_UP:], 0.5):.1f} ms"
    costs = "{:.1f} + {:.1f} ms of the instances' processor, {:.1f} of the stores'".format(*cost)
    return [
        Figure(f"{what}, p50", p50, "ms", f"aim < {P50_MS} ms; {answer}"),
        Figure(f"{what}, p95", p95, "ms", f"aim < {P95_MS} ms; {costs}"),
    ]


def _used_s(stand: Stand) -> list[float]:
    """Seconds of the processor: the sender's instance, the device's, and the stores."""
    stores = sum(map(cpu_s, stand.store_pids()))
    return [cpu_s(stand.pid(0)), cpu_s(stand.pid(1)), stores]


async def _connect(
    stand: Stand, stack: AsyncExitStack, instances: Sequence[int], count: int
) -> tuple[list[Speaker], float]:
    """Devices of a user each, in turn at ``instances``, connected; how many a second."""
    channels: list[grpc.aio.Channel] = []
    for number in range(-(-count // STREAMS_A_CHANNEL) * len(instances)):
        channel = stand.channel(instances[number % len(instances)])
        channels.append(await stack.enter_async_context(channel))
    tokens = await asyncio.to_thread(lambda: [_token(stand, str(ULID())) for _ in range(count)])
    each = iter(range(count))
    speakers: list[Speaker] = []

    async def worker() -> None:
        for number in each:
            client = Client(channels[number % len(channels)], tokens[number])
            speakers.append(await Speaker.connect(client))

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return speakers, count / (time.perf_counter() - began)


def _token(stand: Stand, user_id: str) -> str:
    return stand.issuer.token(user_id, life_s=3_600)


async def _remote_control(stand: Stand, stack: AsyncExitStack, background: int) -> list[Figure]:
    token = _token(stand, str(ULID()))
    at = [await stack.enter_async_context(stand.channel(number)) for number in (0, 1)]
    sender, device = (Client(channel, token) for channel in at)
    speaker = await Speaker.connect(device)
    obeying = asyncio.create_task(speaker.obey())
    await sender.play(SPEAKER)
    figures = await _delivered(stand, sender, speaker, "a quiet mesh")
    # Kept, so that they stay connected.
    others, _ = await _connect(stand, stack, (0, 1), background)
    beside = f"{len(others):,} devices beside"
    figures += await _delivered(stand, sender, speaker, beside)
    obeying.cancel()
    return figures


async def _held(stand: Stand, stack: AsyncExitStack, count: int) -> list[Figure]:
    """What a connected device weighs."""
    warm, _ = await _connect(stand, stack, (1,), IN_FLIGHT)
    before = resident_kib(stand.pid(1))
    held, rate = await _connect(stand, stack, (1,), count)
    await asyncio.sleep(2)
    kib = (resident_kib(stand.pid(1)) - before) / len(held)
    what = f"memory of a connected device, {len(held) + len(warm):,} of them"
    return [
        Figure(what, kib, "KiB", f"aim < {LIMIT_KIB} KiB"),
        Figure("devices connected", rate, "/s", f"until the welcome, {IN_FLIGHT} at a time"),
    ]


async def _times_ms(call: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await call()
    return (time.perf_counter() - began) * 1000


async def _pause(stand: Stand, stack: AsyncExitStack) -> list[Figure]:
    """A Pause beside the UPDATE of the same row."""
    user_id = str(ULID())
    channel = await stack.enter_async_context(stand.channel(0))
    client = Client(channel, _token(stand, user_id))
    playback_id = (await client.play("phone")).playback_id
    pool = await stack.enter_async_context(
        postgres.open_pool(stand.dsn, schema="playback", max_size=8)
    )

    async def bare() -> None:
        async with pool.connection() as connection:
            await connection.execute(_BARE, (user_id,))

    def called(method: str) -> Callable[[], Awaitable[object]]:
        request = getattr(playback, f"{method}Request")(playback_id=playback_id)
        return lambda: getattr(client.playback, method)(request, metadata=client.metadata)

    pauses, updates = [], []
    for _ in range(WARM_UP + COMMANDS):
        pauses.append(await _times_ms(called("Pause")))
        await called("Resume")()
        updates.append(await _times_ms(bare))
    ours, other = pauses[WARM_UP:], updates[WARM_UP:]
    words = f"bare UPDATE of the row: p50 {quantile(other, 0.5):.1f} ms"
    return [
        Figure("Pause, p50", quantile(ours, 0.5), "ms", words),
        Figure(
            "Pause, p95",
            quantile(ours, 0.95),
            "ms",
            f"bare UPDATE of the row: p95 {quantile(other, 0.95):.1f} ms",
        ),
    ]


async def _measure(folder: Path, background: int, held: int) -> list[Figure]:
    async with playback_stand(folder, 2) as stand, AsyncExitStack() as stack:
        figures = await _pause(stand, stack)
        _told(figures)
        figures += _told(await _remote_control(stand, stack, background))
        return figures + _told(await _held(stand, stack, held))


def _told(figures: list[Figure]) -> list[Figure]:
    for figure in figures:
        words = f"{figure.value:.2f} {figure.unit} ({figure.beside})"
        print(f"  {figure.what}: {words}", file=sys.stderr)
    return figures


def run(background: int = BACKGROUND, held: int = HELD_STREAMS) -> list[Figure]:
    """Measures; about a minute and a half."""
    with tempfile.TemporaryDirectory() as folder:
        return uvloop.run(_measure(Path(folder), background, held))


if __name__ == "__main__":
    from bench.report import table

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--background", type=int, default=BACKGROUND, help="devices beside")
    parser.add_argument("--held", type=int, default=HELD_STREAMS, help="devices that are weighed")
    options = parser.parse_args()
    print(table(run(options.background, options.held)))
