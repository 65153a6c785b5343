"""Scripts in Valkey: run by their digest, with the keys of one hash tag each.

What a script does happens at once, so that whoever counts, compares or leases runs one::

    count = Script(client, _COUNT)
    left = await fail_closed(count([key], [limit]), use="skip limit")
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, TypeVar

from redis import exceptions
from redis.asyncio import Redis

T = TypeVar("T")

Argument = str | bytes | int


class Script:
    """A script that a server is given when it turns out not to know it.

    ``loads`` counts how often that was: a server that was started anew knows none.
    """

    def __init__(self, client: Redis, text: str) -> None:
        self._client = client
        self._script = client.register_script(text)
        self.loads = 0

    async def __call__(self, keys: Sequence[str], arguments: Iterable[Argument]) -> Any:
        """What one run answers. ``keys`` are of one hash tag."""
        arguments = tuple(arguments)
        return await self.known(lambda: self.send(self._client, keys, arguments))

    async def each(
        self, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]
    ) -> Sequence[Any]:
        """What several runs answer that are sent together; each has keys of one hash tag.

        Some may run twice, where the server is given the script meanwhile.
        """

        async def together() -> Sequence[Any]:
            async with self._client.pipeline(transaction=False) as pipeline:
                for keys, arguments in calls:
                    await self.send(pipeline, keys, arguments)
                return list(await pipeline.execute())

        return await self.known(together)

    async def send(self, client: Any, keys: Sequence[str], arguments: Iterable[Argument]) -> Any:
        """Sends one run by a client or a pipeline, within :meth:`known`."""
        return await client.evalsha(self._script.sha, len(keys), *keys, *arguments)

    async def known(self, work: Callable[[], Awaitable[T]]) -> T:
        """What ``work`` answers, done again where the server did not know the script before."""
        try:
            return await work()
        except exceptions.NoScriptError:
            self.loads += 1
            await self._client.script_load(self._script.script)
            return await work()


class TaggedCalls:
    """Commands of many keys: one for a server alone, one for each hash tag of a cluster."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._clustered = False

    async def send(
        self,
        call: Callable[[Any, Sequence[T]], Awaitable[Any]],
        things: Sequence[T],
        key_of: Callable[[T], str],
    ) -> list[tuple[Sequence[T], Any]]:
        """The answer to one call of all, or on a cluster to one for those of each hash tag."""
        if not self._clustered:
            try:
                return [(things, await call(self._client, things))]
            except exceptions.ClusterCrossSlotError:
                self._clustered = True
        each = list(_by_tag(things, key_of))
        async with self._client.pipeline(transaction=False) as pipeline:
            for some in each:
                await call(pipeline, some)
            return list(zip(each, await pipeline.execute(), strict=True))


def _tag(key: str) -> str:
    """What places a key on a cluster: what stands in its first braces, or the whole of it."""
    _, opened, rest = key.partition("{")
    tag, closed, _ = rest.partition("}")
    return tag if opened and closed and tag else key


def _by_tag(things: Iterable[T], key_of: Callable[[T], str]) -> Iterable[list[T]]:
    def tag_of(thing: T) -> str:
        return _tag(key_of(thing))

    return (list(some) for _, some in groupby(sorted(things, key=tag_of), tag_of))
