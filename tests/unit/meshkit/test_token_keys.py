"""Where the keys of access tokens are read: from the first instance of the issuer that answers."""

from __future__ import annotations

from asyncio import create_task, gather
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from meshkit.faults import Unavailable
from meshkit.testing.rpc import ISSUER, TokenIssuer
from meshkit.tokens import TokenVerifier

USER_ID = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
FIRST, SECOND, THIRD = (f"http://keys-{number}.segue.test/jwks.json" for number in (1, 2, 3))


class Instances:
    """Instances of the issuer, of which some are up."""

    def __init__(self, *up: str) -> None:
        self.issuer = TokenIssuer()
        self.up = up
        self.asked: list[str] = []

    def fetch(self, url: str) -> dict[str, Any]:
        self.asked.append(url)
        if url not in self.up:
            raise ConnectionRefusedError
        return self.issuer.jwks()


@asynccontextmanager
async def reading(tokens: TokenVerifier) -> AsyncIterator[None]:
    task = create_task(tokens.run())
    try:
        yield
    finally:
        task.cancel()
        await gather(task, return_exceptions=True)


@pytest.mark.parametrize("up", [FIRST, SECOND, THIRD])
async def test_any_instance_of_the_issuer_is_enough(up: str) -> None:
    instances = Instances(up)
    tokens = TokenVerifier(f"{FIRST},{SECOND}, {THIRD}", ISSUER, fetch=instances.fetch)
    async with reading(tokens):
        principal = await tokens.verify(instances.issuer.token(USER_ID))
    assert principal.user_id == USER_ID
    tried = [FIRST, SECOND, THIRD]
    assert instances.asked == tried[: tried.index(up) + 1]


async def test_without_any_instance_there_are_no_keys() -> None:
    instances = Instances()
    tokens = TokenVerifier(f"{FIRST},{SECOND}", ISSUER, fetch=instances.fetch)
    async with reading(tokens):
        with pytest.raises(Unavailable):
            await tokens.verify(instances.issuer.token(USER_ID))
    assert set(instances.asked) == {FIRST, SECOND}
