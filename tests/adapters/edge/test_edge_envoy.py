"""A real Envoy in front of real mesh servers: JSON, gRPC, streams, tokens, refusals, media."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from edge_process import ORIGIN, Edge, IdentityHttp, running_edge
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from media_origin import Origin, free_port
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1 import catalog_service_pb2 as catalog
from segue.catalog.v1 import catalog_service_pb2_grpc as catalog_grpc
from segue.identity.v1 import identity_service_pb2 as identity
from segue.identity.v1 import identity_service_pb2_grpc as identity_grpc
from segue.playback.v1 import playback_service_pb2 as playback
from segue.playback.v1 import playback_service_pb2_grpc as playback_grpc

from edge.envoy.bootstrap import RateLimit
from localmesh.endpoints import write_endpoints
from meshkit import faults
from meshkit.certificates import ensure_certificates
from meshkit.principal import current_principal
from meshkit.server import Context
from meshkit.testing.rpc import ISSUER, TokenIssuer, served

USER_ID = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
TRACK_ID = "01JD4Q8Z7Y1V9K2M5N6P7R8S9V"


class Catalog(catalog_grpc.CatalogServiceServicer):
    """Answers with what it was asked."""

    async def GetTrack(
        self, request: catalog.GetTrackRequest, context: Context
    ) -> catalog.GetTrackResponse:
        if request.id == "missing":
            raise faults.NotFound("no such track", metadata={"resource": "track", "id": request.id})
        if request.id == "slow":
            await asyncio.sleep(30)
        track = catalog_pb2.Track(id=request.id, title=current_principal().user_id)
        return catalog.GetTrackResponse(track=track)

    async def GetPlayable(
        self, request: catalog.GetPlayableRequest, context: Context
    ) -> catalog.GetPlayableResponse:
        return catalog.GetPlayableResponse(descriptor="ab")


class Search(catalog_grpc.SearchServiceServicer):
    """Finds the types that were asked for."""

    async def Search(
        self, request: catalog.SearchRequest, context: Context
    ) -> catalog.SearchResponse:
        names = [catalog.SearchRequest.Type.Name(kind) for kind in request.type]
        results = [catalog.SearchResponse.ArtistResult(id=request.q, name=name) for name in names]
        return catalog.SearchResponse(artists=results)


class Imports(catalog_grpc.ImportServiceServicer):
    """Watches: two messages, then waits to be released."""

    def __init__(self) -> None:
        self.released = asyncio.Event()

    async def WatchImport(
        self, request: catalog.WatchImportRequest, context: Context
    ) -> AsyncIterator[catalog.WatchImportResponse]:
        if request.id == "missing":
            raise faults.NotFound("no such import")
        for _ in range(2):
            yield catalog.WatchImportResponse(**{"import": catalog_pb2.Import(id=request.id)})
        await self.released.wait()
        yield catalog.WatchImportResponse(end=catalog.WatchImportResponse.FINISHED)


class Heartbeats(playback_grpc.HeartbeatServiceServicer):
    """Acknowledges each beat by its own number."""

    async def StreamHeartbeats(
        self, request_iterator: AsyncIterator[playback.StreamHeartbeatsRequest], context: Context
    ) -> AsyncIterator[playback.StreamHeartbeatsResponse]:
        async for message in request_iterator:
            answer = playback.StreamHeartbeatsResponse()
            answer.ack.seq = message.heartbeat.seq
            yield answer


class Plans(identity_grpc.PlanServiceServicer):
    """No plans."""

    async def ListPlans(
        self, request: identity.ListPlansRequest, context: Context
    ) -> identity.ListPlansResponse:
        return identity.ListPlansResponse()


@dataclass
class World:
    """The edge, who signs tokens, the servicer that streams, and who serves what."""

    edge: Edge
    issuer: TokenIssuer
    imports: Imports
    xds: Path
    ports: dict[str, int]

    def bearer(self, user_id: str = USER_ID, **claims: Any) -> dict[str, str]:
        """The header of a user."""
        return {"authorization": f"Bearer {self.issuer.token(user_id, **claims)}"}

    async def call(self, method: str, path: str, **rest: Any) -> httpx.Response:
        """An HTTP call through the edge."""
        async with httpx.AsyncClient(base_url=self.edge.url, trust_env=False) as client:
            return await client.request(method, path, timeout=20, **rest)


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> AsyncIterator[World]:
    """The world of most tests."""
    async with open_world(tmp_path_factory.mktemp("edge"), origin) as found:
        yield found


@asynccontextmanager
async def open_world(folder: Path, origin: Origin, **settings: Any) -> AsyncIterator[World]:
    """Three servers, the keys over HTTP, the media origin, and Envoy before them."""
    tls = folder / "tls"
    tls.mkdir()
    ensure_certificates(tls)
    issuer, imports = TokenIssuer(), Imports()
    async with AsyncExitStack() as stack:
        ports = await start_servers(stack, tls, issuer, imports)
        keys = stack.enter_context(IdentityHttp(issuer.jwks()))
        edge = stack.enter_context(
            running_edge(
                folder / "envoy",
                tls,
                (free_port(), free_port()),
                {name: [f"127.0.0.1:{port}"] for name, port in ports.items()},
                identity_http=keys.address,
                media_http=[origin.url.removeprefix("http://")],
                token_issuer=ISSUER,
                unary_timeout_s=1.0,
                max_json_bytes=64 * 1024,
                **settings,
            )
        )
        found = World(edge, issuer, imports, folder / "envoy" / "xds", ports)
        await until_upstreams_are_healthy(found)
        yield found


async def start_servers(
    stack: AsyncExitStack, tls: Path, issuer: TokenIssuer, imports: Imports
) -> dict[str, int]:
    """The ports of catalog, playback and identity."""
    registrations: dict[str, list[Any]] = {
        "catalog": [
            (catalog_grpc.add_CatalogServiceServicer_to_server, Catalog()),
            (catalog_grpc.add_SearchServiceServicer_to_server, Search()),
            (catalog_grpc.add_ImportServiceServicer_to_server, imports),
        ],
        "playback": [(playback_grpc.add_HeartbeatServiceServicer_to_server, Heartbeats())],
        "identity": [(identity_grpc.add_PlanServiceServicer_to_server, Plans())],
    }
    return {
        workload: (
            await stack.enter_async_context(served(tls, *added, workload=workload, issuer=issuer))
        ).port
        for workload, added in registrations.items()
    }


async def until_upstreams_are_healthy(world: World) -> None:
    """Returns once Envoy's health checks have passed and it has the keys."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        track = await world.call("GET", f"/tracks/{TRACK_ID}", headers=world.bearer())
        plans = await world.call("GET", "/plans")
        media = await world.call("GET", "/media/v1/artwork/none")
        if (track.status_code, plans.status_code, media.status_code) == (200, 200, 404):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{track.text} {plans.text} {media.text}")


def reason_of(answer: httpx.Response) -> str:
    """The ErrorInfo's reason in a Status in JSON."""
    status = answer.json()
    assert set(status) == {"code", "message", "details"}
    assert status["message"]
    (info,) = (d for d in status["details"] if d["@type"].endswith("google.rpc.ErrorInfo"))
    assert info["domain"] == "segue"
    return str(info["reason"])


def rich(error: grpc.aio.AioRpcError) -> tuple[grpc.StatusCode, str]:
    """Code and reason of a gRPC error."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert status.code == error.code().value[0]
    return error.code(), info.reason


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


async def test_enums_are_taken_in_any_case(world: World) -> None:
    answer = await world.call("GET", "/search?q=x&type=track&type=Artist", headers=world.bearer())
    assert [found["name"] for found in answer.json()["artists"]] == ["TRACK", "ARTIST"]


async def test_a_fault_reaches_json_callers_whole(world: World) -> None:
    answer = await world.call("GET", "/tracks/missing", headers=world.bearer())
    assert answer.status_code == 404
    assert answer.json()["code"] == code_pb2.NOT_FOUND
    assert reason_of(answer) == "NOT_FOUND"
    assert answer.json()["details"][0]["metadata"]["id"] == "missing"


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
            await stub.GetTrack(catalog.GetTrackRequest(id="missing"), metadata=good)
        assert rich(unknown.value) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


async def test_an_internal_method_cannot_be_reached(world: World) -> None:
    metadata = tuple(world.bearer().items())
    async with grpc.aio.insecure_channel(world.edge.target) as channel:
        stub = catalog_grpc.CatalogServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.GetPlayable(catalog.GetPlayableRequest(track_id="x"), metadata=metadata)
    assert rich(refused.value) == (grpc.StatusCode.UNIMPLEMENTED, "UNIMPLEMENTED")
    path = "/segue.catalog.v1.CatalogService/GetPlayable"
    answer = await world.call("POST", path, json={"track_id": "x"}, headers=world.bearer())
    assert answer.status_code == 404


async def test_a_slow_unary_call_ends_as_a_deadline(world: World) -> None:
    answer = await world.call("GET", "/tracks/slow", headers=world.bearer())
    assert (answer.status_code, reason_of(answer)) == (504, "DEADLINE_EXCEEDED")


async def test_a_server_stream_is_sse_that_comes_as_it_is_sent(world: World) -> None:
    world.imports.released.clear()
    path = f"{world.edge.url}/imports/{TRACK_ID}/events"
    events: list[dict[str, Any]] = []
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", path, headers=world.bearer(), timeout=20) as answer,
    ):
        assert answer.headers["content-type"] == "text/event-stream"
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
                if len(events) == 2:
                    world.imports.released.set()
    assert [event.get("import", {}).get("id") for event in events] == [TRACK_ID, TRACK_ID, None]
    assert events[-1]["end"] == "FINISHED"


async def test_a_stream_that_is_refused_before_it_began_is_a_status(world: World) -> None:
    answer = await world.call("GET", "/imports/missing/events", headers=world.bearer())
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
    found: list[dict[str, Any]] = []
    while not found:
        assert time.monotonic() < deadline, world.edge.log.read_text()
        await asyncio.sleep(0.1)
        lines = world.edge.access_log()
        found = [line for line in lines if (line["path"], line["user"]) == ("/search", USER_ID)]
    text = world.edge.log.read_text()
    assert "SECRETSESSION" not in text
    assert "secretquery" not in text
    assert headers["authorization"].removeprefix("Bearer ") not in text
    assert any(line["path"] == "/media/***" for line in lines)
    assert found[-1]["rpc"] == "/segue.catalog.v1.SearchService/Search"


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
    long = await world.call("GET", "/search", headers={"x-long": "y" * 40_000})
    assert (long.status_code, reason_of(long)) == (431, "INVALID_FIELD")


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


async def test_a_user_who_floods_is_limited_alone(tmp_path: Path, origin: Origin) -> None:
    async with open_world(tmp_path, origin, limit_per_user=RateLimit(5, 600)) as world:
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
    async with open_world(tmp_path, origin, limit_per_address=RateLimit(300, 600)) as world:
        async with httpx.AsyncClient(base_url=world.edge.url, trust_env=False) as client:
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
