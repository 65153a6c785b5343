"""Radios asked by many at once, at two instances, and by one that dies."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

from segue.rec.v1 import radio_service_pb2 as pb

from meshkit.testing.at_once import at_once
from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.exposures import PostgresExposures
from rec_svc.domain.exposure_outcomes import Exposure
from tests.contracts.rec.tracks_suite import a_track
from tests.profiles import repeated
from tests.rpc.rec.harness import Instance, an_instance
from tests.rpc.rec.radio_calls import extended, following, start
from tests.rpc.rec.test_recommended_tracks import told

CALLS = repeated(12, 60)


async def test_two_instances_that_give_at_once_give_no_track_twice(
    instance: Instance, dsn: str, valkey_url: str, tls: Path
) -> None:
    await told(instance, *(a_track() for _ in range(CALLS * 10 + 20)))
    user_id = new_id()
    radio = await start(instance, user_id, user_id=user_id)
    async with an_instance(dsn, valkey_url, tls) as other:
        both = [instance, other]
        calls = [
            following(both[turn % 2], user_id, radio.radio_id, limit=10) for turn in range(CALLS)
        ]
        answers = await at_once(calls, most=6)
    given = Counter(one.id for answer in answers for one in answer.tracks)
    assert set(given.values()) == {1}
    assert given.total() == CALLS * 10
    assert len({answer.shown_id for answer in answers}) == CALLS
    assert sum(answer.repeated_count for answer in answers) == 0


async def test_a_block_that_many_ask_for_at_once_is_one(
    instance: Instance, dsn: str, valkey_url: str, tls: Path
) -> None:
    await told(instance, *(a_track() for _ in range(200)))
    user_id, context_id = new_id(), new_id()
    radio = await start(instance, user_id, user_id=user_id)
    async with an_instance(dsn, valkey_url, tls) as other:
        calls = [
            extended(one, user_id, radio.radio_id, context_id) for one in (instance, other) * 4
        ]
        answers = await at_once(calls)
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0].track_ids) == 20


async def test_a_retry_under_its_request_id_is_given_the_same_and_no_other_request_is(
    instance: Instance,
) -> None:
    await told(instance, *(a_track() for _ in range(40)))
    user_id = new_id()
    asked = pb.StartRadioRequest(user_id=user_id, request_id="start")
    started = await instance.radio("StartRadio", asked, user_id)
    assert await instance.radio("StartRadio", asked, user_id) == started
    radio_id = started.radio.radio_id
    first = await following(instance, user_id, radio_id, limit=5, request_id="next")
    assert await following(instance, user_id, radio_id, limit=5, request_id="next") == first
    fault = await refused(following(instance, user_id, radio_id, limit=6, request_id="next"))
    assert fault.reason == "REQUEST_ID_REUSED"
    other = await following(instance, user_id, radio_id, limit=5)
    assert not {one.id for one in other.tracks} & {one.id for one in first.tracks}


async def _extend_and_die(dsn: str, valkey_url: str, tls: Path, *asked: Any) -> None:
    async def die(self: PostgresExposures, exposure: Exposure) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    PostgresExposures.record = die  # type: ignore[method-assign]
    async with an_instance(dsn, valkey_url, tls) as dying:
        await extended(dying, *asked)


def _dying(dsn: str, valkey_url: str, tls: Path, *asked: Any) -> None:
    asyncio.run(_extend_and_die(dsn, valkey_url, tls, *asked))


async def test_who_is_killed_between_making_a_block_and_answering_it_made_it_for_whoever_asks_next(
    instance: Instance, dsn: str, valkey_url: str, tls: Path
) -> None:
    await told(instance, *(a_track() for _ in range(60)))
    user_id, context_id = new_id(), new_id()
    radio = await start(instance, user_id, user_id=user_id)
    asked = (user_id, radio.radio_id, context_id)
    process = multiprocessing.get_context("spawn").Process(
        target=_dying, args=(dsn, valkey_url, tls, *asked)
    )
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL
    async with instance.pool.connection() as connection:
        query = "SELECT track_id FROM radio_tracks ORDER BY given_at_ms"
        made = [row[0] for row in await (await connection.execute(query)).fetchall()]
    assert len(made) == 20
    answer = await extended(instance, *asked)
    assert list(answer.track_ids) == made
    following_block = await extended(instance, *asked, block=2)
    assert not set(following_block.track_ids) & set(made)
    async with instance.pool.connection() as connection:
        query = "SELECT shown_id, surface FROM exposures WHERE user_id = %s ORDER BY at_ms"
        logged = await (await connection.execute(query, [user_id])).fetchall()
    assert logged == [(answer.shown_id, "radio"), (following_block.shown_id, "radio")]
