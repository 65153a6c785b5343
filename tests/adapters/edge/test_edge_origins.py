"""What a page of another origin may do through the edge: what its operator allows, and no more."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from edge_process import ORIGIN
from edge_world import TRACK_ID, World, open_world
from media_origin import Origin
from segue.catalog.v1 import catalog_service_pb2 as catalog

FOREIGN = "https://foreign.example"
GET_TRACK = "/segue.catalog.v1.CatalogService/GetTrack"
# What a page asks before it calls: the call, and the headers that it will bring.
PREFLIGHTS = {
    "a read": ("GET", "/search", "authorization,if-none-match"),
    "a write": ("POST", "/playback/play", "authorization,content-type"),
    "a write by version": (
        "PATCH",
        f"/playlists/{TRACK_ID}",
        "authorization,content-type,if-match",
    ),
    "a removal": ("DELETE", f"/playlists/{TRACK_ID}", "authorization"),
    "events": ("GET", f"/imports/{TRACK_ID}/events", "authorization"),
    "gRPC-Web": (
        "POST",
        GET_TRACK,
        "authorization,content-type,x-grpc-web,x-user-agent,grpc-timeout",
    ),
    "Connect": ("POST", GET_TRACK, "authorization,connect-protocol-version,connect-timeout-ms"),
    "keys": ("GET", "/oauth2/jwks.json", "authorization"),
    "traced": ("GET", "/plans", "traceparent,tracestate"),
}


def asked(origin: str, method: str, headers: str) -> dict[str, str]:
    """The headers of a preflight."""
    return {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": headers,
    }


@pytest.mark.parametrize(("method", "path", "headers"), PREFLIGHTS.values(), ids=PREFLIGHTS)
async def test_an_allowed_origin_may_call_in_every_form(
    world: World, method: str, path: str, headers: str
) -> None:
    answer = await world.call("OPTIONS", path, headers=asked(ORIGIN, method, headers))
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert method in answer.headers["access-control-allow-methods"].split(", ")
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert set(headers.split(",")) <= set(allowed)


@pytest.mark.parametrize(("method", "path", "headers"), PREFLIGHTS.values(), ids=PREFLIGHTS)
async def test_another_origin_may_not(world: World, method: str, path: str, headers: str) -> None:
    answer = await world.call("OPTIONS", path, headers=asked(FOREIGN, method, headers))
    assert "access-control-allow-origin" not in answer.headers


async def test_an_allowed_origin_may_read_answers_and_refusals(world: World) -> None:
    headers = {"origin": ORIGIN, **world.bearer()}
    path = f"/tracks/{TRACK_ID}"
    for answer, status in (
        (await world.call("GET", path, headers=headers), 200),
        (await world.call("GET", path, headers={"origin": ORIGIN}), 401),
        (await world.call("GET", "/nowhere", headers=headers), 404),
    ):
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"etag", "retry-after", "grpc-status", "x-request-id"} <= set(exposed)


async def test_an_allowed_origin_may_read_grpc_web(world: World) -> None:
    message = catalog.GetTrackRequest(id=TRACK_ID).SerializeToString()
    frame = base64.b64encode(b"\0" + len(message).to_bytes(4, "big") + message)
    headers = {
        "origin": ORIGIN,
        "content-type": "application/grpc-web-text+proto",
        "accept": "application/grpc-web-text+proto",
        "x-grpc-web": "1",
        **world.bearer(),
    }
    answer = await world.call("POST", GET_TRACK, content=frame, headers=headers)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert base64.b64decode(answer.text[:8])[0] == 0


@pytest.mark.parametrize("what", ["a manifest", "the calls"])
async def test_what_is_anybodys_may_be_read_from_any_page(
    world: World, origin: Origin, what: str
) -> None:
    path = f"{origin.path()}/master.m3u8" if what == "a manifest" else "/openapi.json"
    answer = await world.call("GET", path, headers={"origin": FOREIGN})
    assert answer.status_code == 200
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]


async def test_a_star_lets_every_page_call(tmp_path: Path, origin: Origin) -> None:
    async with open_world(tmp_path, origin, allow_origins=["*"]) as world:
        headers = asked(FOREIGN, "GET", "authorization")
        answer = await world.call("OPTIONS", "/search", headers=headers)
    assert answer.headers["access-control-allow-origin"] == FOREIGN
