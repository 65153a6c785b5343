"""The catalogue's jobs in PostgreSQL, queued in the transaction that wants them."""

from __future__ import annotations

from collections.abc import Sequence

from catalog_svc.domain.jobs import MAX_ATTEMPTS, Job, Work
from catalog_svc.schema import SCHEMA
from meshkit import postgres
from meshkit.jobs import Jobs, NewJob, TaskSpec

SCAN_QUEUE = "scan"
ENCODE_QUEUE = "encode"

_QUEUES = {Work.SCAN: SCAN_QUEUE, Work.PREPARE: ENCODE_QUEUE, Work.COMPLETE: ENCODE_QUEUE}


def make_jobs() -> Jobs:
    """The kinds of jobs; a worker adds their handlers."""
    # How often a file is tried is counted with the file, so that giving up leaves a verdict.
    specs = [TaskSpec(work.value, queue, 10 * MAX_ATTEMPTS) for work, queue in _QUEUES.items()]
    return Jobs(SCHEMA.name, specs)


class JobQueue:
    """Adds jobs; one with the key of a waiting job only raises that one's priority."""

    def __init__(self) -> None:
        self._jobs = make_jobs()

    async def add(self, connection: postgres.Connection, jobs: Sequence[Job]) -> None:
        """JobQueue ``jobs`` in the caller's transaction."""
        new = [NewJob(job.work, {"subject": job.subject}, job.priority, job.key) for job in jobs]
        await self._jobs.enqueue(connection, *new)

    async def hurry(self, connection: postgres.Connection, job: Job) -> None:
        """Raise the priority of a job that waits; one that runs already is left to it."""
        await self._jobs.hurry(connection, job.key, job.priority)
