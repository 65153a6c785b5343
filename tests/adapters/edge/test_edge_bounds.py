"""What the edge sheds: bodies that do not come, what memory forbids; and whose mistake it is."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import httpx
import pytest
from edge_world import PLAYLIST_ID, TRACK_ID, World, open_world, reason_of
from media_origin import Origin
from segue.catalog.v1.catalog_service_pb2 import GetTrackRequest

from tests.plain_http import PLAIN

# Twice the bound of a call in this world.
PATIENCE_S = 20
SLOW = {
    "a read": "GET /search",
    "a read of anyone": "GET /plans",
    "a write": "POST /playback/play",
    "a file": "POST /playlists/import",
    "a share": "POST /s/code",
    "sign-in": "POST /oauth2/token",
    "Connect": "POST /segue.catalog.v1.CatalogService/GetTrack",
    "Connect of anyone": "POST /segue.identity.v1.PlanService/ListPlans",
    "media": "POST /media/v1/none",
    "nowhere": "POST /nowhere",
    "a wrong method": "DELETE /search",
}


async def drip(world: World, call: str, kind: str = "application/json", *headers: str) -> bytes:
    """What is answered to who says a body and sends a byte of it each 0.2 s, until he is cut."""
    host, _, port = world.edge.target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = [f"{call} HTTP/1.1", "host: edge", f"content-type: {kind}", "content-length: 60000"]
    writer.write("\r\n".join([*head, *headers, "", ""]).encode())

    async def send() -> None:
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.2)

    sending = asyncio.create_task(send())
    answer = b""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while piece := await reader.read(65_536):
                answer += piece
    except ConnectionResetError:
        pass
    finally:
        sending.cancel()
        await asyncio.wait([sending])
        writer.close()
    return answer


async def test_twenty_slow_bodies_without_a_token_are_gone_within_seconds(world: World) -> None:
    calls = [*SLOW.values(), *SLOW.values()][:20]
    answers = await asyncio.gather(*(drip(world, call) for call in calls))
    assert {answer.partition(b"\r\n")[0][:12] for answer in answers if answer} <= {
        b"HTTP/1.1 401",
        b"HTTP/1.1 404",
        b"HTTP/1.1 405",
        b"HTTP/1.1 408",
        b"HTTP/1.1 504",
    }


@pytest.mark.parametrize("call", ["GET /search", "POST /playback/play", "POST /playlists/import"])
async def test_the_token_is_looked_at_before_a_body_is_held(world: World, call: str) -> None:
    answer = await drip(world, call)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"TOKEN_MISSING" in answer


async def test_a_users_slow_body_is_told_that_it_took_too_long(world: World) -> None:
    token = f"authorization: {world.bearer()['authorization']}"
    answer = await drip(world, "POST /playback/play", "application/json", token)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"DEADLINE_EXCEEDED" in answer


async def test_who_has_no_memory_left_sheds_and_says_so(tmp_path: Path, origin: Origin) -> None:
    async with open_world(tmp_path, origin, max_heap_bytes=1 << 40) as world:
        assert "fixed_heap.pressure: 0" in await world.admin("/stats")
        await _tell_statistics_alone(world)
    full = tmp_path / "full"
    full.mkdir()
    with pytest.raises(pytest.fail.Exception, match="OVERLOADED"):
        async with open_world(full, origin, max_heap_bytes=1 << 20):
            pass


async def test_the_largest_page_is_not_given_to_everybody_at_once(
    tmp_path: Path, origin: Origin
) -> None:
    async with open_world(tmp_path, origin) as world:
        answers = await asyncio.gather(*(world.call("GET", "/openapi.json") for _ in range(150)))
        refused = [answer for answer in answers if answer.status_code != 200]
        assert 0 < len(refused) < len(answers) - 30
        assert {(answer.status_code, reason_of(answer)) for answer in refused} == {
            (429, "LIMIT_REACHED")
        }
        assert refused[0].headers["retry-after"] == "1"


async def _tell_statistics_alone(world: World) -> None:
    assert stat.S_IMODE(world.edge.admin.stat().st_mode) == 0o600
    async with httpx.AsyncClient(base_url=world.edge.statistics, **PLAIN) as client:
        told = await client.get("/stats/prometheus?usedonly")
        assert (told.status_code, "envoy_cluster" in told.text) == (200, True)
        for path in ("/", "/quitquitquit", "/config_dump", "/stats/prometheus/../../quitquitquit"):
            for method in ("GET", "POST"):
                assert (await client.request(method, path)).status_code == 404
        assert (await client.post("/stats/prometheus")).status_code == 404


WRONG = {
    "DELETE /search": "GET",
    "DELETE /me/preferences": "GET, PATCH, PUT",
    "POST /tracks": "GET",
    f"POST /tracks/{TRACK_ID}": "GET, PATCH",
    f"PATCH /playlists/{PLAYLIST_ID}/tracks": "DELETE, GET, POST, PUT",
    "GET /playback/play": "POST",
    "HEAD /plans": "GET",
}


@pytest.mark.parametrize(("call", "allowed"), WRONG.items())
async def test_a_wrong_method_is_405_and_told_the_right_ones(
    world: World, call: str, allowed: str
) -> None:
    method, _, path = call.partition(" ")
    answer = await world.call(method, path, headers=world.bearer())
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert method == "HEAD" or reason_of(answer) == "INVALID_FIELD"


@pytest.mark.parametrize("word", ["bearer", "BEARER", "bEaReR"])
async def test_the_scheme_of_a_token_is_taken_in_any_case(world: World, word: str) -> None:
    token = world.bearer()["authorization"].removeprefix("Bearer ")
    for kind in ({}, {"content-type": "application/json"}):
        headers = {"authorization": f"{word} {token}", **kind}
        answer = await world.call("GET", f"/tracks/{TRACK_ID}", headers=headers)
        assert answer.status_code == 200


async def test_another_scheme_is_no_token(world: World) -> None:
    for value in ("Basic dXNlcjpwYXNz", "Bearer", "Bearer x"):
        answer = await world.call("GET", f"/tracks/{TRACK_ID}", headers={"authorization": value})
        assert answer.status_code == 401


CHUNKED = "POST /oauth2/token HTTP/1.1\r\nhost: edge\r\ntransfer-encoding: chunked"
MALFORMED = ("request", "is malformed")
MISTAKES = {
    "GET /plans HTTP/1.0": ("request", "must be HTTP/1.1 or HTTP/2"),
    "POST /plans HTTP/1.1\r\nhost: edge\r\ntransfer-encoding: gzip": (
        "request",
        "has a transfer-encoding other than chunked",
    ),
    f"{CHUNKED}\r\n\r\nnonsense": MALFORMED,
    f"{CHUNKED}\r\ncontent-length: 5": MALFORMED,
}


@pytest.mark.parametrize(("head", "expected"), MISTAKES.items(), ids=range(len(MISTAKES)))
async def test_mistakes_of_http_are_the_clients(
    world: World, head: str, expected: tuple[str, str]
) -> None:
    host, _, port = world.edge.target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    top, _, body = answer.partition(b"\r\n\r\n")
    assert top.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ")), answer
    field, says = expected
    assert f'"{field}: {says}"'.encode() in body


async def test_a_field_of_the_path_that_the_body_says_too_is_refused(world: World) -> None:
    path = f"/playlists/{PLAYLIST_ID}/tracks"
    body = {"playlist_id": TRACK_ID, "track_ids": [TRACK_ID]}
    answer = await world.call("POST", path, json=body, headers=world.bearer())
    assert (answer.status_code, reason_of(answer)) == (400, "INVALID_FIELD")


@pytest.mark.parametrize("packing", ["gzip", "identity", "x"])
async def test_how_grpc_packs_its_messages_is_nothing_to_other_calls(
    world: World, packing: str
) -> None:
    headers = {**world.bearer(), "grpc-encoding": packing, "grpc-accept-encoding": packing}
    answer = await world.call("GET", f"/tracks/{TRACK_ID}", headers=headers)
    assert answer.status_code == 200
    path = "/segue.catalog.v1.CatalogService/GetTrack"
    answer = await world.call("POST", path, json={"id": TRACK_ID}, headers=headers)
    assert answer.status_code == 200
    message = GetTrackRequest(id=TRACK_ID).SerializeToString()
    headers |= {"content-type": "application/proto"}
    answer = await world.call("POST", path, content=message, headers=headers)
    assert answer.status_code == 200
