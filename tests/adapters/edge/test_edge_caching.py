"""Tags, compression and who may keep an answer."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import grpc
import httpx
import pytest
from edge_world import ID_OF, PLAYLIST_ID, TRACK_ID, USER_ID, World, reason_of
from segue.catalog.v1 import catalog_service_pb2 as catalog
from segue.catalog.v1 import catalog_service_pb2_grpc as catalog_grpc

from meshkit import status
from tests.plain_http import PLAIN

TRACK = f"/tracks/{TRACK_ID}"
OTHER_USER = "01JD4Q8Z7Y1V9K2M5N6P7R8S9X"
MANY = "/search/suggest?q=" + "x" * 100


async def get(world: World, path: str, user: str = USER_ID, **headers: str) -> httpx.Response:
    """A GET with the bytes as they came."""
    async with (
        httpx.AsyncClient(base_url=world.edge.url, **PLAIN) as client,
        client.stream(
            "GET",
            path,
            headers={"accept-encoding": "identity", **world.bearer(user), **headers},
            timeout=20,
        ) as answer,
    ):
        content = b"".join([part async for part in answer.aiter_raw()])
    kept = [(k, v) for k, v in answer.headers.items() if k != "content-encoding"]
    found = httpx.Response(answer.status_code, headers=kept, content=content)
    found.extensions["encoding"] = answer.headers.get("content-encoding", "")
    return found


async def test_a_read_has_a_weak_tag_of_what_it_says(world: World) -> None:
    first, again = await get(world, TRACK), await get(world, TRACK)
    assert first.headers["etag"].startswith('W/"')
    assert first.headers["etag"] == again.headers["etag"]
    other = await get(world, TRACK, OTHER_USER)
    assert other.json() != first.json()
    assert other.headers["etag"] != first.headers["etag"]


async def test_tags_of_many_answers_differ(world: World) -> None:
    asked = [f"/search?q={'a' * n}&type=ARTIST" for n in range(1, 40)]
    asked += [f"/search?q={'a' * 9 + c + 'a' * 9}&type=ARTIST" for c in "bcdefghij"]
    tags = [(await get(world, path)).headers["etag"] for path in asked]
    assert len(set(tags)) == len(asked)


@pytest.mark.parametrize("form", ["{}", '"other", {}', '{0}, W/"other"', "*", "strong"])
async def test_who_has_an_answer_is_not_sent_it_again(world: World, form: str) -> None:
    tag = (await get(world, TRACK)).headers["etag"]
    held = tag.removeprefix("W/") if form == "strong" else form.format(tag)
    answer = await get(world, TRACK, **{"if-none-match": held})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == tag
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "content-type" not in answer.headers
    assert "transfer-encoding" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("x-if")]


@pytest.mark.parametrize("held", ['W/"0000000000000000"', '""', "", "W/"])
async def test_who_has_another_answer_is_sent_this_one(world: World, held: str) -> None:
    answer = await get(world, TRACK, **{"if-none-match": held})
    assert (answer.status_code, answer.json()["id"]) == (200, TRACK_ID)


async def test_a_connection_goes_on_after_an_answer_without_content(world: World) -> None:
    tag = (await get(world, TRACK)).headers["etag"]
    headers = {**world.bearer(), "if-none-match": tag}
    async with httpx.AsyncClient(base_url=world.edge.url, **PLAIN) as client:
        answers = [await client.get(TRACK, headers=headers) for _ in range(3)]
        answers.append(await client.get(TRACK, headers=world.bearer()))
    assert [answer.status_code for answer in answers] == [304, 304, 304, 200]


async def test_nothing_is_sent_again_over_http_2_either(world: World) -> None:
    tag = (await get(world, TRACK)).headers["etag"]
    headers = ["-H", f"authorization: {world.bearer()['authorization']}", "-H"]
    curl = await asyncio.create_subprocess_exec(
        "curl",
        *("-sS", "--http2-prior-knowledge", "-D", "-", *headers, f"if-none-match: {tag}"),
        world.edge.url + TRACK,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await curl.communicate()
    assert (curl.returncode, told.split()[:2]) == (0, [b"HTTP/2", b"304"])
    assert b"content-length" not in told


async def test_failures_and_writes_have_no_tag(world: World) -> None:
    missing = f"/tracks/{ID_OF['missing']}"
    failed = await get(world, missing, **{"if-none-match": "*"})
    assert failed.status_code == 404
    written = await world.call(
        "POST",
        f"/playlists/{PLAYLIST_ID}/tracks",
        json={"track_ids": [TRACK_ID]},
        headers={**world.bearer(), "if-none-match": "*"},
    )
    assert written.status_code == 200, written.text
    assert "etag" not in failed.headers
    assert "etag" not in written.headers
    assert written.headers["cache-control"] == "private, no-cache"


async def test_nobody_keeps_a_failure_of_a_service(world: World) -> None:
    assert (await get(world, f"/tracks/{ID_OF['missing']}")).headers["cache-control"] == "no-store"
    for reason in status.reason_specs():
        failed = await world.call("GET", "/plans", headers={"x-reason": reason})
        assert (failed.status_code >= 400, reason_of(failed)) == (True, reason)
        assert failed.headers["cache-control"] == "no-store"


async def test_what_all_may_know_may_be_kept_and_what_failed_at_the_edge_not(world: World) -> None:
    assert (await world.call("GET", "/plans")).headers["cache-control"] == "public, max-age=60"
    share = await world.call("GET", "/s/code")
    assert share.headers["cache-control"] == "private, no-cache"
    for path in ("/nowhere", TRACK):
        assert (await world.call("GET", path)).headers["cache-control"] == "no-store"


async def test_json_is_compressed_for_who_accepts_it(world: World) -> None:
    plain = await get(world, MANY)
    packed = await get(world, MANY, **{"accept-encoding": "gzip"})
    assert (plain.extensions["encoding"], packed.extensions["encoding"]) == ("", "gzip")
    assert len(packed.content) < len(plain.content) / 5
    assert json.loads(gzip.decompress(packed.content)) == plain.json()
    assert packed.headers["etag"] == plain.headers["etag"]
    assert "accept-encoding" in packed.headers["vary"].lower()
    small = await get(world, TRACK, **{"accept-encoding": "gzip"})
    assert small.extensions["encoding"] == ""
    again = await get(
        world, MANY, **{"accept-encoding": "gzip", "if-none-match": plain.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_events_are_neither_compressed_nor_tagged(world: World) -> None:
    world.imports.released.set()
    events = await get(world, f"/imports/{TRACK_ID}/events", **{"accept-encoding": "gzip"})
    assert events.headers["content-type"] == "text/event-stream"
    assert events.extensions["encoding"] == ""
    assert events.content.startswith(b"data: {")
    assert "etag" not in events.headers
    assert events.headers["cache-control"] == "private, no-cache"


async def test_grpc_callers_get_none_of_it(world: World) -> None:
    asked = (*world.bearer().items(), ("if-none-match", "*"), ("accept-encoding", "gzip"))
    async with grpc.aio.insecure_channel(world.edge.target) as channel:
        stub: Any = catalog_grpc.CatalogServiceStub(channel)
        call = stub.GetTrack(catalog.GetTrackRequest(id=TRACK_ID), metadata=asked)
        assert (await call).track.id == TRACK_ID
        names = {str(key) for key, _ in await call.initial_metadata()}
    assert names.isdisjoint({"etag", "cache-control", "x-called-by", "x-if-none-match", "vary"})


async def test_a_version_is_said_by_if_match(world: World) -> None:
    path = f"/playlists/{PLAYLIST_ID}/tracks?item_ids={TRACK_ID}"
    tagged = {**world.bearer(), "if-match": f'"{PLAYLIST_ID}"'}
    answer = await world.call("DELETE", path, headers=tagged)
    assert answer.json()["snapshot_id"] == PLAYLIST_ID
    for said, fault in (('W/"1"', "must be one"), (f'"{TRACK_ID}"', "another version")):
        refused = await world.call(
            "DELETE",
            f"{path}&snapshot_id={PLAYLIST_ID}",
            headers={**world.bearer(), "if-match": said},
        )
        assert refused.status_code == 400
        assert refused.json()["message"].startswith("if-match: ")
        assert fault in refused.json()["message"]
