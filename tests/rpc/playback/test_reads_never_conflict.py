"""However much a user's devices command at once, what is read is answered and never ABORTED."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from segue.playback.v1 import history_service_pb2, preferences_service_pb2

from meshkit.faults import Aborted
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import User, World, an_instance
from tests.rpc.playback.music import Music
from tests.rpc.playback.test_queue import play

TURNS = 10
"""How often each writer changes what plays."""


async def replacing(user: User, tracks: list[str], device_id: str) -> None:
    """Plays one list after the other: each drops the bodies of the one before."""
    for turn in range(TURNS):
        with suppress(Aborted):
            await play(user, track_ids=tracks[turn % 3 :], device_id=device_id)


async def shuffling(user: User) -> None:
    """Shuffles and unshuffles: each drops an order."""
    for turn in range(TURNS):
        with suppress(Aborted):
            await user.call("SetShuffle", shuffle=turn % 2 == 0)


async def queueing(user: User, track_id: str) -> None:
    for _ in range(TURNS):
        with suppress(Aborted):
            await user.call("AddToQueue", track_ids=[track_id])


async def test_reads_are_answered_while_everything_is_replaced(world: World) -> None:
    music = Music(world)
    tracks = music.tracks(40)
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        writers = [one.user(user_id) for _ in range(4)]
        await play(writers[0], track_ids=tracks)
        # The instance that writes has the bodies in memory, the other one asks the store.
        readers = [instance.user(user_id) for instance in (one, two, two)]
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(
                _all(
                    replacing(writers[0], tracks, "kitchen"),
                    replacing(writers[1], tracks, "phone"),
                    shuffling(writers[2]),
                    queueing(writers[3], music.track()),
                )
            )
            reading = [
                group.create_task(_reading(read, writing))
                for reader in readers
                for read in _reads(reader)
            ]
        assert min(task.result() for task in reading) > 0


async def _all(*writers: Awaitable[None]) -> None:
    await asyncio.gather(*writers)


def _reads(user: User) -> list[Callable[[], Awaitable[Any]]]:
    listed = history_service_pb2.ListHistoryRequest()
    asked = preferences_service_pb2.GetPreferencesRequest()
    return [
        lambda: _whole_queue(user),
        lambda: user.call("GetPlayback"),
        lambda: user.on_device("ListDevices"),
        lambda: user._sent(user.history.ListHistory, listed),
        lambda: user._sent(user.preferences.GetPreferences, asked),
    ]


async def _whole_queue(user: User) -> None:
    """One page that has all: it tells as many entries as it says that there are."""
    queue = await user.call("GetQueue", page_size=500)
    assert len(queue.entries) == queue.total_count


async def _reading(read: Callable[[], Awaitable[Any]], writing: asyncio.Task[None]) -> int:
    """Reads until the writers have done; how often. A fault fails the test."""
    count = 0
    while not writing.done():
        await read()
        count += 1
    return count
