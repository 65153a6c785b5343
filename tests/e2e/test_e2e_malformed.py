"""Requests that are no requests: too large, in pieces, not JSON, no message, nowhere."""

from __future__ import annotations

import contextlib
import socket
import time

import grpc
import pytest
from edge_calls import INVALID, NOT_FOUND, EdgeStubs, bearer, grpc_refusal, json_refusal, target
from grpc_status import rpc_status
from segue.identity.v1 import identity_service_pb2 as identity
from segue.playback.v1 import playback_service_pb2 as playback

from tests.running_mesh import RunningMesh


@pytest.mark.parametrize(
    ("request_line", "body", "status"),
    [
        ("GET /search?q=x&type=colour", None, 400),
        ("GET /search?q=x&colour=red", None, 400),
        ("GET /search?q=x&page_size=many", None, 400),
        ("POST /playback/play", b"{", 400),
        ("POST /playback/play", b"[1, 2]", 400),
        ("POST /playback/play", b"\xff\xfe\x00", 400),
        ("POST /playback/play", b'{"track_id": {"a": 1}}', 400),
        ("POST /playback/play", b'{"position_ms": 2147483648}', 400),
        ("POST /playback/play", b'{"position_ms": 1.5}', 400),
        ("POST /playback/seek", b'{"position_ms": "x"}', 400),
        ("POST /playback/heartbeat", b'{"heartbeat": {"status": "DANCING"}}', 400),
        ("POST /playback/play", b'{"device_id": "' + b"x" * 600_000 + b'"}', 413),
        ("POST /users", b" " * 600_000, 413),
    ],
)
def test_a_malformed_request_is_told_so(
    mesh: RunningMesh, free: str, request_line: str, body: bytes | None, status: int
) -> None:
    method, _, path = request_line.partition(" ")
    answer = mesh.call(method, path, body, token=free)
    assert (answer.status, json_refusal(answer)) == (status, INVALID)


def test_a_body_that_comes_in_pieces_is_bounded_all_the_same(mesh: RunningMesh, free: str) -> None:
    body = b'{"device_id": "' + b"x" * 600_000 + b'"}'
    head = (
        "POST /playback/play HTTP/1.1\r\nhost: edge\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {free}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    host, _, port = target(mesh).rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode())
        with contextlib.suppress(ConnectionError):
            for start in range(0, len(body), 50_000):
                connection.sendall(body[start : start + 50_000])
                time.sleep(0.05)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_headers_that_are_too_large_are_told_so(mesh: RunningMesh) -> None:
    answer = mesh.call("GET", "/plans", headers={"x-long": "y" * 80_000})
    assert (answer.status, json_refusal(answer)) == (431, INVALID)


@pytest.mark.parametrize("size", [70_000, 200_000])
async def test_headers_that_are_too_large_cut_a_call_and_no_later_one(
    stubs: EdgeStubs, size: int
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as cut:
        await stubs.plans.ListPlans(
            identity.ListPlansRequest(), metadata=(("x-long", "y" * size),), timeout=10
        )
    assert cut.value.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE)
    assert rpc_status.from_call(cut.value) is None  # type: ignore[arg-type]
    assert (await stubs.plans.ListPlans(identity.ListPlansRequest(), wait_for_ready=True)).plans


async def test_a_call_and_a_refusal_say_their_request_id(stubs: EdgeStubs, free: str) -> None:
    call = stubs.plans.ListPlans(identity.ListPlansRequest())
    assert dict(await call.initial_metadata())["x-request-id"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stubs.playback.Seek(playback.SeekRequest(), metadata=bearer(free))
    assert dict(refused.value.trailing_metadata())["x-request-id"]


@pytest.mark.parametrize("request_line", ["GET /nowhere", "DELETE /nowhere", "GET /users/x/y"])
def test_what_is_not_there_is_404_in_json(mesh: RunningMesh, free: str, request_line: str) -> None:
    method, _, path = request_line.partition(" ")
    answer = mesh.call(method, path, token=free)
    assert (answer.status, json_refusal(answer)) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    ("request_line", "allowed"), [("DELETE /playback", "GET"), ("GET /users", "POST")]
)
def test_a_method_that_a_path_does_not_have_is_405(
    mesh: RunningMesh, free: str, request_line: str, allowed: str
) -> None:
    method, _, path = request_line.partition(" ")
    answer = mesh.call(method, path, token=free)
    assert (answer.status, json_refusal(answer)) == (405, INVALID)
    assert answer.headers["allow"] == allowed


async def test_bytes_that_are_no_message_are_refused(stubs: EdgeStubs, free: str) -> None:
    play = stubs.channel.unary_unary("/segue.playback.v1.PlaybackService/Play")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await play(b"\xff\xff\xff", metadata=bearer(free))
    assert grpc_refusal(refused.value) == INVALID


async def test_a_message_that_is_too_large_is_refused(stubs: EdgeStubs, free: str) -> None:
    request = playback.PlayRequest(track_id="x" * 5_000_000)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stubs.playback.Play(request, metadata=bearer(free))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
