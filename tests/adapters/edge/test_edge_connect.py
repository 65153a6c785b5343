"""The Connect protocol at the edge: binary over Envoy's bridge, unary JSON over the transcoder."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import httpx
import pytest
from edge_world import ID_OF, TRACK_ID, USER_ID, World
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from segue.catalog.v1 import catalog_service_pb2 as catalog

GET_TRACK = "/segue.catalog.v1.CatalogService/GetTrack"
SEARCH = "/segue.catalog.v1.SearchService/Search"
WATCH = "/segue.catalog.v1.ImportService/WatchImport"
PREFERENCES = "/segue.playback.v1.PreferencesService/UpdatePreferences"
PLANS = "/segue.identity.v1.PlanService/ListPlans"
PROTO, JSON, STREAM = "application/proto", "application/json", "application/connect+proto"


async def called(
    world: World, path: str, kind: str, content: bytes, **headers: str
) -> httpx.Response:
    """A call of the protocol with a user's token, unless ``authorization`` says otherwise."""
    told = {"content-type": kind, "connect-protocol-version": "1", **world.bearer(), **headers}
    sent = {name: value for name, value in told.items() if value}
    return await world.call("POST", path, content=content, headers=sent)


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    """HTTP status, code and reason of a unary error."""
    assert answer.headers["content-type"] == JSON
    return answer.status_code, *told_by(answer.json())


def told_by(error: Any) -> tuple[str, str]:
    """Code and reason of an error in JSON."""
    assert error["message"]
    return error["code"], detail(error, ErrorInfo).reason


def detail(error: Any, kind: type[Any]) -> Any:
    """The detail of that type."""
    (found,) = (d for d in error["details"] if d["type"] == kind.DESCRIPTOR.full_name)
    assert not found["value"].endswith("=")
    return kind.FromString(base64.b64decode(found["value"] + "=="))


def framed(message: Message) -> bytes:
    """A message of a stream."""
    content = message.SerializeToString()
    return b"\0" + len(content).to_bytes(4, "big") + content


def frames(content: bytes) -> list[tuple[int, bytes]]:
    """The messages of a stream with their flags."""
    found = []
    while content:
        size = int.from_bytes(content[1:5], "big")
        found.append((content[0], content[5 : 5 + size]))
        content = content[5 + size :]
    return found


async def test_a_unary_call_in_binary(world: World) -> None:
    request = catalog.GetTrackRequest(id=TRACK_ID).SerializeToString()
    answer = await called(world, GET_TRACK, PROTO, request)
    assert (answer.status_code, answer.headers["content-type"]) == (200, PROTO)
    assert not any(name.startswith(("grpc-", "trailer-grpc-")) for name in answer.headers)
    track = catalog.GetTrackResponse.FromString(answer.content).track
    assert (track.id, track.title) == (TRACK_ID, USER_ID)


async def test_a_unary_call_in_json_is_answered_whole(world: World) -> None:
    content = json.dumps({"id": TRACK_ID}).encode()
    for headers in ({}, {"connect-protocol-version": ""}):
        answer = await called(world, GET_TRACK, JSON, content, **headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
        # At its HTTP path the answer is the track alone.
        assert answer.json()["track"]["id"] == TRACK_ID


async def test_lists_and_enums_of_json_are_read(world: World) -> None:
    content = json.dumps({"q": "x", "type": ["TRACK", "ARTIST"], "pageSize": 5}).encode()
    answer = await called(world, SEARCH, JSON, content)
    assert [found["name"] for found in answer.json()["artists"]] == ["TRACK", "ARTIST"]


async def test_a_json_body_is_the_whole_request(world: World) -> None:
    content = json.dumps({"preferences": {"privateSession": True}}).encode()
    answer = await called(world, PREFERENCES, JSON, content)
    assert answer.json()["preferences"]["private_session"] is True
    assert (
        await world.call("PATCH", "/me/preferences", content=content, headers=world.bearer())
    ).status_code == 400


@pytest.mark.parametrize("kind", [PROTO, JSON])
async def test_a_public_call_needs_no_token(world: World, kind: str) -> None:
    content = b"{}" if kind == JSON else b""
    answer = await called(world, PLANS, kind, content, authorization="")
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", [PROTO, JSON])
@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("missing", (404, "not_found", "NOT_FOUND")),
        ("LIMIT_REACHED", (429, "resource_exhausted", "LIMIT_REACHED")),
        ("STORE_UNAVAILABLE", (503, "unavailable", "STORE_UNAVAILABLE")),
        ("slow", (504, "deadline_exceeded", "DEADLINE_EXCEEDED")),
    ],
)
async def test_a_fault_keeps_its_code_and_details(
    world: World, kind: str, word: str, expected: tuple[int, str, str]
) -> None:
    request = catalog.GetTrackRequest(id=ID_OF[word])
    content = (
        json.dumps({"id": request.id}).encode() if kind == JSON else request.SerializeToString()
    )
    answer = await called(world, GET_TRACK, kind, content)
    assert error_of(answer) == expected


@pytest.mark.parametrize("kind", [PROTO, JSON])
@pytest.mark.parametrize(
    ("authorization", "reason"), [("", "TOKEN_MISSING"), ("Bearer nonsense", "TOKEN_INVALID")]
)
async def test_what_the_edge_refuses_is_told_alike(
    world: World, kind: str, authorization: str, reason: str
) -> None:
    content = b"{}" if kind == JSON else b""
    answer = await called(world, GET_TRACK, kind, content, authorization=authorization)
    assert error_of(answer) == (401, "unauthenticated", reason)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (GET_TRACK, b'{"colour": 1}', "colour"),
        (GET_TRACK, b'{"id": 5}', "id"),
        (GET_TRACK, b"{", "body"),
        (PREFERENCES, b'{"preferences": {"colour": 1}}', "preferences.colour"),
    ],
)
async def test_a_wrong_field_of_json_is_named(
    world: World, path: str, body: bytes, field: str
) -> None:
    answer = await called(world, path, JSON, body)
    assert error_of(answer) == (400, "invalid_argument", "INVALID_FIELD")
    error = answer.json()
    (violation,) = detail(error, BadRequest).field_violations
    assert violation.field == detail(error, ErrorInfo).metadata["field"] == field
    assert error["message"] == f"{field}: {violation.description}"


@pytest.mark.parametrize("kind", [PROTO, JSON])
async def test_a_packed_message_is_refused_in_words(world: World, kind: str) -> None:
    headers = {"content-encoding": "gzip"}
    answer = await called(world, GET_TRACK, kind, gzip.compress(b"{}"), **headers)
    assert error_of(answer) == (400, "invalid_argument", "INVALID_FIELD")
    assert answer.json()["message"].startswith("content-encoding: ")


async def test_a_deadline_of_the_caller_counts(world: World) -> None:
    for kind in (PROTO, JSON):
        request = catalog.GetTrackRequest(id=ID_OF["slow"])
        content = (
            json.dumps({"id": request.id}).encode() if kind == JSON else request.SerializeToString()
        )
        answer = await called(world, GET_TRACK, kind, content, **{"connect-timeout-ms": "50"})
        assert answer.status_code == 504


async def test_a_server_stream_in_binary_ends_without_an_error(world: World) -> None:
    world.imports.released.set()
    request = framed(catalog.WatchImportRequest(id=TRACK_ID))
    answer = await called(world, WATCH, STREAM, request)
    assert (answer.status_code, answer.headers["content-type"]) == (200, STREAM)
    *messages, (flags, end) = frames(answer.content)
    told = [catalog.WatchImportResponse.FromString(content) for _, content in messages]
    assert [one.import_run.id for one in told] == [TRACK_ID, TRACK_ID, ""]
    assert flags == 2
    assert "error" not in json.loads(end)


@pytest.mark.parametrize(
    ("word", "authorization", "expected"),
    [
        ("missing", None, ("not_found", "NOT_FOUND")),
        ("missing", "", ("unauthenticated", "TOKEN_MISSING")),
        ("OVERLOADED", None, ("unavailable", "OVERLOADED")),
    ],
)
async def test_a_refused_stream_says_why_in_its_last_message(
    world: World, word: str, authorization: str | None, expected: tuple[str, str]
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    request = framed(catalog.WatchImportRequest(id=ID_OF[word]))
    answer = await called(world, WATCH, STREAM, request, **headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, STREAM)
    ((flags, end),) = frames(answer.content)
    assert flags == 2
    assert told_by(json.loads(end)["error"]) == expected


async def test_a_stream_in_json_is_refused_in_words(world: World) -> None:
    answer = await called(world, WATCH, "application/connect+json", b"")
    assert answer.status_code == 200
    ((flags, end),) = frames(answer.content)
    error = json.loads(end)["error"]
    assert flags == 2
    assert told_by(error) == ("invalid_argument", "INVALID_FIELD")
    assert "application/connect+proto" in error["message"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/segue.catalog.v1.CatalogInternalService/GetPlayable", PROTO),
        ("/segue.catalog.v1.CatalogInternalService/GetPlayable", JSON),
        ("/segue.catalog.v1.CatalogInternalService/WatchChanges", STREAM),
        (WATCH, JSON),
        ("/segue.catalog.v1.CatalogService/Nothing", JSON),
    ],
)
async def test_internal_methods_and_what_is_none_cannot_be_called(
    world: World, path: str, kind: str
) -> None:
    answer = await called(world, path, kind, b"{}" if kind == JSON else b"")
    assert answer.status_code == 404


async def test_a_large_body_of_nobody_is_not_held(world: World) -> None:
    content = b'{"id": "' + b"x" * 40_000 + b'"}'
    known = await called(world, GET_TRACK, JSON, content)
    assert known.status_code == 400
    answer = await called(world, GET_TRACK, JSON, content * 2, authorization="")
    assert error_of(answer) == (401, "unauthenticated", "TOKEN_MISSING")
    large = await called(world, GET_TRACK, JSON, content * 2)
    assert error_of(large) == (400, "invalid_argument", "INVALID_FIELD")


async def test_nobody_outside_marks_a_call(world: World) -> None:
    headers = {**world.bearer(), "x-connect": "unary"}
    answer = await world.call("GET", f"/tracks/{ID_OF['missing']}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, 5)
    refused = await world.call("GET", f"/tracks/{TRACK_ID}", headers={"x-connect": "unary"})
    assert (refused.status_code, refused.json()["code"]) == (401, 16)
