"""What many clients of one account are told has one order, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import grpc
import pytest
import pytest_asyncio
from grpc.aio import EOF
from segue.playback.v1.playback_service_pb2_grpc import HeartbeatServiceStub

from player.mesh_client import LocalUser, MeshClient
from tests.mesh.devices import CUT, instance_channel, open_stream
from tests.mesh.history import History, Operation
from tests.mesh.imported_music import all_tracks
from tests.mesh.linearizable import Verdict, check
from tests.mesh.mesh_processes import until, until_ready
from tests.mesh.playback_callers import Account, Caller
from tests.mesh.playback_calls import AddToQueue, Answer, Expire, Get, Play, Refused
from tests.mesh.playback_kills import beside, kill_at_random, playback_instances
from tests.mesh.playback_model import PlaybackModel
from tests.profiles import repeated
from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)

CLIENTS = 8
INSTANCES = 3
KILLS = repeated(3, 16)
BEATERS = 3
# Silence ends what plays after 35 s; what was told comes a little later than it happened.
SILENCE_S = 30.0
ENOUGH = 400


@dataclass(frozen=True, slots=True)
class Recorded:
    """All that the clients of the account asked and were answered, and how long its tracks are."""

    operations: tuple[Operation, ...]
    durations_ms: Mapping[str, int]

    def verdict(self, operations: Sequence[Operation] | None = None) -> Verdict:
        """What the checker says of it, or of another history of the same account."""
        told = with_silence(operations or self.operations)
        return check(told, PlaybackModel(told, self.durations_ms))


@asynccontextmanager
async def channels(mesh: RunningMesh) -> AsyncIterator[list[grpc.aio.Channel | None]]:
    """One to each instance, and None for the way through the edge."""
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(instance_channel(mesh.folder, "playback", index))
            for index in range(INSTANCES)
        ]
        yield [*opened, None]


async def an_account(mesh: RunningMesh) -> Account:
    async with MeshClient(mesh.folder, LocalUser("librarian")) as client:
        tracks = await all_tracks(client)
    durations_ms = {track.id: track.duration_ms for track in tracks}
    return Account(History(), list(durations_ms), durations_ms)


async def beat_and_cut(client: MeshClient, channel: Any, account: Account) -> None:
    """Holds streams of heartbeats of the sessions that begin, and cuts each after a few beats."""
    stub: Any = HeartbeatServiceStub(channel) if channel else None
    while True:
        await asyncio.sleep(random.uniform(0, 0.3))
        if not account.sessions:
            continue
        device_id, session = account.sessions[-1]
        stream = await open_stream(client, session, device_id, stub)
        try:
            said = await stream.hello()
            for _ in range(random.randint(1, 5)):
                if said is EOF or said.WhichOneof("event") != "ack":
                    break
                await asyncio.sleep(random.uniform(0, 0.2))
                said = await stream.beat(said.ack.seq + 1, random.randrange(4_000))
        except CUT:
            pass
        finally:
            await stream.close()


async def ask_under_fire(mesh: RunningMesh, account: Account) -> None:
    """All clients ask for anything while instances die and streams are cut."""
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        names = await stack.enter_async_context(playback_instances(mesh.folder, INSTANCES))
        ways = await stack.enter_async_context(channels(mesh))
        client = await stack.enter_async_context(MeshClient(mesh.folder, LocalUser("one-account")))
        await client.token()
        for number in range(BEATERS):
            beating = beat_and_cut(client, ways[number % len(ways)], account)
            await stack.enter_async_context(beside(asyncio.create_task(beating)))
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                caller = Caller(number, client, ways[number % len(ways)], account)
                group.create_task(caller.ask_until(stop))
            await kill_at_random(mesh.folder, names, KILLS)
            await until(enough_of(account), "too few calls were answered", within_s=100)
            stop.set()


def enough_of(account: Account) -> Callable[[], Awaitable[bool]]:
    """Whether so many calls were answered that their order says something."""

    async def enough() -> bool:
        return sum(each.result is not None for each in account.history.operations) > ENOUGH

    return enough


def with_silence(operations: Sequence[Operation]) -> list[Operation]:
    """With the end of each session that may have fallen silent, which nobody calls."""
    begun: dict[str, float] = {}
    for each in operations:
        told = each.result
        if isinstance(told, Answer) and told.playback_id:
            begun.setdefault(told.playback_id, each.invoked_at)
    latest = max(each.invoked_at for each in operations)
    ends = ((Expire(session), at + SILENCE_S) for session, at in begun.items())
    return [*operations, *(Operation(-1, call, None, at, None) for call, at in ends if at < latest)]


@pytest_asyncio.fixture(scope="module")
async def recorded(shared_mesh: RunningMesh) -> Recorded:
    """A history of the account, made while instances died and streams were cut."""
    await until_ready(shared_mesh.folder)
    account = await an_account(shared_mesh)
    await ask_under_fire(shared_mesh, account)
    return Recorded(account.history.operations, account.durations_ms)


def test_all_answers_have_one_order_though_instances_die_and_streams_are_cut(
    recorded: Recorded,
) -> None:
    operations = recorded.operations
    verdict = recorded.verdict()
    kinds = Counter(type(each.call).__name__ for each in operations)
    unknown = sum(each.result is None for each in operations)
    refused = Counter(e.result.reason for e in operations if isinstance(e.result, Refused))
    print(f"{len(operations)} operations, {unknown} of unknown outcome: {dict(kinds)}")
    print(f"refused: {dict(refused)}; {verdict.configurations} configurations")
    assert verdict.linearizable, verdict.message
    # Clients got through, in each of their ways, and instances died while they were served.
    assert verdict.explained > ENOUGH
    assert {each.client for each in operations if each.result} == set(range(CLIENTS))
    assert unknown > 0


def test_a_read_that_is_behind_is_refused(recorded: Recorded) -> None:
    history = list(recorded.operations)
    late = max(i for i, each in enumerate(history) if is_read(each))
    behind = next(each for each in history if is_read(each))
    history[late] = replace(history[late], result=behind.result)
    assert not recorded.verdict(history).linearizable


def test_an_answer_to_a_command_that_was_lost_is_refused(recorded: Recorded) -> None:
    """The command has two answers: that of another one, which began when it was acknowledged."""
    assert not recorded.verdict(planted(recorded, twice)).linearizable


def test_an_acknowledged_command_that_nobody_saw_is_refused(recorded: Recorded) -> None:
    assert not recorded.verdict(planted(recorded, forgotten)).linearizable


def planted(recorded: Recorded, plant: Callable[[list[Operation], int], None]) -> list[Operation]:
    """The history with something wrong about an acknowledged command in the middle of it."""
    history = list(recorded.operations)
    commands = [
        index
        for index, each in enumerate(history)
        if isinstance(each.call, Play | AddToQueue) and isinstance(each.result, Answer)
    ]
    plant(history, commands[len(commands) // 2])
    return history


def twice(history: list[Operation], index: int) -> None:
    """The same command is acknowledged to another client, later, as if it had been done again."""
    again = replace(history[index], client=CLIENTS, invoked_at=history[index].returned_at or 0.0)
    history.append(replace(again, returned_at=again.invoked_at + 0.001))


def forgotten(history: list[Operation], index: int) -> None:
    """The command is answered, and what follows is as if it had never been."""
    answer = history[index].result
    assert isinstance(answer, Answer)
    for at in range(len(history)):
        told = history[at].result
        if at != index and isinstance(told, Answer) and told.revision > answer.revision:
            history[at] = replace(history[at], result=replace(told, revision=told.revision - 1))


def is_read(operation: Operation) -> bool:
    told = operation.result
    return isinstance(operation.call, Get) and isinstance(told, Answer) and told.revision > 0
