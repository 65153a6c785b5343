"""What the edge shows a browser, and what a program that asks for the same."""

from __future__ import annotations

import asyncio
import html
import time

import pytest
from edge_playlists import HOSTILE
from edge_world import TRACK_ID, World, reason_of

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
GET_TRACK = "/segue.catalog.v1.CatalogService/GetTrack"


async def test_the_root_says_what_this_is(world: World) -> None:
    answer = await world.call("GET", "/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    told = answer.json()
    assert (told["name"], bool(told["version"])) == ("Segue", True)
    for path in told["links"].values():
        assert (await world.call("GET", path)).status_code == 200


async def test_the_root_is_a_page_for_a_browser(world: World) -> None:
    answer = await world.call("GET", "/", headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["vary"] == "accept"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert 'href="/openapi.json"' in answer.text
    assert "<script" not in answer.text


async def test_the_root_takes_no_other_method(world: World) -> None:
    answer = await world.call("POST", "/", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_a_share_link_is_a_page_for_a_browser(world: World) -> None:
    answer = await world.call("GET", "/s/page", headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (answer.headers["vary"], answer.headers["cache-control"]) == ("accept", "no-store")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    text = answer.text
    assert f"<h1>{html.escape(HOSTILE).replace('&#x27;', '&#39;')}</h1>" in text
    assert "<script" not in text
    assert "für 𝄞 \\ two\nlines" in text
    for word in ("Ada", "1:01", "1 of 30 tracks"):
        assert word in text


async def test_a_share_link_is_json_for_a_program(world: World) -> None:
    answer = await world.call("GET", "/s/page")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["playlist"]["title"] == HOSTILE


async def test_a_link_that_shows_nothing_is_a_page_too(world: World) -> None:
    answer = await world.call("GET", "/s/unknown", headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>no such link</h1>" in answer.text
    assert reason_of(await world.call("GET", "/s/unknown")) == "NOT_FOUND"


@pytest.mark.parametrize("kind", ["application/grpc-web+proto", "application/grpc-web-text"])
async def test_refusals_over_grpc_web_have_one_shape(world: World, kind: str) -> None:
    headers = {"content-type": kind, "accept": kind}
    edges = await world.call("POST", GET_TRACK, content=b"", headers=headers)
    services = await world.call(
        "POST",
        GET_TRACK,
        content=b"AAAAAAA=" if "text" in kind else bytes(5),
        headers={**headers, **world.bearer()},
    )
    for answer, status in ((edges, "16"), (services, "3")):
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["grpc-status"] == status
        assert answer.headers["grpc-status-details-bin"]
        assert answer.headers["grpc-message"]


async def test_the_access_log_names_what_was_acted_upon_and_by_which_method(world: World) -> None:
    await world.call("GET", f"/tracks/{TRACK_ID}?q=secretwords", headers=world.bearer())
    wanted = ("GET", f"/tracks/{TRACK_ID}", GET_TRACK, 200)
    deadline = time.monotonic() + 20
    while True:
        lines = world.edge.access_log()
        if wanted in [(one["method"], one["path"], one["rpc"], one["status"]) for one in lines]:
            break
        assert time.monotonic() < deadline, lines
        await asyncio.sleep(0.1)
    assert "secretwords" not in world.edge.log.read_text()
