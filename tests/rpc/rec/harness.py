"""An instance of rec_svc over a real gRPC server, with certificates, tokens and PostgreSQL.

The feeds that it learns from are not followed: tests enter what they would tell by the parts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from segue.rec.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from segue.rec.v1.radio_internal_service_pb2_grpc import RadioInternalServiceStub
from segue.rec.v1.radio_service_pb2_grpc import RadioServiceStub
from segue.rec.v1.recommendation_service_pb2_grpc import RecommendationServiceStub

from meshkit import postgres
from meshkit.process import service_process
from meshkit.testing.rpc import ServedMesh, TokenIssuer, service_settings
from meshkit.ulids import new_id
from rec_svc import wiring
from rec_svc.adapters.memory.managed_playlists import MemoryManagedPlaylists
from rec_svc.adapters.memory.play_orders import MemoryPlayOrders
from rec_svc.assembly import Parts, assemble
from rec_svc.schema import SCHEMA
from rec_svc.settings import Settings

ISSUER = TokenIssuer()
ADMIN = new_id()


@dataclass(frozen=True)
class Instance:
    """The service under test, and what it works with."""

    mesh: ServedMesh
    pool: postgres.Pool
    parts: Parts
    experiments: Any
    recommendations: Any
    radios: Any
    radios_of_playback: Any
    orders: MemoryPlayOrders
    managed: MemoryManagedPlaylists

    async def call(self, name: str, request: object, user_id: str = ADMIN, **token: Any) -> Any:
        """A call of ExperimentService, by an administrator unless ``token`` says otherwise."""
        method = getattr(self.experiments, name)
        return await method(request, metadata=self.mesh.token(user_id, **token))

    async def recommend(self, name: str, request: object, user_id: str, **token: Any) -> Any:
        """A call of RecommendationService."""
        method = getattr(self.recommendations, name)
        return await method(request, metadata=self.mesh.token(user_id, **token))

    async def radio(self, name: str, request: object, user_id: str, **token: Any) -> Any:
        """A call of RadioService."""
        return await getattr(self.radios, name)(request, metadata=self.mesh.token(user_id, **token))

    async def extend(self, request: object, user_id: str, **token: Any) -> Any:
        """A call of ExtendRadio, by playback on behalf of a user."""
        call = self.radios_of_playback.ExtendRadio
        return await call(request, metadata=self.mesh.token(user_id, **token))


@asynccontextmanager
async def an_instance(
    dsn: str,
    valkey_url: str,
    tls: Path,
    managed: MemoryManagedPlaylists | None = None,
    explore_percent: float = 0.0,
) -> AsyncIterator[Instance]:
    """An instance on the database of ``dsn`` and that Valkey; ``managed`` are the playlists that it
    keeps.

    Nothing in its lists is by chance unless asked for.
    """
    managed = managed or MemoryManagedPlaylists()
    unused = "unix:///unused.sock"
    settings = Settings(
        **service_settings(tls, "rec").model_dump(),
        # Tests take looks themselves.
        experiment_looks_s=3600,
        database_dsn=SecretStr(dsn),
        valkey_url=valkey_url,
        valkey_insecure=True,
        objects_url=(tls / "objects").as_uri(),
        identity_target=unused,
        catalog_target=unused,
        playback_target=unused,
        playlist_target=unused,
        explore_percent=explore_percent,
    )
    async with service_process(settings, SCHEMA, tokens=ISSUER.verifier()) as process:
        orders = MemoryPlayOrders()
        parts = await wiring.stored_parts(process, settings, orders, managed)
        assemble(process, settings, parts)
        async with process.served() as port:
            mesh = ServedMesh(process.server, port, ISSUER, tls)
            edge = mesh.client_channel("edge", "rec")
            experiments, recommendations = (
                ExperimentServiceStub(edge),
                RecommendationServiceStub(edge),
            )
            yield Instance(
                mesh,
                process.pool,
                parts,
                experiments,
                recommendations,
                RadioServiceStub(edge),
                RadioInternalServiceStub(mesh.client_channel("playback", "rec")),
                orders,
                managed,
            )
            await mesh.close()
