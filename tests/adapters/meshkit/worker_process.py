"""A worker in a process of its own, for tests that kill it: DSN, then the seconds a job lasts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import uvloop

from meshkit import postgres
from meshkit.jobs import Jobs, TaskSpec
from meshkit.testing import stores

SCHEMA = "catalog"
SPECS = [TaskSpec("encode", queue="cpu", max_attempts=3), TaskSpec("mail", max_attempts=2)]
STALLED_AFTER_S = 1.0


async def work(dsn: str, lasting_s: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with stores.open_pool(dsn, schema=SCHEMA) as pool:
        jobs = Jobs(SCHEMA, SPECS)

        async def note(track: str, phase: str) -> None:
            async with postgres.transaction(pool) as connection:
                row = [track, phase, os.getpid()]
                await connection.execute("INSERT INTO effects VALUES (%s, %s, %s)", row)

        async def encode(track: str) -> None:
            await note(track, "begun")
            await asyncio.sleep(lasting_s)
            await note(track, "done")

        jobs.handle("encode", encode)
        async with jobs.opened(pool):
            await jobs.work(
                stop=stop,
                concurrency=2,
                queues=["cpu"],
                grace_s=0.2,
                heartbeat_s=0.2,
                stalled_after_s=STALLED_AFTER_S,
                poll_s=0.2,
            )


if __name__ == "__main__":
    uvloop.run(work(sys.argv[1], float(sys.argv[2])))
