"""``Radios`` that ask the service of recommendations, over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from segue.rec.v1 import radio_service_pb2 as pb
from segue.rec.v1.radio_internal_service_pb2_grpc import RadioInternalServiceStub

from meshkit.faults import PermissionDenied, Unauthenticated, Unavailable
from meshkit.principal import Principal, set_principal
from meshkit.testing.stores import PostgresServer
from playback_svc.adapters.grpc.radios import RadioService
from playback_svc.ports.radios import RadioRequest
from rec_svc.schema import SCHEMA
from tests.contracts.playback.radios_suite import RadiosContract, RadiosUnderTest
from tests.contracts.playback.samples import new_id
from tests.contracts.rec.tracks_suite import a_track
from tests.rpc.rec.harness import ISSUER, Instance, an_instance
from tests.rpc.rec.test_recommended_tracks import told

USER = new_id()


@pytest.fixture
async def rec(
    postgres_server: PostgresServer, valkey_url: str, tls: Path
) -> AsyncIterator[Instance]:
    template = await postgres_server.template("rec", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with an_instance(dsn, valkey_url, tls) as instance:
            yield instance


def asking(user_id: str) -> None:
    """From here on ``user_id`` is whom calls are made for."""
    token = ISSUER.token(user_id)
    set_principal(Principal(user_id, "sid", "free", frozenset(), 0.0, token))


def radios_of(rec: Instance, caller: str = "playback") -> RadioService:
    return RadioService(RadioInternalServiceStub(rec.mesh.client_channel(caller, "rec")))


class TestRadioService(RadiosContract):
    @pytest.fixture
    async def under_test(self, rec: Instance) -> RadiosUnderTest:
        tracks = [a_track(f"Song {n}") for n in range(80)]
        await told(rec, *tracks)
        started = await rec.radio("StartRadio", pb.StartRadioRequest(track_id=tracks[0].id), USER)
        asking(USER)
        return RadiosUnderTest(radios_of(rec), started.radio.radio_id)


async def test_nobody_but_playback_is_given_the_blocks_of_a_radio(rec: Instance) -> None:
    asking(USER)
    request = RadioRequest(new_id(), new_id(), 1)
    for caller in ("edge", "catalog", "playlist"):
        with pytest.raises(PermissionDenied) as refused:
            await radios_of(rec, caller).block(request)
        assert refused.value.reason == "CALLER_NOT_ALLOWED"


async def test_playback_is_given_none_without_a_user(rec: Instance) -> None:
    set_principal(None)
    with pytest.raises(Unauthenticated):
        await radios_of(rec).block(RadioRequest(new_id(), new_id(), 1))


async def test_recommendations_that_are_away_are_unavailable(rec: Instance) -> None:
    asking(USER)
    radios = radios_of(rec)
    await rec.mesh.server.drain()
    with pytest.raises(Unavailable):
        await radios.block(RadioRequest(new_id(), new_id(), 1))
