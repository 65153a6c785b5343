"""What the edge refuses by itself: a Status of ours, which names the field and nothing of Envoy."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from edge_world import PLAYLIST_ID, World, reason_of

PLAY, HEARTBEAT, ADD = (
    "POST /playback/play",
    "POST /playback/heartbeat",
    f"POST /playlists/{PLAYLIST_ID}/tracks",
)
NUMBER, TEXT = "must be a whole number of 32 bits", "must be a text"
NOT_JSON = "is not JSON"
TYPES = "must be one of TRACK, ARTIST, ALBUM, PLAYLIST"
STATUSES = "must be one of PLAYING, PAUSED, STOPPED"

CASES: list[tuple[str, bytes | None, str, str]] = [
    ("GET /search?q=x&type=colour", None, "type", TYPES),
    ("GET /search?q=x&type=99", None, "type", TYPES),
    ("GET /search?q=x&colour=red", None, "colour", "is no field of this call"),
    ("GET /search?q=x&colour%22=red", None, "colour%22", "is no field of this call"),
    ("GET /search?q=x&page_size=many", None, "page_size", NUMBER),
    ("GET /search?q=x&page_size=", None, "page_size", NUMBER),
    ("GET /search?q=x&q.a=1", None, "q", "has no fields of its own"),
    ("GET /devices/d/commands/x", None, "number", NUMBER),
    ("GET /devices/d/commands/1?wait=8x", None, "wait", 'must be a length of time such as "1.5s"'),
    (f"{PLAY}?colour=1", b"{}", "colour", "is no field of this call"),
    (PLAY, b'{"position_ms": 2147483648}', "position_ms", NUMBER),
    (PLAY, b'{"position_ms": 1.5}', "position_ms", NUMBER),
    (PLAY, b'{"position_ms": "x"}', "position_ms", NUMBER),
    (PLAY, b'{"positionMs": {"x": [1]}}', "position_ms", "is no object"),
    (PLAY, b'{"track_id": true}', "track_id", TEXT),
    (PLAY, b'{"track_id": {"a": 1}}', "track_id", "is no object"),
    (HEARTBEAT, b'{"heartbeat": {"status": "DANCING"}}', "heartbeat.status", STATUSES),
    (HEARTBEAT, b'{"heartbeat": {"position_ms": {}}}', "heartbeat.position_ms", "is no object"),
    (HEARTBEAT, b'{"heartbeat": {"status": "a: b\\nc"}}', "heartbeat.status", STATUSES),
    (HEARTBEAT, b'{"heartbeat": 5}', "heartbeat", "must be an object"),
    (ADD, b'{"track_ids": ["a", 5, "b"]}', "track_ids", TEXT),
    (ADD, b'{"track_ids": ["a", {"a": 1}]}', "track_ids", "is no object"),
    ("POST /playlists/import", b'{"content": "!"}', "content", "must be bytes in base64"),
    (PLAY, b"[1, 2]", "body", "must be a JSON object"),
    (PLAY, b"null", "body", "must be a JSON object"),
    (PLAY, b'{"a":' * 200 + b"1" + b"}" * 200, "body", "is nested too deeply"),
    (PLAY, b'{"device_id": "SECRET"', "body", NOT_JSON),
    (PLAY, b'{"device_id": "SECRET"} x', "body", NOT_JSON),
    (PLAY, b'{"device_id": SECRET}', "body", NOT_JSON),
    (PLAY, b'{"device_id": "SECRET\xff"}', "body", NOT_JSON),
    (PLAY, b" ", "body", NOT_JSON),
]


def violation_of(answer: httpx.Response) -> tuple[str, str]:
    """The one wrong field, and what is wrong with it; both details and the message agree on it."""
    assert reason_of(answer) == "INVALID_FIELD"
    told = answer.json()
    info, bad = told["details"]
    (violation,) = bad["field_violations"]
    assert info["metadata"] == {"field": violation["field"]}
    assert told["message"] == f"{violation['field']}: {violation['description']}"
    return violation["field"], violation["description"]


@pytest.mark.parametrize(("call", "body", "field", "fault"), CASES)
async def test_what_cannot_be_read_is_refused_by_its_field(
    world: World, call: str, body: bytes | None, field: str, fault: str
) -> None:
    method, _, path = call.partition(" ")
    answer = await world.call(method, path, content=body, headers=world.bearer())
    assert (answer.status_code, violation_of(answer)) == (400, (field, fault))
    assert answer.headers["content-type"] == "application/json"
    assert not any(name.startswith("x-refused") for name in answer.headers)
    for word in ("SECRET", "googleapis.com/segue", "TYPE_"):
        assert word not in answer.text


@pytest.mark.parametrize(
    "headers",
    [{"x-long": "y" * 80_000}, {f"x-{number}": "y" for number in range(120)}],
    ids=["large", "many"],
)
async def test_headers_beyond_the_bounds_are_refused_without_their_sizes(
    world: World, headers: dict[str, str]
) -> None:
    answer = await world.call("GET", "/plans", headers=headers)
    refused = ("headers", "are too large or too many")
    assert (answer.status_code, violation_of(answer)) == (431, refused)


async def test_a_body_beyond_the_bound_is_refused(world: World) -> None:
    answer = await world.call("POST", "/imports", content=b"x" * 100_000, headers=world.bearer())
    assert (answer.status_code, violation_of(answer)) == (413, ("body", "is too large"))


@pytest.mark.parametrize(
    "head", ["GET /plans HTTP/1.1\r\nno colon", "NO HTTP", "GET /a b HTTP/1.1"]
)
async def test_what_is_not_http_is_refused(world: World, head: str) -> None:
    host, _, port = world.edge.target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    top, _, body = answer.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 400 ")
    assert violation_of(httpx.Response(400, content=body)) == ("request", "is malformed")
