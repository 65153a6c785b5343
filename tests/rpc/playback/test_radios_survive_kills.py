"""A radio of which the process dies: no block comes twice, no track is lost."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from segue.rec.v1 import radio_internal_service_pb2 as pb
from segue.rec.v1.radio_internal_service_pb2_grpc import (
    RadioInternalServiceServicer,
    add_RadioInternalServiceServicer_to_server,
)

from meshkit.faults import Fault, Unavailable
from meshkit.testing.rpc import served
from playback_svc.adapters.memory.radios import BLOCK
from playback_svc.domain.radio import REFILL_AT
from tests.contracts.playback.samples import new_id
from tests.profiles import repeated
from tests.rpc.playback.harness import User, World
from tests.rpc.playback.music import upcoming
from tests.rpc.playback.test_playback_process import Process, neighbours

TO_BORDER = BLOCK - REFILL_AT - 1
RADIO = new_id()
TRACKS = [new_id() for _ in range(20 * BLOCK)]


class Radio(RadioInternalServiceServicer):
    """Radios whose playings all have the same tracks; counts how often each block was asked for."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, int]] = Counter()
        self.lists: dict[tuple[str, int], str] = {}
        self.before_answer: Callable[[int], None] = lambda _block: None

    async def ExtendRadio(self, request: Any, context: Any) -> pb.ExtendRadioResponse:
        named = request.context_id, request.block
        self.asked[named] += 1
        self.before_answer(request.block)
        at = BLOCK * (request.block - 1)
        shown_id = self.lists.setdefault(named, new_id())
        return pb.ExtendRadioResponse(track_ids=TRACKS[at : at + BLOCK], shown_id=shown_id)


class Processes:
    """Processes one after the other, of which none outlives its test."""

    def __init__(self, world: World, targets: tuple[str, str], rec: str) -> None:
        self._next = lambda: Process(world, targets, rec)
        self.now: Process | None = None

    async def start(self, user_id: str) -> User:
        """Another one in the place of the one before, which is killed if it lives."""
        await self.end()
        self.now = await self._next().start()
        return self.now.user(user_id)

    def kill(self) -> None:
        if self.now is not None:
            self.now.kill()

    async def end(self) -> None:
        if self.now is not None:
            await self.now.end(signal.SIGKILL)
        self.now = None


@asynccontextmanager
async def radio_of(world: World) -> AsyncIterator[tuple[Radio, Processes]]:
    radio = Radio()
    registration = (add_RadioInternalServiceServicer_to_server, radio)
    async with (
        served(world.tls, registration, workload="rec", issuer=world.issuer) as rec,
        neighbours(world) as targets,
    ):
        processes = Processes(world, targets, f"ipv4:127.0.0.1:{rec.port}")
        try:
            yield radio, processes
        finally:
            await processes.end()


async def play(user: User) -> Any:
    return await user.call("Play", device_id="kitchen", source={"radio_id": RADIO})


async def skip(user: User, request_id: str = "") -> str:
    answer = await user.call("Skip", device_id="kitchen", request_id=request_id)
    return str(answer.track.id)


async def coming(user: User, count: int) -> list[str]:
    """What comes, once it is so many tracks."""
    async with asyncio.timeout(30):
        while len(ahead := await upcoming(user)) != count:
            await asyncio.sleep(0.05)
    return ahead


async def skip_or_die(user: User, request_id: str = "") -> str:
    """The track that a skip led to; empty where the process died before it said so."""
    try:
        return await skip(user, request_id)
    except Fault as fault:
        assert isinstance(fault, Unavailable)  # noqa: PT017
        return ""


async def test_a_kill_between_the_block_and_its_commit_has_the_same_block_asked_for_again(
    world: World,
) -> None:
    user_id = new_id()
    async with radio_of(world) as (radio, processes):
        user = await processes.start(user_id)
        await play(user)
        for _ in range(TO_BORDER - 1):
            await skip(user)
        died = asyncio.Event()

        def die(block: int) -> None:
            if block == 2 and not died.is_set():
                died.set()
                processes.kill()

        radio.before_answer = die
        await skip_or_die(user)
        await asyncio.wait_for(died.wait(), 20)
        user = await processes.start(user_id)
        assert await upcoming(user) == TRACKS[TO_BORDER + 1 : BLOCK]
        assert await skip(user) == TRACKS[TO_BORDER + 1]
        ahead = await coming(user, BLOCK + REFILL_AT - 1)
        assert ahead == TRACKS[TO_BORDER + 2 : 2 * BLOCK]
        first, second = radio.asked
        assert second == (first[0], 2)
        assert radio.asked[second] >= 2


async def test_kills_at_any_moment_of_a_border_lose_no_track_and_repeat_none(
    world: World,
) -> None:
    user_id, chance, heard = new_id(), Random(7), 0
    async with radio_of(world) as (radio, processes):
        user = await processes.start(user_id)
        await play(user)
        for blocks in range(1, 1 + repeated(3, 15)):
            while heard < BLOCK * blocks - REFILL_AT - 2:
                heard += 1
                assert await skip(user) == TRACKS[heard]
            heard, request_id = heard + 1, new_id()
            later = chance.random() * 0.02
            dying = asyncio.get_running_loop().call_later(later, processes.kill)
            assert await skip_or_die(user, request_id) in ("", TRACKS[heard])
            await asyncio.sleep(later)
            dying.cancel()
            user = await processes.start(user_id)
            assert await skip(user, request_id) == TRACKS[heard]
            # Whatever it died at, one more command has asked for what is missing.
            heard += 1
            assert await skip(user) == TRACKS[heard]
            ahead = await coming(user, BLOCK * (blocks + 1) - heard - 1)
            assert ahead == TRACKS[heard + 1 : BLOCK * (blocks + 1)]
        assert len({playing for playing, _ in radio.asked}) == 1
