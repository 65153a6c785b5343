"""Where the keys of access tokens come from, and what holds while there are none."""

from __future__ import annotations

import json
from asyncio import create_task, gather
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from meshkit.faults import Unauthenticated, Unavailable
from meshkit.testing.rpc import ISSUER, TokenIssuer
from meshkit.tokens import TokenVerifier

USER_ID = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"


class Keys:
    """Keys that are told from the try number ``up`` on."""

    def __init__(self, *, up: int) -> None:
        self.issuer = TokenIssuer()
        self.asked = 0
        self._up = up

    async def __call__(self) -> Mapping[str, Any]:
        self.asked += 1
        if self.asked < self._up:
            raise Unavailable("identity is away")
        return json.loads(json.dumps(self.issuer.jwks()))  # type: ignore[no-any-return]


@asynccontextmanager
async def reading(tokens: TokenVerifier) -> AsyncIterator[None]:
    task = create_task(tokens.run())
    try:
        yield
    finally:
        task.cancel()
        await gather(task, return_exceptions=True)


@pytest.mark.parametrize("up", [1, 2])
async def test_keys_are_asked_for_until_they_are_told(up: int) -> None:
    keys = Keys(up=up)
    tokens = TokenVerifier(keys, ISSUER)
    async with reading(tokens):
        principal = await tokens.verify(keys.issuer.token(USER_ID))
    assert (principal.user_id, keys.asked) == (USER_ID, up)


async def test_without_keys_nobody_is_let_in() -> None:
    keys = Keys(up=1000)
    tokens = TokenVerifier(keys, ISSUER)
    async with reading(tokens):
        with pytest.raises(Unavailable):
            await tokens.verify(keys.issuer.token(USER_ID))


async def test_a_token_of_other_keys_is_refused() -> None:
    tokens = TokenVerifier(Keys(up=1), ISSUER)
    async with reading(tokens):
        with pytest.raises(Unauthenticated):
            await tokens.verify(TokenIssuer().token(USER_ID))
