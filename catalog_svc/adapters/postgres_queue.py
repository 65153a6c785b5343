"""The catalogue's jobs in PostgreSQL, queued in the transaction that wants them."""

from __future__ import annotations

from collections.abc import Sequence

from catalog_svc.domain.jobs import MAX_ATTEMPTS, Job, Work
from meshkit import postgres
from meshkit.jobs import Jobs, TaskSpec

SCHEMA = "catalog"
SCAN_QUEUE = "scan"
ENCODE_QUEUE = "encode"

_QUEUES = {Work.SCAN: SCAN_QUEUE, Work.PREPARE: ENCODE_QUEUE, Work.COMPLETE: ENCODE_QUEUE}

# One statement for a whole batch: a scan queues a thousand files in one commit.
_ADD = """
INSERT INTO procrastinate_jobs AS waiting (queue_name, task_name, priority, queueing_lock, args)
SELECT queue, task, priority, key, jsonb_build_object('subject', subject)
FROM unnest(%s::text[], %s::text[], %s::integer[], %s::text[], %s::text[])
    AS job (queue, task, priority, key, subject)
ON CONFLICT (queueing_lock) WHERE status = 'todo'
DO UPDATE SET priority = excluded.priority WHERE waiting.priority < excluded.priority
"""
_RAISE = """
UPDATE procrastinate_jobs SET priority = %(priority)s
WHERE queueing_lock = %(key)s AND status = 'todo' AND priority < %(priority)s
"""


def make_jobs() -> Jobs:
    """The kinds of jobs; a worker adds their handlers."""
    # How often a file is tried is counted with the file, so that giving up leaves a verdict.
    specs = [TaskSpec(work.value, queue, 10 * MAX_ATTEMPTS) for work, queue in _QUEUES.items()]
    return Jobs(SCHEMA, specs)


class Queue:
    """Adds jobs; one with the key of a waiting job only raises that one's priority."""

    async def add(self, connection: postgres.Connection, jobs: Sequence[Job]) -> None:
        """Queue ``jobs`` in the caller's transaction."""
        columns: list[list[object]] = [
            [f"{SCHEMA}.{_QUEUES[job.work]}" for job in jobs],
            [f"{SCHEMA}.{job.work}" for job in jobs],
            [job.priority for job in jobs],
            [job.key for job in jobs],
            [job.subject for job in jobs],
        ]
        if jobs:
            await connection.execute(_ADD, columns)

    async def hurry(self, connection: postgres.Connection, job: Job) -> None:
        """Raise the priority of a job that waits; one that runs already is left to it."""
        await connection.execute(_RAISE, {"key": job.key, "priority": job.priority})
