"""Sign-ups through the edge: many at once are each made or refused with a reason and a time."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest
from edge_calls import Refusal, json_refusal

from meshkit.ulids import new_id
from tests.running_mesh import Answer, RunningMesh

AT_ONCE = 64
# What the edge gives a call, and a margin for a client on a busy machine.
LIMIT_S = 20.0
# What one address may make at once, unless the operator chose otherwise.
BURST = 20
# Addresses of this computer that no other test calls from: what they used up, others still have.
CROWD = [f"127.0.3.{number}" for number in range(1, AT_ONCE + 1)]
ALONE = "127.0.4.1"
OVERLOADED = Refusal("UNAVAILABLE", "OVERLOADED")
LIMITED = Refusal("RESOURCE_EXHAUSTED", "LIMIT_REACHED")
COMMON = Refusal("INVALID_ARGUMENT", "COMMON_PASSWORD")


def new_account(**fields: str) -> dict[str, str]:
    name = f"new-{new_id().lower()}"
    account = {"username": name, "email": f"{name}@comer.example"}
    return {**account, "password": "long enough words", **fields}


async def sign_up(
    mesh: RunningMesh, address: str, headers: dict[str, str] | None = None, **fields: str
) -> Answer:
    """The answer to a sign-up from one of this computer's addresses; fails where there is none."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(
        base_url=mesh.edge, transport=transport, timeout=LIMIT_S
    ) as client:
        answer = await client.post("/users", json=new_account(**fields), headers=headers)
        return Answer(answer.status_code, dict(answer.headers), answer.content)


def outcome_of(answer: Answer) -> Refusal | None:
    """How a sign-up was refused, None where it was made; a refusal says when to come back."""
    if answer.status == 200:
        return None
    assert int(answer.headers["retry-after"]) >= 1
    return json_refusal(answer)


async def test_of_many_sign_ups_at_once_each_is_made_or_shed(mesh: RunningMesh) -> None:
    answers = await asyncio.gather(*(sign_up(mesh, address) for address in CROWD))
    outcomes = Counter(map(outcome_of, answers))
    assert set(outcomes) <= {None, OVERLOADED}
    assert outcomes[None] >= 2
    # Whoever was shed is served once the crowd is gone.
    again = CROWD[[answer.status for answer in answers].index(200)]
    assert (await sign_up(mesh, again)).status == 200


async def test_one_address_makes_no_more_than_its_bucket_holds(mesh: RunningMesh) -> None:
    answers = await asyncio.gather(*(sign_up(mesh, ALONE) for _ in range(AT_ONCE)))
    outcomes = Counter(map(outcome_of, answers))
    assert set(outcomes) <= {None, OVERLOADED, LIMITED}
    # One more comes back each 30 s, which a busy machine may take for it.
    assert AT_ONCE - BURST - 2 <= outcomes[LIMITED] <= AT_ONCE - BURST
    for headers in ({}, {"x-forwarded-for": "10.1.2.3"}, {"x-client-address": "10.1.2.3"}):
        assert outcome_of(await sign_up(mesh, ALONE, headers)) == LIMITED
    assert (await sign_up(mesh, CROWD[0])).status == 200


@pytest.mark.parametrize("password", ["qwertyuiop", "Password123!", "0123456789"])
async def test_a_common_password_is_refused_and_not_repeated(
    mesh: RunningMesh, password: str
) -> None:
    answer = await sign_up(mesh, CROWD[0], password=password)
    assert (answer.status, json_refusal(answer)) == (400, COMMON)
    assert password not in answer.text
    violations = [one for one in answer.body["details"] if one["@type"].endswith("BadRequest")]
    assert violations[0]["field_violations"][0]["field"] == "password"
