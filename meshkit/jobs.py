"""Background jobs in PostgreSQL: a thin layer over procrastinate, in the service's own schema.

A job runs at least once. It is queued in the transaction that wants it, lives through the death
of its worker, and must therefore be repeatable::

    jobs = Jobs("catalog", [TaskSpec("encode", queue="cpu")])      # in every process
    async with postgres.open_pool(dsn, schema="catalog") as pool, jobs.opened(pool):
        async with postgres.transaction(pool) as connection:       # in a process that serves
            await jobs.enqueue(connection, NewJob("encode", {"track_id": id}, key=f"encode/{id}"))

        jobs.handle("encode", encode)                              # in a process that works
        await jobs.work(stop=stop, concurrency=2)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector, exceptions
from procrastinate.jobs import Job, Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from meshkit import postgres, telemetry
from meshkit.faults import Unavailable
from meshkit.migrations import Migration, MigrationSource
from meshkit.schema import Tables

HEARTBEAT_S = 2.0
"""How often a worker says that it lives."""

STALLED_AFTER_S = 10.0
"""A worker silent for so long is dead, and its jobs go back to the queue."""

KEPT_HOURS = 24 * 7
"""How long a job that ended without success can be looked at."""

_SWEEP_LOCK = "segue.jobs.sweep"
_WAITING = """
SELECT job.queue_name, count(*),
       coalesce(extract(epoch FROM now() - min(event.at)), 0)::double precision
FROM procrastinate_jobs AS job
    LEFT JOIN procrastinate_events AS event ON event.job_id = job.id AND event.type = 'deferred'
WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
GROUP BY job.queue_name
"""
# By hand, not by procrastinate: it queues one at a time, and refuses a key that waits with an error
# that spoils the caller's transaction; a scan queues a thousand files in one commit.
_ENQUEUE = """
INSERT INTO procrastinate_jobs AS waiting
    (queue_name, task_name, priority, queueing_lock, args, scheduled_at)
SELECT queue, task, priority, key, arguments::jsonb,
       CASE WHEN after_s > 0 THEN now() + make_interval(secs => after_s) END
FROM unnest(
    %s::text[], %s::text[], %s::integer[], %s::text[], %s::text[], %s::double precision[]
) AS job (queue, task, priority, key, arguments, after_s)
ON CONFLICT (queueing_lock) WHERE status = 'todo'
DO UPDATE SET priority = excluded.priority WHERE waiting.priority < excluded.priority
"""
_HURRY = """
UPDATE procrastinate_jobs SET priority = %(priority)s
WHERE queueing_lock = %(key)s AND status = 'todo' AND priority < %(priority)s
"""
_RESTART_S = 1.0
_TIDY_S = 3600.0
_LONGEST_WAIT_S = 300

# Every worker of a service tells the same: take the greatest, not the sum.
_depth = telemetry.gauge("jobs_waiting", "Jobs that could run and wait for a worker.", ["queue"])
_oldest = telemetry.gauge(
    "jobs_oldest_seconds", "For how long the oldest of the waiting jobs was queued.", ["queue"]
)

_log = structlog.get_logger("jobs")


def tables() -> Tables:
    """What a schema needs for it: the tables and functions of the installed procrastinate."""
    folder = resources.files("procrastinate.sql")
    steps = sorted(
        (f for f in (folder / "migrations").iterdir() if f.name.endswith(".sql")),
        key=lambda step: step.name,
    )
    return Tables(
        MigrationSource(
            "procrastinate",
            tuple(Migration(step.name, step.read_text(encoding="utf-8")) for step in steps),
            baseline=(folder / "schema.sql").read_text(encoding="utf-8"),
        )
    )


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A kind of job: its name, the queue it waits in, and how often it may be begun.

    A job that raised, or whose worker died, runs again until it was begun ``max_attempts``
    times; after a failure it waits, from 1 s doubling up to 5 min. A worker's orderly stop
    costs no wait.
    """

    name: str
    queue: str = "default"
    max_attempts: int = 5


@dataclass(frozen=True, slots=True)
class _Again(BaseRetryStrategy):
    """Back to the queue: at once when a worker stopped, later and later when the job failed."""

    max_attempts: int

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, (asyncio.CancelledError, exceptions.JobAborted)):
            return RetryDecision(retry_in={"seconds": 0})
        if job.attempts + 1 >= self.max_attempts:
            return None
        return RetryDecision(retry_in={"seconds": min(2**job.attempts, _LONGEST_WAIT_S)})


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job of the task ``task`` to be queued; ``arguments`` are what JSON can hold.

    The highest ``priority`` runs first, then the oldest. ``key``: what makes two waiting jobs the
    same. ``after``: how long it waits at least.
    """

    task: str
    arguments: Mapping[str, Any]
    priority: int = 0
    key: str | None = None
    after: timedelta = timedelta()


class Jobs:
    """The jobs of one service: their tasks, their queue, and the worker that runs them.

    Queues and tasks are named under the schema, because notifications are shared by everyone
    in the database.
    """

    def __init__(self, schema: str, specs: Sequence[TaskSpec]) -> None:
        self._schema = schema
        self._specs = {self._full(spec.name): spec for spec in specs}
        self._app = App(connector=PsycopgConnector())
        self._pool: postgres.Pool | None = None

    def handle(self, name: str, handler: Callable[..., Awaitable[None]]) -> None:
        """Let the coroutine function ``handler`` run the jobs of the task ``name``.

        It gets a job's arguments by keyword.
        """
        spec = self._specs[self._full(name)]
        register = self._app.task(
            name=self._full(name), queue=self._full(spec.queue), retry=_Again(spec.max_attempts)
        )
        register(handler)

    @asynccontextmanager
    async def opened(self, pool: postgres.Pool) -> AsyncIterator[None]:
        """Use ``pool``, whose schema must be this one, until the block ends."""
        self._pool = pool
        async with self._app.open_async(pool):
            yield

    async def enqueue(self, connection: postgres.Connection, *jobs: NewJob) -> None:
        """Queue ``jobs`` in the caller's transaction, however many in one statement.

        While a job with the same key waits, no second one is queued: the waiting one takes the
        higher of both priorities. Keys of one call must differ.
        """
        specs = [self._specs[self._full(job.task)] for job in jobs]
        columns: list[list[object]] = [
            [self._full(spec.queue) for spec in specs],
            [self._full(job.task) for job in jobs],
            [job.priority for job in jobs],
            [job.key for job in jobs],
            [json.dumps(dict(job.arguments)) for job in jobs],
            [job.after.total_seconds() for job in jobs],
        ]
        if jobs:
            await connection.execute(_ENQUEUE, columns)

    async def hurry(self, connection: postgres.Connection, key: str, priority: int) -> None:
        """Raise the priority of the job of ``key`` that waits; one that runs is left to it."""
        await connection.execute(_HURRY, {"key": key, "priority": priority})

    async def work(
        self,
        *,
        stop: asyncio.Event,
        concurrency: int,
        queues: Sequence[str] = (),
        grace_s: float = 10.0,
        heartbeat_s: float = HEARTBEAT_S,
        stalled_after_s: float = STALLED_AFTER_S,
        poll_s: float = 5.0,
    ) -> None:
        """Run jobs of ``queues`` (all, when empty), ``concurrency`` at a time, until ``stop``.

        Then running jobs have ``grace_s`` seconds to end; what is still running goes back to
        the queue. Jobs of dead workers are swept up meanwhile. A store that goes away stops
        the work until it is back.
        """
        sweeping = asyncio.create_task(self._sweep_forever(stalled_after_s))
        stopping = asyncio.create_task(stop.wait())
        wanted = queues or sorted({spec.queue for spec in self._specs.values()})
        names = [self._full(queue) for queue in wanted]
        try:
            while not stop.is_set():
                working = asyncio.create_task(
                    self._app.run_worker_async(
                        queues=names,
                        name=self._schema,
                        concurrency=concurrency,
                        fetch_job_polling_interval=poll_s,
                        abort_job_polling_interval=60.0,
                        shutdown_graceful_timeout=grace_s,
                        delete_jobs="successful",
                        install_signal_handlers=False,
                        update_heartbeat_interval=heartbeat_s,
                        stalled_worker_timeout=stalled_after_s,
                    )
                )
                await self._until_stopped(working, stopping)
        finally:
            for task in (sweeping, stopping):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _until_stopped(
        self, working: asyncio.Task[None], stopping: asyncio.Task[bool]
    ) -> None:
        """Wait for either; the worker also ends by itself when it loses its store."""
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                return
            error = working.exception()
            _log.warning("jobs.worker_lost", schema=self._schema, error=repr(error))
            await asyncio.wait((stopping,), timeout=_RESTART_S)
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError, exceptions.ConnectorException):
                await working

    async def sweep(self, *, stalled_after_s: float = STALLED_AFTER_S) -> int:
        """Put the jobs of dead workers back, or fail those that killed too many; how many.

        One process sweeps at a time: two might requeue a job which a living worker has just
        taken up again.
        """
        if self._pool is None:
            raise RuntimeError("the jobs are not opened")
        async with postgres.transaction(self._pool) as connection:
            attempt = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
            name = f"{_SWEEP_LOCK}.{self._schema}"
            row = await (await connection.execute(attempt, [name])).fetchone()
            if row is None or not row[0]:
                return 0
            queue = self._app.job_manager
            stalled = list(await queue.get_stalled_jobs(seconds_since_heartbeat=stalled_after_s))
            for job in stalled:
                await self._resume(job)
            return len(stalled)

    async def _resume(self, job: Job) -> None:
        queue = self._app.job_manager
        spec = self._specs.get(job.task_name)
        lost = spec is None or job.attempts + 1 >= spec.max_attempts
        _log.warning("jobs.stalled", job=job.id, task=job.task_name, given_up=lost)
        # Its worker may have come back and ended it meanwhile: then there is nothing to resume.
        with suppress(exceptions.ConnectorException):
            if lost:
                await queue.finish_job(job, status=Status.FAILED, delete_job=False)
                return
            try:
                await queue.retry_job(job)
            except exceptions.UniqueViolation:
                # A job of the same key waits already and will do the work.
                await queue.finish_job(job, status=Status.ABORTED, delete_job=False)

    async def measure(self) -> None:
        """Tell by metrics how much waits in each queue, and since when."""
        if self._pool is None:
            raise RuntimeError("the jobs are not opened")

        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_WAITING)).fetchall()

        found = {row[0]: row[1:] for row in await postgres.read(self._pool, query)}
        for queue in {self._full(spec.queue) for spec in self._specs.values()}:
            count, age_s = found.get(queue, (0, 0.0))
            _depth.labels(queue).set(count)
            _oldest.labels(queue).set(age_s)

    async def tidy(self) -> None:
        """Drop the jobs that ended without success more than ``KEPT_HOURS`` ago."""
        await self._app.job_manager.delete_old_jobs(
            KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
        )

    async def _sweep_forever(self, stalled_after_s: float) -> None:
        now = asyncio.get_running_loop().time
        tidied = float("-inf")
        while True:
            try:
                await self.sweep(stalled_after_s=stalled_after_s)
                await self.measure()
                if now() - tidied > _TIDY_S:
                    await self.tidy()
                    tidied = now()
            except (exceptions.ConnectorException, Unavailable) as error:
                _log.warning("jobs.sweep_failed", schema=self._schema, error=repr(error))
            await asyncio.sleep(stalled_after_s / 4)

    def _full(self, name: str) -> str:
        return f"{self._schema}.{name}"
