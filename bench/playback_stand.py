"""Playback as operators run it, without the rest of a mesh: real processes over durable stores.

PostgreSQL (fsync on) and Valkey are those of ``segue mesh``. What playback asks of catalog and
identity is answered from memory, so that nothing of theirs is measured.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from segue.catalog.v1 import catalog_internal_service_pb2 as catalog
from segue.catalog.v1 import catalog_internal_service_pb2_grpc as catalog_grpc
from segue.catalog.v1 import catalog_pb2
from segue.identity.v1 import identity_pb2
from segue.identity.v1 import identity_service_pb2 as identity
from segue.identity.v1 import identity_service_pb2_grpc as identity_grpc
from segue.identity.v1.identity_internal_service_pb2 import GetKeySetResponse
from segue.identity.v1.identity_internal_service_pb2_grpc import (
    TokenInternalServiceServicer,
    add_TokenInternalServiceServicer_to_server,
)

from bench import processor
from localmesh.free_ports import HOST, PortAllocator
from localmesh.output import Output
from localmesh.postgres import EmbeddedPostgres
from localmesh.readiness import GrpcHealthProbe
from localmesh.specs import ProcessSpec
from localmesh.supervisor import Supervisor
from localmesh.valkey import EmbeddedValkey, ValkeyUser
from meshkit.certificates import ensure_certificates
from meshkit.credentials import client_credentials, server_credentials, server_name
from meshkit.testing.rpc import ISSUER, TokenIssuer, served

TRACK_MS = 3_600_000
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") / 1024
_ROOT = Path(__file__).parents[1]
_DESCRIPTOR = "ab" * 32
_KBPS = {"128": 128, "192": 192, "256": 256}


def _track(track_id: str) -> catalog_pb2.Track:
    return catalog_pb2.Track(
        id=track_id,
        title="Bench",
        artist="Bench",
        duration_ms=TRACK_MS,
        access=catalog_pb2.Track.FREE,
    )


class _Catalog(catalog_grpc.CatalogInternalServiceServicer):
    async def GetPlayable(self, request: Any, context: Any) -> Any:  # noqa: N802
        rates = [
            catalog.GetPlayableResponse.RungRate(rung=name, bitrate=kbps)
            for name, kbps in _KBPS.items()
        ]
        track = _track(request.track_id)
        return catalog.GetPlayableResponse(track=track, descriptor_sha256=_DESCRIPTOR, rungs=rates)

    async def LookupTracks(self, request: Any, context: Any) -> Any:  # noqa: N802
        return catalog.LookupTracksResponse(tracks=map(_track, request.ids))


class _Plans(identity_grpc.PlanServiceServicer):
    async def ListPlans(self, request: Any, context: Any) -> identity.ListPlansResponse:  # noqa: N802
        plans = [
            identity_pb2.Plan(subscription_type=tier, rungs=sorted(_KBPS))
            for tier in (identity_pb2.User.FREE, identity_pb2.User.PREMIUM)
        ]
        return identity.ListPlansResponse(plans=plans)


class _Keys(TokenInternalServiceServicer):
    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    async def GetKeySet(self, request: Any, context: Any) -> GetKeySetResponse:  # noqa: N802
        return GetKeySetResponse(key_set=json.dumps(self._issuer.jwks()))


def edge_channel(tls: Path, port: int) -> grpc.aio.Channel:
    """A connection of its own to an instance, with the edge's certificate."""
    files = client_credentials(tls, "edge")
    secrets = grpc.ssl_channel_credentials(
        files.ca_file.read_bytes(), files.key_file.read_bytes(), files.cert_file.read_bytes()
    )
    options = [
        ("grpc.ssl_target_name_override", server_name("playback")),
        ("grpc.use_local_subchannel_pool", 1),
        # An instance that comes back is seen at once.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 500),
    ]
    return grpc.aio.secure_channel(f"{HOST}:{port}", secrets, options=options)


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """The token as call metadata."""
    return (("authorization", f"Bearer {token}"),)


@dataclass(frozen=True, slots=True)
class Stand:
    """Running instances, numbered from 0; one that ends is started again on its port."""

    tls: Path
    issuer: TokenIssuer
    dsn: str
    ports: tuple[int, ...]
    supervisor: Supervisor
    probes: tuple[GrpcHealthProbe, ...]

    def pid(self, number: int) -> int:
        """The process of an instance, 0 while it has none."""
        name = _name(number)
        found = (each.pid for each in self.supervisor.status() if each.name == name)
        return next(found) or 0

    def store_pids(self) -> list[int]:
        """PostgreSQL and Valkey."""
        states = self.supervisor.status()
        return [each.pid for each in states if each.name in ("postgres", "valkey") and each.pid]

    async def strike(self, number: int, how: signal.Signals) -> bool:
        """SIGKILL to an instance, or SIGTERM, which drains it; False where it does not serve."""
        pid = self.pid(number)
        if not pid or not await self.probes[number].check() or self.pid(number) != pid:
            return False
        os.kill(pid, how)
        return True

    def channel(self, number: int) -> grpc.aio.Channel:
        """A connection to an instance."""
        return edge_channel(self.tls, self.ports[number])


def resident_kib(pid: int) -> float:
    """What a process holds of the memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_KIB


def cpu_s(pid: int) -> float:
    """Seconds of the processor that a process and its children have used; 0 where it is gone."""
    return processor.of_tree(pid) if pid else 0.0


def _name(number: int) -> str:
    return f"playback-{number}"


@asynccontextmanager
async def playback_stand(folder: Path, instances: int, **settings: object) -> AsyncIterator[Stand]:
    """Starts stores, neighbours and instances below ``folder``; all end with the block.

    ``settings`` go to every instance, e.g. ``drain_spread_s=2``. Main thread only.
    """
    ensure_certificates(folder)
    issuer, ports = TokenIssuer(), PortAllocator()
    for name in ("postgres", "valkey"):
        (folder / name).mkdir(mode=0o700)
    stores, users = folder / "postgres", {"playback": ValkeyUser("bench", ("*",), ("*",))}
    postgres = EmbeddedPostgres(stores, stores / "cluster", "bench", {"playback": "bench"})
    valkey = EmbeddedValkey(
        folder / "valkey", folder / "valkey.conf", folder / "valkey.sock", "bench", users
    )
    supervisor = Supervisor(Output(folder, None, "console"))
    catalog_of = (catalog_grpc.add_CatalogInternalServiceServicer_to_server, _Catalog())  # type: ignore[abstract]
    keys_of = (add_TokenInternalServiceServicer_to_server, _Keys(issuer))  # type: ignore[abstract]
    plans_of = (identity_grpc.add_PlanServiceServicer_to_server, _Plans())
    async with (
        served(folder, catalog_of, workload="catalog", issuer=issuer) as one,
        served(folder, plans_of, keys_of, workload="identity", issuer=issuer) as two,
    ):
        environment = _environment(
            folder,
            database_dsn=postgres.dsn("playback"),
            valkey_url=valkey.url("playback"),
            catalog_target=f"ipv4:{HOST}:{one.port}",
            identity_target=f"ipv4:{HOST}:{two.port}",
            playlist_target=f"ipv4:{HOST}:{two.port}",
            rec_target=f"ipv4:{HOST}:{two.port}",
            **settings,
        )
        at = tuple(ports.take() for _ in range(instances))
        probes = tuple(_probe(folder, port) for port in at)
        specs = [_instance(number, probe, environment) for number, probe in enumerate(probes)]
        try:
            await supervisor.start((postgres.spec(), valkey.spec(), *specs))
            yield Stand(folder, issuer, postgres.dsn("playback"), at, supervisor, probes)
        finally:
            await supervisor.stop()


def _environment(folder: Path, **settings: object) -> dict[str, str]:
    files = server_credentials(folder, "playback")
    calling = client_credentials(folder, "playback")
    key = base64.b64encode(b"k" * 32).decode()
    capability = folder / "capability.json"
    capability.write_text(json.dumps({"current": "k1", "keys": {"k1": key}}))
    settings |= {
        "tls_cert_file": files.cert_file,
        "tls_key_file": files.key_file,
        "tls_client_cert_file": calling.cert_file,
        "tls_client_key_file": calling.key_file,
        "tls_ca_file": files.ca_file,
        "token_issuer": ISSUER,
        "public_url": "http://music.test:8080",
        "capability_keys_file": capability,
        "log_level": "warning",
    }
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{_ROOT}:{_ROOT / 'gen'}",
        **{f"SEGUE_PLAYBACK_{name.upper()}": str(value) for name, value in settings.items()},
    }


def _probe(folder: Path, port: int) -> GrpcHealthProbe:
    return GrpcHealthProbe(f"{HOST}:{port}", "playback", client_credentials(folder, "edge"))


def _instance(number: int, probe: GrpcHealthProbe, environment: dict[str, str]) -> ProcessSpec:
    listening = {
        "SEGUE_PLAYBACK_LISTEN": probe.address,
        "SEGUE_PLAYBACK_INSTANCE": _name(number),
    }
    return ProcessSpec(
        name=_name(number),
        role="playback",
        argv=(sys.executable, "-m", "playback_svc", "serve"),
        env={**environment, **listening},
        cwd=_ROOT,
        after=frozenset({"postgres", "valkey"}),
        ready=probe,
        stop_grace_s=20.0,
    )
