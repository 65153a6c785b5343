"""Every RPC of every contract, called by everybody over every protocol: let in is who may be."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor

from localmesh.discovery import find_mesh
from meshkit.credentials import server_name
from tests.attack import probes
from tests.attack.answers import Outcome
from tests.attack.others import target
from tests.attack.policies import (
    LET_IN,
    NOT_SERVED,
    OPERATOR,
    Credential,
    Reasons,
    expected_of_edge,
    expected_of_service,
    is_internal,
    methods,
    name_of,
)
from tests.attack.principals import Principal, principals
from tests.attack.probes import PROTOCOLS, Doors, by_grpc
from tests.attack.tallies import Tally
from tests.attack.workloads import Caller, callers
from tests.mesh.mesh_processes import until
from tests.profiles import repeated
from tests.running_mesh import RunningMesh

T = TypeVar("T")

AT_ONCE = 16
# How the gRPC of Python tells of a peer that takes no certificate of ours.
NO_HANDSHAKE = frozenset({"UNAVAILABLE"})


@pytest.fixture(scope="module")
def everybody(mesh: RunningMesh) -> list[Principal]:
    return principals(mesh)


@pytest.fixture
async def channel(mesh: RunningMesh) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(target(mesh)) as channel:
        yield channel


def problem(outcome: Outcome, expected: Reasons) -> str | None:
    """What is wrong with an outcome, if anything."""
    if outcome.code in ("INTERNAL", "UNKNOWN", "DATA_LOSS") or "HTTP" in outcome.code:
        return f"ended as {outcome}"
    let_in = outcome.code == "OK" or outcome.reason == "INVALID_FIELD"
    if expected == LET_IN:
        return None if let_in else f"was refused as {outcome}"
    if let_in:
        return f"was let in ({outcome}), not refused as {sorted(expected)}"
    return None if outcome.reason in expected else f"{outcome}, not {sorted(expected)}"


@dataclass(frozen=True)
class Attempt:
    """One cell of the matrix."""

    method: MethodDescriptor
    who: str
    way: str
    expected: Reasons
    make: Callable[[], Awaitable[Outcome | None]]


async def carry_out(attempts: Iterable[Attempt], tally: Tally) -> list[str]:
    """Makes every attempt, so many at once; returns what was wrong."""
    wrong: list[str] = []

    async def work(waiting: Any) -> None:
        for attempt in waiting:
            outcome = await attempt.make()
            if outcome is None:
                continue
            tally.add(attempt.who, attempt.way, outcome.reason or outcome.code)
            if said := problem(outcome, attempt.expected):
                wrong.append(f"{name_of(attempt.method)} of {attempt.who} by {attempt.way}: {said}")

    waiting = iter(list(attempts))
    await asyncio.gather(*(work(waiting) for _ in range(AT_ONCE)))
    return wrong


def spread(cells: Sequence[T], ways: Sequence[str], seed: int) -> list[tuple[T, str]]:
    """Each cell by one of the ways, by all of them in a thorough run; in any order."""
    chance = random.Random(seed)
    many = repeated(1, len(ways))
    found = [(cell, way) for cell in cells for way in chance.sample(list(ways), many)]
    chance.shuffle(found)
    return found


def expected_by(way: str, method: MethodDescriptor, credential: Credential) -> Reasons:
    if way == "Connect JSON" and probes.has_no_connect_json(method):
        return NOT_SERVED
    return expected_of_edge(method, credential)


async def test_the_edge_lets_in_whom_the_contract_lets_in_and_nobody_else(
    mesh: RunningMesh, everybody: list[Principal], channel: grpc.aio.Channel, seed: int
) -> None:
    await _known_everywhere(channel, everybody)
    doors = [Doors(target(mesh), channel) for _ in range(AT_ONCE)]
    cells = list(product(methods(), everybody))
    free, turns = list(doors), random.Random(seed)

    def attempt(method: MethodDescriptor, principal: Principal, way: str) -> Attempt:
        turn = turns.randrange(1000)

        async def make() -> Outcome | None:
            door = free.pop()
            try:
                return await PROTOCOLS[way](door, method, principal.headers, turn)
            finally:
                free.append(door)

        return Attempt(
            method, principal.name, way, expected_by(way, method, principal.credential), make
        )

    tally = Tally(
        f"At the edge, {len(methods())} RPCs x {len(everybody)} principals x "
        f"{len(PROTOCOLS)} protocols",
        [principal.name for principal in everybody],
    )
    attempts = [
        attempt(method, principal, way)
        for (method, principal), way in spread(cells, list(PROTOCOLS), seed)
    ]
    wrong = await carry_out(attempts, tally)
    for door in doors:
        await door.wire.close()
    tally.show()
    assert wrong == []
    assert tally.calls > len(cells) // 2


async def _known_everywhere(channel: grpc.aio.Channel, everybody: Sequence[Principal]) -> None:
    """Returns when every service has heard who was revoked and erased."""
    gone = [one for one in everybody if "TOKEN_REVOKED" in one.credential.refused_as]
    for method in methods():
        for principal in gone:
            if expected_of_edge(method, principal.credential) != principal.credential.refused_as:
                continue

            async def refused(
                method: MethodDescriptor = method, principal: Principal = principal
            ) -> bool:
                outcome = await by_grpc(channel, method, probes.NO_MESSAGE, principal.headers)
                return outcome.reason == "TOKEN_REVOKED"

            await until(refused, f"{name_of(method)} does not hear of who is {principal.name}")


async def test_services_let_in_the_workloads_that_the_contract_names_and_no_other(
    mesh: RunningMesh, everybody: list[Principal], tmp_path: Path, seed: int
) -> None:
    programs = callers(mesh, tmp_path)
    served = await _served_by(mesh, programs)
    tokens = [one for one in everybody if one.name in ("no token", "no scope", "admin", "revoked")]
    channels = {
        (caller.name, address): _channel(address, service, caller)
        for caller in programs
        for service, address in set(served.values())
    }

    def attempt(method: MethodDescriptor, caller: Caller, principal: Principal) -> Attempt:
        _, address = served[name_of(method)]
        expected = expected_of_service(method, caller.workload, principal.credential)

        async def make() -> Outcome:
            channel = channels[caller.name, address]
            outcome = await by_grpc(channel, method, probes.NO_MESSAGE, principal.headers)
            # Without a handshake nobody of ours is there to give a reason.
            refused = not caller.trusted and outcome.code in NO_HANDSHAKE
            return Outcome(outcome.code, "NO_HANDSHAKE") if refused else outcome

        if not caller.trusted:
            expected = frozenset({"NO_HANDSHAKE"})
        return Attempt(method, caller.name, f"gRPC, {principal.name}", expected, make)

    cells = list(product(methods(), programs, tokens))
    random.Random(seed).shuffle(cells)
    tally = Tally(
        f"At the services, {len(methods())} RPCs x {len(programs)} certificates x "
        f"{len(tokens)} tokens",
        [caller.name for caller in programs],
    )
    wrong = await carry_out([attempt(*cell) for cell in cells], tally)
    for channel in channels.values():
        await channel.close()
    tally.show()
    assert wrong == []


def _channel(address: str, service: str, caller: Caller) -> grpc.aio.Channel:
    options = [("grpc.ssl_target_name_override", server_name(service))]
    return grpc.aio.secure_channel(address, caller.credentials, options=options)


async def _served_by(mesh: RunningMesh, programs: Sequence[Caller]) -> dict[str, tuple[str, str]]:
    """Who serves each RPC: the one service that does not say that it has none of it."""
    operator = next(one for one in programs if one.name == OPERATOR)
    found: dict[str, tuple[str, str]] = {}
    for service, addresses in find_mesh(mesh.folder).services.items():
        if addresses[0].startswith("unix:"):
            continue
        async with _channel(addresses[0], service, operator) as channel:
            for method in methods():
                outcome = await by_grpc(channel, method, probes.NO_MESSAGE, {})
                if outcome.code != "UNIMPLEMENTED":
                    assert name_of(method) not in found
                    found[name_of(method)] = (service, addresses[0])
    assert set(found) == {name_of(method) for method in methods()}
    return found


def test_the_matrix_has_rpcs_and_principals_of_every_kind(everybody: list[Principal]) -> None:
    internal = [method for method in methods() if is_internal(method)]
    assert len(methods()) > len(internal) > 10
    reasons = {reason for one in everybody for reason in one.credential.refused_as}
    assert reasons == {"TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED"}
