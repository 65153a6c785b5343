"""Jobs are queued with their cause, run once each, and outlive their workers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from meshkit import postgres
from meshkit.jobs import Jobs, NewJob, TaskSpec, tables
from meshkit.migrations import MigrationSource, migrate
from meshkit.testing import stores

SCHEMA = "catalog"
SPECS = [TaskSpec("encode", queue="cpu", max_attempts=3), TaskSpec("mail", max_attempts=2)]
WORKER = Path(__file__).with_name("worker_process.py")

Row = tuple[Any, ...]


@pytest.fixture
async def pool(database_dsn: str) -> AsyncIterator[postgres.Pool]:
    await migrate(database_dsn, schema=SCHEMA, sources=[tables().migrations])
    async with stores.open_pool(database_dsn, schema=SCHEMA) as pool:
        yield pool


@pytest.fixture
async def jobs(pool: postgres.Pool) -> AsyncIterator[Jobs]:
    jobs = Jobs(SCHEMA, SPECS)
    async with jobs.opened(pool):
        yield jobs


async def rows(pool: postgres.Pool, statement: str) -> list[Row]:
    async with pool.connection() as connection:
        cursor = await connection.execute(statement.encode())
        return await cursor.fetchall() if cursor.description else []


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.02)


async def until_found(pool: postgres.Pool, statement: str, *, found: bool = True) -> None:
    while bool(await rows(pool, statement)) is not found:
        await asyncio.sleep(0.02)


@asynccontextmanager
async def working(jobs: Jobs, *, concurrency: int = 2) -> AsyncIterator[None]:
    stop = asyncio.Event()
    work = asyncio.create_task(jobs.work(stop=stop, concurrency=concurrency, poll_s=0.1))
    try:
        yield
    finally:
        stop.set()
        await work


async def test_a_job_is_queued_only_when_its_transaction_commits(
    pool: postgres.Pool, jobs: Jobs
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with postgres.transaction(pool) as connection:
            await jobs.enqueue(connection, NewJob("encode", {"track": "lost"}))
            raise ZeroDivisionError
    async with postgres.transaction(pool) as connection:
        await jobs.enqueue(connection, NewJob("encode", {"track": "kept"}))
    found = await rows(pool, "SELECT args ->> 'track', queue_name FROM procrastinate_jobs")
    assert found == [("kept", "catalog.cpu")]


async def test_a_key_that_waits_is_not_queued_twice_and_takes_the_higher_priority(
    pool: postgres.Pool, jobs: Jobs
) -> None:
    async with postgres.transaction(pool) as connection:
        await jobs.enqueue(connection, NewJob("encode", {"track": "1"}, key="1", priority=1))
        await jobs.enqueue(connection, NewJob("encode", {"track": "1"}, key="1", priority=9))
        await jobs.enqueue(connection, NewJob("encode", {"track": "1"}, key="1", priority=5))
        await jobs.enqueue(connection, NewJob("encode", {"track": "2"}, key="2"))
    found = await rows(pool, "SELECT priority FROM procrastinate_jobs ORDER BY id")
    assert found == [(9,), (0,)]


async def test_the_highest_priority_runs_first_then_the_oldest(
    pool: postgres.Pool, jobs: Jobs
) -> None:
    ran: list[str] = []

    async def encode(track: str) -> None:
        ran.append(track)

    jobs.handle("encode", encode)
    async with postgres.transaction(pool) as connection:
        for track, priority in (("low", -5), ("first", 0), ("second", 0), ("high", 5)):
            await jobs.enqueue(connection, NewJob("encode", {"track": track}, priority=priority))
    async with working(jobs, concurrency=1):
        await until(lambda: len(ran) == 4)
    assert ran == ["high", "first", "second", "low"]
    assert await rows(pool, "SELECT 1 FROM procrastinate_jobs") == []


async def test_no_more_jobs_run_at_once_than_allowed(pool: postgres.Pool, jobs: Jobs) -> None:
    running, most, done = 0, 0, 0

    async def encode() -> None:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        await until(lambda: most >= 3)
        await asyncio.sleep(0.02)
        running -= 1
        done += 1

    jobs.handle("encode", encode)
    async with postgres.transaction(pool) as connection:
        for _ in range(10):
            await jobs.enqueue(connection, NewJob("encode", {}))
    async with working(jobs, concurrency=3):
        await until(lambda: done == 10)
    assert most == 3


async def test_a_failing_job_is_tried_as_often_as_its_task_allows(
    pool: postgres.Pool, jobs: Jobs
) -> None:
    tries = 0

    async def mail() -> None:
        nonlocal tries
        tries += 1
        raise ZeroDivisionError

    jobs.handle("mail", mail)
    async with postgres.transaction(pool) as connection:
        await jobs.enqueue(connection, NewJob("mail", {}))
    async with working(jobs):
        await until(lambda: tries == 2)
    assert await rows(pool, "SELECT status::text, attempts FROM procrastinate_jobs") == [
        ("failed", 2)
    ]


async def test_a_delayed_job_waits(pool: postgres.Pool, jobs: Jobs) -> None:
    ran: list[str] = []

    async def encode(track: str) -> None:
        ran.append(track)

    jobs.handle("encode", encode)
    async with postgres.transaction(pool) as connection:
        await jobs.enqueue(
            connection, NewJob("encode", {"track": "late"}, after=timedelta(hours=1))
        )
        await jobs.enqueue(connection, NewJob("encode", {"track": "now"}))
    async with working(jobs):
        await until(lambda: bool(ran))
    assert ran == ["now"]


async def test_a_job_that_outlasts_the_grace_goes_back_to_the_queue(
    pool: postgres.Pool, jobs: Jobs
) -> None:
    begun = asyncio.Event()

    async def encode() -> None:
        begun.set()
        await asyncio.sleep(3600)

    jobs.handle("encode", encode)
    async with postgres.transaction(pool) as connection:
        await jobs.enqueue(connection, NewJob("encode", {}))
    stop = asyncio.Event()
    work = asyncio.create_task(jobs.work(stop=stop, concurrency=1, grace_s=0.05))
    await begun.wait()
    stop.set()
    await work
    assert await rows(pool, "SELECT status::text FROM procrastinate_jobs") == [("todo",)]


async def test_a_killed_workers_job_is_done_again_by_another(
    pool: postgres.Pool, jobs: Jobs, database_dsn: str
) -> None:
    await rows(pool, "CREATE TABLE effects (track text, phase text, pid int)")
    async with postgres.transaction(pool) as connection:
        await jobs.enqueue(connection, NewJob("encode", {"track": "1"}))
    victim = await _start(database_dsn, lasting_s=3600)
    await until_found(pool, "SELECT 1 FROM effects")
    victim.kill()
    await victim.wait()
    heir = await _start(database_dsn, lasting_s=0)
    await until_found(pool, "SELECT 1 FROM procrastinate_jobs", found=False)
    heir.terminate()
    assert await heir.wait() == 0
    assert await rows(pool, "SELECT track, phase, pid FROM effects") == [
        ("1", "begun", victim.pid),
        ("1", "begun", heir.pid),
        ("1", "done", heir.pid),
    ]


async def test_a_job_that_kills_every_worker_is_given_up(pool: postgres.Pool, jobs: Jobs) -> None:
    async with postgres.transaction(pool) as connection:
        await jobs.enqueue(connection, NewJob("encode", {}))
    # What a worker leaves that died and was pruned: a job that is being done by nobody.
    abandon = "UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'"
    for _ in range(2):
        await rows(pool, abandon)
        assert await jobs.sweep() == 1
        assert await rows(pool, "SELECT status::text FROM procrastinate_jobs") == [("todo",)]
    await rows(pool, abandon)
    assert await jobs.sweep() == 1
    assert await rows(pool, "SELECT status::text FROM procrastinate_jobs") == [("failed",)]


async def test_a_living_workers_job_is_left_alone(pool: postgres.Pool, jobs: Jobs) -> None:
    begun, end, runs = asyncio.Event(), asyncio.Event(), 0

    async def encode() -> None:
        nonlocal runs
        runs += 1
        begun.set()
        await end.wait()

    jobs.handle("encode", encode)
    async with postgres.transaction(pool) as connection:
        await jobs.enqueue(connection, NewJob("encode", {}))
    async with working(jobs):
        await begun.wait()
        assert await jobs.sweep() == 0
        end.set()
    assert runs == 1


async def test_a_worker_goes_on_after_the_store_cut_every_connection(
    pool: postgres.Pool, jobs: Jobs
) -> None:
    ran: list[str] = []

    async def encode(track: str) -> None:
        ran.append(track)

    jobs.handle("encode", encode)
    async with working(jobs):
        for track in ("before", "after"):
            async with postgres.transaction(pool) as connection:
                await jobs.enqueue(connection, NewJob("encode", {"track": track}))
            await until(lambda track=track: track in ran)  # type: ignore[misc]
            await rows(
                pool,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
    assert ran == ["before", "after"]


async def test_an_older_queue_is_brought_up_to_date_step_by_step(database_dsn: str) -> None:
    whole = tables().migrations
    assert whole.baseline is not None
    step = whole.migrations[-1]
    older = MigrationSource(whole.name, whole.migrations[:-1], whole.baseline)
    applied = await migrate(database_dsn, schema=SCHEMA, sources=[older])
    assert len(applied) == len(whole.migrations) - 1
    newer = MigrationSource(
        whole.name, (*whole.migrations[:-1], type(step)(step.name, "SELECT 1")), whole.baseline
    )
    assert await migrate(database_dsn, schema=SCHEMA, sources=[newer]) == [
        f"procrastinate/{step.name}"
    ]


async def _start(dsn: str, *, lasting_s: float) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, str(WORKER), dsn, str(lasting_s))


async def test_a_dead_workers_job_gives_way_to_one_of_the_same_key_that_waits(
    pool: postgres.Pool, jobs: Jobs
) -> None:
    async with postgres.transaction(pool) as connection:
        await jobs.enqueue(connection, NewJob("encode", {"track": "1"}, key="1"))
        await connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        await jobs.enqueue(connection, NewJob("encode", {"track": "1"}, key="1"))
    assert await jobs.sweep(stalled_after_s=0) == 1
    found = await rows(pool, "SELECT status::text FROM procrastinate_jobs ORDER BY id")
    assert found == [("aborted",), ("todo",)]
    assert await jobs.sweep(stalled_after_s=0) == 0


def gauges(name: str) -> dict[str, float]:
    """The values of a gauge by queue."""
    found = REGISTRY.collect()
    samples = (sample for metric in found for sample in metric.samples if sample.name == name)
    return {sample.labels["queue"]: sample.value for sample in samples}


async def test_how_much_waits_and_since_when_is_measured(pool: postgres.Pool, jobs: Jobs) -> None:
    async with postgres.transaction(pool) as connection:
        await jobs.enqueue(connection, NewJob("encode", {"name": "now"}))
        await jobs.enqueue(connection, NewJob("encode", {"name": "too"}))
        await jobs.enqueue(
            connection, NewJob("encode", {"name": "later"}, after=timedelta(hours=1))
        )
    await rows(pool, "UPDATE procrastinate_events SET at = at - interval '90 seconds'")
    await jobs.measure()
    waiting = gauges("segue_jobs_waiting")
    assert (waiting["catalog.cpu"], waiting["catalog.default"]) == (2, 0)
    oldest = gauges("segue_jobs_oldest_seconds")
    assert oldest["catalog.cpu"] >= 90
    assert oldest["catalog.default"] == 0
    await rows(pool, "DELETE FROM procrastinate_jobs")
    await jobs.measure()
    assert gauges("segue_jobs_waiting")["catalog.cpu"] == 0
