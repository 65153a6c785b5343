"""Puts recommendations together: the one place that chooses adapters."""

from __future__ import annotations

import asyncio
from functools import partial

from segue.identity.v1.identity_internal_service_pb2 import DESCRIPTOR as IDENTITY_CONTRACT
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceStub

from meshkit import postgres
from meshkit.idempotency_postgres import KeptAnswers
from meshkit.process import ServiceProcess, run_worker, service_process
from meshkit.revocations import identity_revocations
from rec_svc.assembly import Parts, assemble
from rec_svc.schema import SCHEMA
from rec_svc.settings import Settings, WorkerSettings

USERS = IDENTITY_CONTRACT.services_by_name["UserInternalService"]


async def connect(process: ServiceProcess, settings: Settings) -> Parts:
    """The parts as a real process has them, and what keeps them fresh and small."""
    identity = await process.channel(settings.identity_target, "identity", USERS)
    users = UserInternalServiceStub(identity)
    process.refuse_revoked(identity_revocations(users))
    process.consume_users(users, KeptAnswers(process.pool))
    return Parts()


async def serve(settings: Settings) -> None:
    """The role ``serve``: until the process is told to stop."""
    async with service_process(settings, SCHEMA) as process:
        assemble(process, settings, await connect(process, settings))
        await process.serve()


async def work(settings: WorkerSettings) -> None:
    """The role ``work``: until the process is told to stop."""
    await run_worker(settings, SCHEMA, partial(run_jobs, settings))


async def run_jobs(settings: WorkerSettings, pool: postgres.Pool, stop: asyncio.Event) -> None:
    """Does the jobs until ``stop`` is set."""
    await stop.wait()
