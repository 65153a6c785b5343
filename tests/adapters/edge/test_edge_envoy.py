"""A real Envoy in front of real mesh servers: JSON, gRPC, streams, tokens, refusals, media."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from edge_process import ORIGIN
from edge_world import ID_OF, TRACK_ID, USER_ID, World, open_world, reason_of, rich
from google.rpc import code_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from media_origin import Origin
from segue.catalog.v1 import catalog_service_pb2 as catalog
from segue.catalog.v1 import catalog_service_pb2_grpc as catalog_grpc
from segue.catalog.v1.catalog_internal_service_pb2 import GetPlayableRequest
from segue.catalog.v1.catalog_internal_service_pb2_grpc import CatalogInternalServiceStub
from segue.playback.v1 import playback_service_pb2 as playback
from segue.playback.v1 import playback_service_pb2_grpc as playback_grpc

from edge.envoy.bootstrap import RateLimit
from localmesh.endpoints import write_endpoints
from meshkit import contract_files
from meshkit.credentials import server_name
from meshkit.testing.rpc import TokenIssuer
from tests.impostors import impostor, misused
from tests.plain_http import PLAIN


async def test_a_unary_call_works_as_json_and_knows_the_user(world: World) -> None:
    answer = await world.call("GET", f"/tracks/{TRACK_ID}", headers=world.bearer())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert "grpc-status" not in answer.headers
    assert answer.json()["id"] == TRACK_ID
    assert answer.json()["title"] == USER_ID
    assert answer.json()["disc_number"] == 0


async def test_every_answer_names_its_request(world: World) -> None:
    answer = await world.call("GET", "/nowhere")
    assert answer.headers["x-request-id"]


async def test_what_the_calls_are_is_told_to_anyone(world: World) -> None:
    answer = await world.call("GET", "/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.content == contract_files.openapi()
    wrong = await world.call("POST", "/openapi.json")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")


async def test_enums_are_taken_in_any_case(world: World) -> None:
    answer = await world.call("GET", "/search?q=x&type=track&type=Artist", headers=world.bearer())
    assert [found["name"] for found in answer.json()["artists"]] == ["TRACK", "ARTIST"]


async def test_a_fault_reaches_json_callers_whole(world: World) -> None:
    answer = await world.call("GET", f"/tracks/{ID_OF['missing']}", headers=world.bearer())
    assert answer.status_code == 404
    assert answer.json()["code"] == code_pb2.NOT_FOUND
    assert reason_of(answer) == "NOT_FOUND"
    assert answer.json()["details"][0]["metadata"]["id"] == ID_OF["missing"]


async def test_a_missing_token_is_401_with_a_status(world: World) -> None:
    answer = await world.call("GET", f"/tracks/{TRACK_ID}")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["code"] == code_pb2.UNAUTHENTICATED
    assert reason_of(answer) == "TOKEN_MISSING"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"life_s": -60}, "TOKEN_EXPIRED"),
        ({"aud": "others"}, "TOKEN_INVALID"),
        ({"iss": "https://foreign.example"}, "TOKEN_INVALID"),
    ],
)
async def test_a_bad_token_is_401_and_says_why(
    world: World, claims: dict[str, Any], reason: str
) -> None:
    headers = world.bearer(**claims)
    answer = await world.call("GET", f"/tracks/{TRACK_ID}", headers=headers)
    assert (answer.status_code, reason_of(answer)) == (401, reason)
    assert answer.json()["code"] == code_pb2.UNAUTHENTICATED


async def test_a_forged_token_is_refused(world: World) -> None:
    forged = TokenIssuer().token(USER_ID)
    headers = {"authorization": f"Bearer {forged}"}
    answer = await world.call("GET", f"/tracks/{TRACK_ID}", headers=headers)
    assert (answer.status_code, reason_of(answer)) == (401, "TOKEN_INVALID")


async def test_grpc_callers_get_the_same_with_details(world: World) -> None:
    async with grpc.aio.insecure_channel(world.edge.target) as channel:
        stub = catalog_grpc.CatalogServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as missing:
            await stub.GetTrack(catalog.GetTrackRequest(id=TRACK_ID))
        assert rich(missing.value) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")
        expired = tuple(world.bearer(life_s=-60).items())
        with pytest.raises(grpc.aio.AioRpcError) as old:
            await stub.GetTrack(catalog.GetTrackRequest(id=TRACK_ID), metadata=expired)
        assert rich(old.value) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")
        good = tuple(world.bearer().items())
        found = await stub.GetTrack(catalog.GetTrackRequest(id=TRACK_ID), metadata=good)
        assert found.track.id == TRACK_ID
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await stub.GetTrack(catalog.GetTrackRequest(id=ID_OF["missing"]), metadata=good)
        assert rich(unknown.value) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


async def test_an_internal_method_cannot_be_reached(world: World) -> None:
    metadata = tuple(world.bearer().items())
    async with grpc.aio.insecure_channel(world.edge.target) as channel:
        stub = CatalogInternalServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.GetPlayable(GetPlayableRequest(track_id="x"), metadata=metadata)
    assert rich(refused.value) == (grpc.StatusCode.UNIMPLEMENTED, "UNIMPLEMENTED")
    path = "/segue.catalog.v1.CatalogInternalService/GetPlayable"
    answer = await world.call("POST", path, json={"track_id": "x"}, headers=world.bearer())
    assert answer.status_code == 404


async def test_a_slow_unary_call_ends_as_a_deadline(world: World) -> None:
    answer = await world.call("GET", f"/tracks/{ID_OF['slow']}", headers=world.bearer())
    assert (answer.status_code, reason_of(answer)) == (504, "DEADLINE_EXCEEDED")


async def test_a_server_stream_is_sse_that_comes_as_it_is_sent(world: World) -> None:
    world.imports.released.clear()
    path = f"{world.edge.url}/imports/{TRACK_ID}/events"
    events: list[dict[str, Any]] = []
    async with (
        httpx.AsyncClient(**PLAIN) as client,
        client.stream("GET", path, headers=world.bearer(), timeout=20) as answer,
    ):
        assert answer.headers["content-type"] == "text/event-stream"
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
                if len(events) == 2:
                    world.imports.released.set()
    assert [event.get("import_run", {}).get("id") for event in events] == [TRACK_ID, TRACK_ID, None]
    assert events[-1]["end"]["reason"] == "FINISHED"


async def test_a_stream_that_is_refused_before_it_began_is_a_status(world: World) -> None:
    answer = await world.call("GET", f"/imports/{ID_OF['missing']}/events", headers=world.bearer())
    assert (answer.status_code, reason_of(answer)) == (404, "NOT_FOUND")


async def test_a_bidi_stream_outlives_the_unary_limit(world: World) -> None:
    metadata = tuple(world.bearer().items())
    async with grpc.aio.insecure_channel(world.edge.target) as channel:
        call = playback_grpc.HeartbeatServiceStub(channel).StreamHeartbeats(metadata=metadata)
        for seq in (1, 2):
            beat = playback.StreamHeartbeatsRequest()
            beat.heartbeat.seq = seq
            await call.write(beat)
            answer = await call.read()
            assert answer.ack.seq == seq
            await asyncio.sleep(1.2)
        await call.done_writing()
        assert await call.code() == grpc.StatusCode.OK


async def test_media_are_served_by_their_path_alone(world: World, origin: Origin) -> None:
    path = origin.path()
    master = await world.call(
        "GET", f"{path}/master.m3u8", headers={"origin": "https://any.example"}
    )
    assert master.status_code == 200
    assert master.headers.get_list("access-control-allow-origin") == ["*"]
    part = await world.call("GET", f"{path}/128/1.m4s", headers={"range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)


async def test_the_access_log_hides_media_paths_queries_and_tokens(
    world: World, origin: Origin
) -> None:
    path = origin.path(session="SECRETSESSION")
    await world.call("GET", f"{path}/master.m3u8")
    headers = world.bearer()
    await world.call("GET", "/search?q=secretquery&type=track", headers=headers)
    deadline = time.monotonic() + 15
    # The edge is other tests' too: they search as well, and are refused before there is an RPC.
    searched = ("/search", USER_ID, "/segue.catalog.v1.SearchService/Search")
    lines: list[dict[str, Any]] = []
    while searched not in [(line["path"], line["user"], line["rpc"]) for line in lines]:
        assert time.monotonic() < deadline, world.edge.log.read_text()
        await asyncio.sleep(0.1)
        lines = world.edge.access_log()
    text = world.edge.log.read_text()
    assert "SECRETSESSION" not in text
    assert "secretquery" not in text
    assert headers["authorization"].removeprefix("Bearer ") not in text
    assert any(line["path"] == "/media/***" for line in lines)


async def test_what_is_nowhere_is_404_in_json(world: World) -> None:
    answer = await world.call("GET", "/nowhere")
    assert (answer.status_code, reason_of(answer)) == (404, "NOT_FOUND")


async def test_malformed_and_oversized_requests_are_told_so(world: World) -> None:
    headers = world.bearer()
    unknown = await world.call("GET", "/search?q=x&colour=red", headers=headers)
    assert (unknown.status_code, reason_of(unknown)) == (400, "INVALID_FIELD")
    broken = await world.call("POST", "/imports", content=b"{", headers=headers)
    assert (broken.status_code, reason_of(broken)) == (400, "INVALID_FIELD")
    huge = await world.call("POST", "/imports", content=b"x" * 100_000, headers=headers)
    assert (huge.status_code, reason_of(huge)) == (413, "INVALID_FIELD")
    long = await world.call("GET", "/search", headers={"x-long": "y" * 80_000})
    assert (long.status_code, reason_of(long)) == (431, "INVALID_FIELD")


async def test_headers_that_the_edge_takes_reach_the_service(world: World) -> None:
    large = {"x-long": "y" * 50_000}
    path = f"/tracks/{TRACK_ID}"
    answer = await world.call("GET", path, headers={**world.bearer(), **large})
    assert (answer.status_code, answer.json()["id"]) == (200, TRACK_ID)
    async with grpc.aio.insecure_channel(world.edge.target) as channel:
        stub = catalog_grpc.CatalogServiceStub(channel)
        metadata = (*world.bearer().items(), *large.items())
        found = await stub.GetTrack(catalog.GetTrackRequest(id=TRACK_ID), metadata=metadata)
    assert found.track.id == TRACK_ID


async def test_sign_in_goes_to_identity_with_a_bound_on_its_body(world: World) -> None:
    small = await world.call("POST", "/oauth2/token", content=b"x" * 1000)
    assert small.json() == {"path": "/oauth2/token", "bytes": 1000}
    discovery = await world.call("GET", "/.well-known/openid-configuration")
    assert discovery.json() == {"path": "/.well-known/openid-configuration"}
    large = await world.call("POST", "/oauth2/token", content=b"x" * 100_000)
    assert (large.status_code, reason_of(large)) == (413, "INVALID_FIELD")


async def test_configured_origins_and_no_others_may_read(world: World) -> None:
    asked = {
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
    }
    ours = await world.call("OPTIONS", "/search", headers={"origin": ORIGIN, **asked})
    assert ours.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in ours.headers["access-control-allow-headers"]
    foreign = await world.call(
        "OPTIONS", "/search", headers={"origin": "https://foreign.example", **asked}
    )
    assert "access-control-allow-origin" not in foreign.headers


async def test_health_and_reflection_need_no_token(world: World) -> None:
    assert (await world.call("GET", "/healthz")).json() == {"status": "SERVING"}
    async with grpc.aio.insecure_channel(world.edge.target) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_nobody_may_watch_health_from_outside(world: World) -> None:
    async with grpc.aio.insecure_channel(world.edge.target) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await anext(aiter(watch))
    assert rich(refused.value) == (grpc.StatusCode.UNIMPLEMENTED, "UNIMPLEMENTED")


async def test_a_user_who_floods_is_limited_alone(tmp_path: Path, origin: Origin) -> None:
    async with open_world(tmp_path, origin, limit_per_user=RateLimit(5, 5, 600)) as world:
        greedy, calm = world.bearer("greedy"), world.bearer("calm")
        path = f"/tracks/{TRACK_ID}"
        answers = [await world.call("GET", path, headers=greedy) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert reason_of(answers[-1]) == "LIMIT_REACHED"
        assert answers[-1].headers["retry-after"] == "1"
        assert answers[-1].json()["details"][1]["retry_delay"] == "1s"
        assert (await world.call("GET", path, headers=calm)).status_code == 200
        async with grpc.aio.insecure_channel(world.edge.target) as channel:
            stub = catalog_grpc.CatalogServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError) as limited:
                await stub.GetTrack(
                    catalog.GetTrackRequest(id=TRACK_ID), metadata=tuple(greedy.items())
                )
        assert rich(limited.value) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_REACHED")


async def test_an_address_that_floods_is_limited_whatever_it_claims(
    tmp_path: Path, origin: Origin
) -> None:
    async with open_world(tmp_path, origin, limit_per_address=RateLimit(300, 300, 600)) as world:
        async with httpx.AsyncClient(base_url=world.edge.url, **PLAIN) as client:
            for number in range(301):
                spoofed = {"x-forwarded-for": f"192.0.2.{number % 250}"}
                answer = await client.get("/healthz", headers=spoofed)
        assert (answer.status_code, reason_of(answer)) == (429, "LIMIT_REACHED")


async def test_instances_come_and_go_while_it_runs(tmp_path: Path, origin: Origin) -> None:
    async with open_world(tmp_path, origin) as world:
        write_endpoints(world.xds, "catalog", [])
        refused = await until_status(world, 503)
        assert reason_of(refused) == "STORE_UNAVAILABLE"
        assert "127.0.0.1" not in refused.text
        write_endpoints(world.xds, "catalog", [f"127.0.0.1:{world.ports['catalog']}"])
        assert (await until_status(world, 200)).json()["id"] == TRACK_ID


async def until_status(world: World, status: int) -> httpx.Response:
    """The first answer with this status."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = await world.call("GET", f"/tracks/{TRACK_ID}", headers=world.bearer())
        if answer.status_code == status:
            return answer
        await asyncio.sleep(0.05)
    pytest.fail(f"never {status}: {answer.text}")


async def test_a_workload_under_anothers_name_is_not_spoken_to(
    tmp_path: Path, origin: Origin
) -> None:
    async with open_world(tmp_path, origin) as world:
        write_endpoints(world.xds, "catalog", [f"127.0.0.1:{world.ports['playback']}"])
        assert reason_of(await until_status(world, 503)) == "STORE_UNAVAILABLE"


async def test_who_serves_with_what_is_for_calling_is_not_spoken_to(
    tmp_path: Path, origin: Origin
) -> None:
    async with open_world(tmp_path, origin) as world:
        name = x509.DNSName(server_name("catalog"))
        files = misused(tmp_path / "tls", ExtendedKeyUsageOID.CLIENT_AUTH, name)
        async with impostor(files) as port:
            write_endpoints(world.xds, "catalog", [f"127.0.0.1:{port}"])
            assert reason_of(await until_status(world, 503)) == "STORE_UNAVAILABLE"
