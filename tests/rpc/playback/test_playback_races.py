"""Real parallel clients on two instances over one store: one order, one truth, nothing lost."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from segue.playback.v1 import playback_pb2

from meshkit.faults import Aborted, Fault
from meshkit.testing import stores
from playback_svc.schema import SCHEMA
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import User, World, an_instance

STATUS = playback_pb2.Playback


async def rows(world: World, query: str, user_id: str) -> list[tuple[Any, ...]]:
    async with (
        stores.open_pool(world.dsn, schema=SCHEMA.name) as pool,
        pool.connection() as connection,
    ):
        found = await connection.execute(query.encode(), (user_id,))
        return await found.fetchall()


async def test_of_many_plays_at_once_one_session_plays(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        users = [instance.user(user_id) for instance in (one, two) for _ in range(4)]
        answers = await asyncio.gather(
            *(user.play(device_id=f"device-{number}") for number, user in enumerate(users))
        )
        epochs = sorted(answer.epoch for answer in answers)
        assert epochs == list(range(1, len(users) + 1))
        winner = max(answers, key=lambda answer: answer.epoch)
        state = await users[0].state()
        assert (state.playback_id, state.status) == (winner.playback_id, STATUS.PLAYING)
    log = await rows(
        world, "SELECT session_id, status, ended_by FROM sessions WHERE user_id = %s", user_id
    )
    playing = [session for session, status, _ in log if status == "PLAYING"]
    assert playing == [winner.playback_id]
    assert len(log) == len(users)
    assert {ended_by for _, status, ended_by in log if status == "STOPPED"} == {"TAKEN_OVER"}


async def disturb(user: User, playback_id: str, seed: int) -> list[int]:
    """Ten commands in some order; the revisions that were acknowledged as changes."""
    dice, revisions = random.Random(seed), []
    for _ in range(10):
        method = dice.choice(["Seek", "Pause", "Resume"])
        extra = {"position_ms": dice.randrange(100_000)} if method == "Seek" else {}
        try:
            answer = await user.call(method, playback_id=playback_id, **extra)
        except Aborted:
            continue
        if method == "Seek":
            revisions.append(answer.revision)
    return revisions


async def test_revisions_of_racing_commands_are_strictly_ordered(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        users = [instance.user(user_id) for instance in (one, two) for _ in range(3)]
        playback_id = (await users[0].play()).playback_id
        acknowledged = await asyncio.gather(
            *(disturb(user, playback_id, seed) for seed, user in enumerate(users))
        )
        # Every seek changes something, so that no two may have got the same revision.
        every = [revision for revisions in acknowledged for revision in revisions]
        assert len(set(every)) == len(every)
        assert all(revisions == sorted(revisions) for revisions in acknowledged)
        assert (await users[0].state()).revision >= max(every)


async def test_readers_never_see_a_revision_go_back(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        writer, reader = one.user(user_id), two.user(user_id)
        playback_id = (await writer.play()).playback_id
        seen: list[int] = []
        acknowledged = 1

        async def watch() -> None:
            while acknowledged < 30:
                known = acknowledged
                seen.append((await reader.state()).revision)
                assert seen[-1] >= known, "an acknowledged command was not seen"

        watching = asyncio.create_task(watch())
        while acknowledged < 30:
            answer = await writer.call("Seek", playback_id=playback_id, position_ms=acknowledged)
            acknowledged = answer.revision
        await watching
        assert seen == sorted(seen)


async def test_plays_and_commands_of_the_old_session_end_in_one_truth(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        old, new = one.user(user_id), two.user(user_id)
        for _ in range(5):
            playback_id = (await old.play()).playback_id
            results = await asyncio.gather(
                new.play(device_id="phone"),
                *(old.call("Pause", playback_id=playback_id) for _ in range(3)),
                return_exceptions=True,
            )
            winner = results[0]
            assert not isinstance(winner, BaseException)
            for result in results[1:]:
                if isinstance(result, Fault):
                    assert result.reason == "SESSION_NOT_CURRENT"
                else:
                    assert not isinstance(result, BaseException)
                    assert result.revision < winner.revision
            state = await old.state()
            assert (state.playback_id, state.status) == (winner.playback_id, STATUS.PLAYING)
