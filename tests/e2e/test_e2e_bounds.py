"""Every bound that the contracts declare, at it and one beyond, as JSON and as gRPC."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import cache

import grpc
import httpx
import pytest
from bound_calls import Call, Found, as_http, grpc_answer, json_answer, public_cases
from e2e_album import Tokens
from edge_calls import mint_token, target
from google.protobuf.descriptor import MethodDescriptor
from ulid import ULID

from meshkit.contracts import contract_of
from tests.bound_cases import Case
from tests.plain_http import PLAIN
from tests.running_mesh import RunningMesh

IN_FLIGHT = 16
# The largest lists of requests are beyond what a channel takes by itself.
CHANNEL_OPTIONS = (("grpc.max_send_message_length", 16 << 20),)


@pytest.fixture
def token_of(mesh: RunningMesh, tokens: Tokens) -> Callable[[MethodDescriptor], str]:
    """A token of a user of each method's own, so that what one does is nothing to another.

    What is about the token itself gets a fresh one each time: it would be of no more use.
    """
    like = tokens("operator", admin=True)

    def fresh(method: MethodDescriptor) -> str:
        return mint_token(mesh, like, sub=str(ULID()), sid=str(ULID()))

    kept = cache(fresh)
    return lambda method: (fresh if contract_of(method).any_scope else kept)(method)


async def problems(answers: Iterable[tuple[Case, Callable[[], Awaitable[Found]]]]) -> list[str]:
    """What is wrong with the answers to the cases."""
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def problem(case: Case, ask: Callable[[], Awaitable[Found]]) -> str | None:
        async with slots:
            return case.problem_with(*await ask())

    found = await asyncio.gather(*(problem(case, ask) for case, ask in answers))
    return [said for said in found if said is not None]


def as_edge_names(case: Case, call: Call) -> Case:
    """The case, with its field as the edge names it where it looks before the service does.

    It reads the enums in a query, in which items have no numbers.
    """
    in_query = case.bound == "enum" and call[2] is None
    return replace(case, field=re.sub(r"\[\d+\]", "", case.field)) if in_query else case


async def test_every_bound_is_kept_to_the_letter_as_grpc(
    mesh: RunningMesh, token_of: Callable[[MethodDescriptor], str]
) -> None:
    cases = public_cases()
    async with grpc.aio.insecure_channel(target(mesh), CHANNEL_OPTIONS) as channel:
        asked = [
            (case, lambda m=method, c=case: grpc_answer(channel, m, c.request, token_of(m)))
            for method, case in cases
        ]
        found = await problems(asked)
        assert not found, "\n".join(found)


async def test_every_bound_is_kept_to_the_letter_as_json(
    mesh: RunningMesh, token_of: Callable[[MethodDescriptor], str]
) -> None:
    cases = [
        (method, as_edge_names(case, call), call)
        for method, case in public_cases()
        if (call := as_http(method, case.request)) is not None
    ]
    limits = httpx.Limits(max_connections=IN_FLIGHT)
    async with httpx.AsyncClient(base_url=mesh.edge, limits=limits, timeout=30, **PLAIN) as client:
        asked = [
            (case, lambda m=method, c=call: json_answer(client, m, c, token_of(m)))
            for method, case, call in cases
        ]
        found = await problems(asked)
        assert not found, "\n".join(found)
