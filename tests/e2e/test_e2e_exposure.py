"""What of the contracts outside callers reach, and by which protocols."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from e2e_album import SONGS, Music
from edge_calls import NOT_FOUND, EdgeStubs, Refusal, bearer, grpc_refusal, json_refusal
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from segue.catalog.v1 import catalog_service_pb2 as catalog
from segue.mesh.v1.options_pb2 import MethodPolicy

from meshkit.contracts import MethodContract, all_contracts
from tests.running_mesh import RunningMesh

CONTRACTS = list(all_contracts().values())
OUTSIDE = [c for c in CONTRACTS if c.access in (MethodPolicy.PUBLIC, MethodPolicy.USER)]
INSIDE = [c for c in CONTRACTS if c.access == MethodPolicy.INTERNAL]
SILENT_S = 1
NOT_SERVED = Refusal("UNIMPLEMENTED", "UNIMPLEMENTED")


def by_path(contracts: list[MethodContract]) -> Any:
    return pytest.mark.parametrize("contract", contracts, ids=lambda contract: contract.path)


async def said_once_asked(message: bytes) -> AsyncIterator[bytes]:
    """A message that comes a little late.

    A refusal meets no message under way: gRPC for Python would lose the status behind it.
    """
    await asyncio.sleep(0.5)
    yield message


async def told_or_standing(call: Any) -> None:
    """Returns when a stream has said something, or stands and has nothing to say."""
    first = asyncio.ensure_future(anext(aiter(call)))
    await call.initial_metadata()
    await asyncio.wait([first], timeout=SILENT_S)
    if first.done():
        first.result()
    first.cancel()
    call.cancel()


async def code_of(stubs: EdgeStubs, contract: MethodContract, token: str) -> grpc.StatusCode:
    """How an empty request to a method ends."""
    channel, metadata = stubs.channel, bearer(token)
    try:
        if contract.streams_requests:
            requests = said_once_asked(b"")
            call = channel.stream_stream(contract.path)(requests, metadata=metadata, timeout=10)
            await anext(aiter(call))
        elif contract.streams_responses:
            await told_or_standing(channel.unary_stream(contract.path)(b"", metadata=metadata))
        else:
            await channel.unary_unary(contract.path)(b"", metadata=metadata, timeout=10)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.OK:
            grpc_refusal(error)
        return error.code()
    return grpc.StatusCode.OK


def test_there_are_contracts_of_both_kinds() -> None:
    assert len(OUTSIDE) > 20
    assert len(INSIDE) > 2


@by_path(OUTSIDE)
async def test_a_method_for_outside_is_reached_by_grpc(
    mesh: RunningMesh, stubs: EdgeStubs, user: str, contract: MethodContract
) -> None:
    token = mesh.token(user, admin=True)
    assert await code_of(stubs, contract, token) in (
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        # Of who plays nothing.
        grpc.StatusCode.FAILED_PRECONDITION,
    )


@by_path([contract for contract in OUTSIDE if contract.access == MethodPolicy.USER])
async def test_a_method_for_users_refuses_who_is_nobody(
    stubs: EdgeStubs, contract: MethodContract
) -> None:
    assert await code_of(stubs, contract, "nobody") is grpc.StatusCode.UNAUTHENTICATED


@by_path(INSIDE)
async def test_an_internal_method_is_not_served_outside(
    mesh: RunningMesh, stubs: EdgeStubs, admin: str, contract: MethodContract
) -> None:
    assert await code_of(stubs, contract, admin) is grpc.StatusCode.UNIMPLEMENTED
    for method in ("POST", "GET"):
        body = {} if method == "POST" else None
        answer = mesh.call(method, contract.path, body, token=admin)
        assert (answer.status, json_refusal(answer)) == (404, NOT_FOUND)


@by_path([contract for contract in OUTSIDE if not contract.is_stream])
def test_a_unary_method_is_called_in_json_at_its_rpcs_path_by_whom_it_serves(
    mesh: RunningMesh, contract: MethodContract
) -> None:
    answer = mesh.call("POST", contract.path, {})
    if contract.access == MethodPolicy.PUBLIC:
        assert answer.status in (200, 400)
    else:
        assert (answer.status, answer.body["code"]) == (401, "unauthenticated")


@by_path([contract for contract in OUTSIDE if contract.is_stream])
def test_a_stream_has_no_json_form_at_its_rpcs_path(
    mesh: RunningMesh, admin: str, contract: MethodContract
) -> None:
    answer = mesh.call("POST", contract.path, {}, token=admin)
    assert (answer.status, json_refusal(answer)) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    "path",
    [
        "/segue.catalog.v1.CatalogService/NoSuchMethod",
        "/segue.catalog.v1.NoSuchService/GetTrack",
        "/procrastinate.Jobs/Run",
        "/grpc.channelz.v1.Channelz/GetServers",
    ],
)
async def test_a_method_that_is_not_there_is_unimplemented(
    stubs: EdgeStubs, admin: str, path: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stubs.channel.unary_unary(path)(b"", metadata=bearer(admin))
    assert grpc_refusal(refused.value) == NOT_SERVED


async def test_channelz_is_not_for_outside(stubs: EdgeStubs, admin: str) -> None:
    stub: Any = channelz_pb2_grpc.ChannelzStub(stubs.channel)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.GetTopChannels(channelz_pb2.GetTopChannelsRequest(), metadata=bearer(admin))
    assert grpc_refusal(refused.value) == NOT_SERVED


@pytest.mark.parametrize("path", ["/metrics", "/stats", "/config_dump", "/server_info", "/quit"])
def test_the_operators_pages_are_not_for_outside(mesh: RunningMesh, admin: str, path: str) -> None:
    assert mesh.call("GET", path, token=admin).status == 404


async def reflected(stubs: EdgeStubs, **asked: str) -> Any:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(stubs.channel)
    request = reflection_pb2.ServerReflectionRequest(**asked)
    answer = await anext(aiter(stub.ServerReflectionInfo(iter([request]))))
    assert not answer.HasField("error_response"), answer
    return answer


async def test_reflection_lists_the_public_services_and_no_internal_one(stubs: EdgeStubs) -> None:
    answer = await reflected(stubs, list_services="")
    listed = {service.name for service in answer.list_services_response.service}
    assert {contract.service for contract in OUTSIDE} <= listed
    assert listed.isdisjoint({contract.service for contract in INSIDE})
    assert not any("channelz" in name for name in listed)


@by_path(OUTSIDE)
async def test_reflection_describes_a_method(stubs: EdgeStubs, contract: MethodContract) -> None:
    symbol = contract.path.lstrip("/").replace("/", ".")
    answer = await reflected(stubs, file_containing_symbol=symbol)
    files = answer.file_descriptor_response.file_descriptor_proto
    found = [FileDescriptorProto.FromString(file) for file in files]
    methods = {
        f"/{file.package}.{service.name}/{method.name}"
        for file in found
        for service in file.service
        for method in service.method
    }
    assert contract.path in methods
    commented = [file for file in found if file.source_code_info.location]
    assert commented


def test_buf_curl_lists_methods_by_reflection(mesh: RunningMesh) -> None:
    buf = Path(sys.executable).with_name("buf")
    words = ("curl", "--http2-prior-knowledge", "--protocol", "grpc", "--list-methods")
    listed = subprocess.run(
        [buf, *words, mesh.edge], capture_output=True, text=True, timeout=60, check=True
    )
    assert {contract.path.lstrip("/") for contract in OUTSIDE} <= set(listed.stdout.split())


async def test_health_is_told_by_the_standard_service(stubs: EdgeStubs) -> None:
    stub: Any = health_pb2_grpc.HealthStub(stubs.channel)
    answer = await stub.Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.aio.AioRpcError) as unknown:
        await stub.Check(health_pb2.HealthCheckRequest(service="nobody"))
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND


async def test_nobody_may_watch_health_from_outside(stubs: EdgeStubs) -> None:
    stub: Any = health_pb2_grpc.HealthStub(stubs.channel)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await anext(aiter(stub.Watch(health_pb2.HealthCheckRequest())))
    assert grpc_refusal(refused.value) == NOT_SERVED


def test_health_is_told_to_http_callers(mesh: RunningMesh) -> None:
    assert mesh.call("GET", "/healthz").body == {"status": "SERVING"}


def frames_of(content: bytes) -> list[tuple[int, bytes]]:
    """The frames of a gRPC-Web answer: flag and content."""
    found = []
    while content:
        flag, size = struct.unpack_from(">BI", content)
        found.append((flag, content[5 : 5 + size]))
        content = content[5 + size :]
    return found


@pytest.mark.parametrize("text", [False, True], ids=["binary", "text"])
def test_grpc_web_works_over_http_1(mesh: RunningMesh, music: Music, free: str, text: bool) -> None:
    request = catalog.GetTrackRequest(id=music.id_of(SONGS[0])).SerializeToString()
    body = struct.pack(">BI", 0, len(request)) + request
    kind = "application/grpc-web-text" if text else "application/grpc-web+proto"
    headers = {"content-type": kind, "accept": kind, "x-grpc-web": "1"}
    answer = mesh.call(
        "POST",
        "/segue.catalog.v1.CatalogService/GetTrack",
        base64.b64encode(body) if text else body,
        token=free,
        headers=headers,
    )
    assert (answer.status, answer.headers["content-type"].split("+")[0]) == (
        200,
        kind.split("+")[0],
    )
    content = answer.content
    if text:
        # Each frame is encoded by itself: padding may stand in the middle.
        parts = content.replace(b"=", b"= ").replace(b"= =", b"==").split()
        content = b"".join(base64.b64decode(part) for part in parts)
    frames = frames_of(content)
    track = catalog.GetTrackResponse.FromString(frames[0][1]).track
    assert track.title == "Harbour Lights"
    assert frames[-1][0] == 0x80
    assert b"grpc-status:0" in frames[-1][1].replace(b" ", b"")


def test_the_plans_are_open_to_everyone(mesh: RunningMesh) -> None:
    plans = mesh.call("GET", "/plans").body["plans"]
    assert len(plans) == 2
    assert "FLAC" in json.dumps(plans).upper()


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/oauth2/nowhere", 404, "NOT_FOUND"),
        ("GET", "/.well-known/nowhere", 404, "NOT_FOUND"),
        ("POST", "/oauth2/jwks.json", 405, "UNIMPLEMENTED"),
    ],
)
def test_the_http_services_refuse_like_everything_else(
    mesh: RunningMesh, method: str, path: str, status: int, reason: str
) -> None:
    answer = mesh.call(method, path, {} if method == "POST" else None)
    assert (answer.status, json_refusal(answer)) == (status, Refusal(reason, reason))
