"""Playlists through a real Envoy: the forms of request and answer that no other service has."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import httpx
import pytest
from edge_playlists import MISSING
from edge_process import ORIGIN
from edge_world import World, reason_of

from tests.plain_http import PLAIN

PLAYLIST = "01JD4Q8Z7Y1V9K2M5N6P7R8S9W"


async def test_ids_repeat_in_the_query_of_a_delete(world: World) -> None:
    answer = await world.call(
        "DELETE",
        f"/playlists/{PLAYLIST}/tracks?item_ids={PLAYLIST}&item_ids={MISSING}&item_ids={PLAYLIST}&snapshot_id={PLAYLIST}",
        headers=world.bearer(),
    )
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"removed_count": 3, "snapshot_id": PLAYLIST}


async def test_a_put_needs_no_body(world: World) -> None:
    path = f"/playlists/{PLAYLIST}/followers/me"
    answer = await world.call("PUT", path, headers=world.bearer())
    assert (answer.status_code, answer.json()) == (200, {"follower_count": 26})


@pytest.mark.parametrize("given", [{}, {"title": "x"}, {"title": "x", "description": ""}])
async def test_a_patch_tells_what_is_absent_from_what_is_empty(
    world: World, given: dict[str, str]
) -> None:
    answer = await world.call("PATCH", f"/playlists/{PLAYLIST}", json=given, headers=world.bearer())
    assert answer.status_code == 200, answer.text
    assert json.loads(answer.json()["playlist"]["title"]) == list(given)


async def events(world: World, method: str, path: str, **rest: Any) -> list[dict[str, Any]]:
    """The events of a stream; an import is released after its first."""
    found: list[dict[str, Any]] = []
    async with (
        httpx.AsyncClient(base_url=world.edge.url, **PLAIN) as client,
        client.stream(method, path, headers=world.bearer(), timeout=20, **rest) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"] == "text/event-stream"
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: ")))
                world.transfer.released.set()
    return found


async def test_a_playlist_is_watched_as_sse(world: World) -> None:
    told = await events(world, "GET", f"/playlists/{PLAYLIST}/events")
    assert [event["resume_token"] for event in told] == ["t1", "t2"]


async def test_an_import_answers_a_post_with_sse_as_it_goes_on(world: World) -> None:
    world.transfer.released.clear()
    content = base64.b64encode(b"#EXTM3U\n").decode()
    told = await events(world, "POST", "/playlists/import", json={"content": content})
    assert [set(event) for event in told] == [{"progress"}, {"imported"}]
    assert told[0]["progress"]["entry_count"] == 8
    assert told[-1]["imported"]["playlist_id"] == "made"


async def test_the_largest_file_is_taken_and_a_larger_one_is_refused(world: World) -> None:
    largest = base64.b64encode(b"x" * 3_000_000).decode()
    told = await events(world, "POST", "/playlists/import", json={"content": largest})
    assert told[0]["progress"]["entry_count"] == 3_000_000
    answer = await world.call(
        "POST", "/playlists/import", json={"content": largest * 2}, headers=world.bearer()
    )
    assert (answer.status_code, reason_of(answer)) == (413, "INVALID_FIELD")


@pytest.mark.parametrize(
    ("query", "kind"), [("", "audio/x-mpegurl"), ("?format=jspf", "application/json")]
)
async def test_an_export_arrives_as_the_file_that_it_is(
    world: World, query: str, kind: str
) -> None:
    path = f"/playlists/{PLAYLIST}/export{query}"
    answer = await world.call("GET", path, headers=world.bearer())
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.content == b'{"playlist": {"title": "a\n\nb"}}'


async def test_an_export_that_fails_is_a_status(world: World) -> None:
    answer = await world.call("GET", f"/playlists/{MISSING}/export", headers=world.bearer())
    assert (answer.status_code, reason_of(answer)) == (404, "NOT_FOUND")


async def test_a_share_link_needs_no_token_and_says_who_calls(world: World) -> None:
    claims = {"x-client-address": "1.2.3.4", "x-forwarded-for": "1.2.3.4"}
    answer = await world.call("GET", "/s/SECRETCODE", headers=claims)
    assert answer.status_code == 200, answer.text
    assert json.loads(answer.json()["playlist"]["title"]) == ["127.0.0.1"]


async def until_logged(world: World, request_id: str) -> None:
    """Returns once the line of a request is written, and those of all that were answered before."""
    deadline = time.monotonic() + 15
    while not any(line["request_id"] == request_id for line in world.edge.access_log()):
        assert time.monotonic() < deadline, world.edge.log.read_text()
        await asyncio.sleep(0.1)


async def test_a_share_code_is_kept_from_the_log(world: World) -> None:
    slashes = f"{world.edge.url}//s//SECRETCODE?x=1"
    for path in ("/s/SECRETCODE", "/s/SECRETCODE/nothing", slashes):
        await world.call("GET", path, headers={"x-envoy-original-path": "/tracks/x"})
    await world.call("POST", "/s/SECRETCODE/accept", json={})
    last = await world.call("GET", "/s/unknown")
    await until_logged(world, last.headers["x-request-id"])
    shares = [line["status"] for line in world.edge.access_log() if line["path"] == "/s/***"]
    assert shares[-5:] == [200, 404, 400, 401, 404]
    assert "SECRETCODE" not in world.edge.log.read_text()


MISTYPED = {
    "/S/SECRETCODE": "/s/***",
    "/x/%2E%2e/S/SECRETCODE": "/s/***",
    "/s%2fSECRETCODE": "***",
    "/s%2FSECRETCODE": "***",
    "/s;SECRETCODE": "***",
    "/s=SECRETCODE": "***",
    "/sSECRETCODE": "***",
    "/share/SECRETCODE": "***",
    "/SECRETCODE": "***",
    "/playlists/x/s/SECRETCODE": "***",
    "/MEDIA/SECRETCODE": "/media/***",
    "/media%2fSECRETCODE": "***",
}
SOMEWHERE = ("/playlists/x/tracks?a=b", "/me", "/healthz", "/oauth2/x", "/search?never=1")


async def test_a_link_that_is_mistyped_is_kept_from_the_log(world: World) -> None:
    preflight = {"origin": ORIGIN, "access-control-request-method": "GET"}
    expected: dict[str, tuple[str, str | None, int]] = {}
    for path, told in MISTYPED.items():
        for method, headers, status in (("GET", {}, 404), ("OPTIONS", preflight, 200)):
            answer = await world.call(method, path, headers=headers)
            assert answer.status_code == status, (method, path)
            expected[answer.headers["x-request-id"]] = (told, "-", status)
    for path in SOMEWHERE:
        answer = await world.call("GET", path)
        told = path.partition("?")[0]
        expected[answer.headers["x-request-id"]] = (told, None, answer.status_code)
    # Envoy writes its log in pieces, in order.
    await until_logged(world, list(expected)[-1])
    lines = {line["request_id"]: line for line in world.edge.access_log()}
    for request_id, (told, rpc, status) in expected.items():
        line = lines[request_id]
        assert (line["path"], line["status"]) == (told, status)
        assert rpc in (None, line["rpc"])
    assert "SECRETCODE" not in world.edge.log.read_text()
