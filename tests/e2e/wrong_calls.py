"""Wrong calls as a table: each is refused alike as JSON and as a gRPC status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from edge_calls import (
    HTTP_STATUS,
    INVALID,
    NOT_FOUND,
    EdgeStubs,
    Refusal,
    bearer,
    grpc_refusal,
    json_refusal,
)
from google.api import annotations_pb2
from google.protobuf.json_format import ParseDict
from segue.catalog.v1 import catalog_service_pb2 as catalog
from segue.device.v1 import device_service_pb2 as device
from segue.identity.v1 import identity_service_pb2 as identity
from segue.playback.v1 import history_service_pb2 as history
from segue.playback.v1 import playback_service_pb2 as playback
from segue.playback.v1 import preferences_service_pb2 as preferences

from tests.running_mesh import RunningMesh

NOBODY = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
"""A ULID that nothing has."""

MESSAGES = {
    "catalog": catalog,
    "search": catalog,
    "imports": catalog,
    "users": identity,
    "playback": playback,
    "heartbeats": playback,
    "devices": device,
    "history": history,
    "preferences": preferences,
}
_WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class Case:
    """A wrong call. ``fields`` are the message; calls with a body send what the contract says.

    A field that stands in the path, as ``{name}``, is not in the body, nor is what stands beside
    the resource that is one. In fields, ``{word}`` stands
    for what the test knows by that word.
    """

    name: str
    http: str
    rpc: str
    fields: Mapping[str, Any]
    refusal: Refusal
    field: str = field(default="")


def missing(http: str, rpc: str, /, **fields: Any) -> Case:
    """A call for what is not there."""
    return Case(f"unknown id {rpc}", http, rpc, fields or {"id": NOBODY}, NOT_FOUND)


def invalid(name: str, http: str, rpc: str, wrong: str, /, **fields: Any) -> Case:
    """A call whose field ``wrong`` is wrong."""
    return Case(name, http, rpc, fields, INVALID, wrong)


def filled(value: Any, words: Mapping[str, str]) -> Any:
    """``value`` with its ``{word}`` replaced."""
    if isinstance(value, Mapping):
        return {key: filled(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, words) for inner in value]
    if isinstance(value, str) and value[:1] == "{":
        return words[value.strip("{}")]
    return value


def assert_refused_as_json(
    mesh: RunningMesh, case: Case, words: Mapping[str, str], token: str
) -> None:
    """The call as JSON gets the refusal, which names the field."""
    method, _, path = case.http.partition(" ")
    named = re.findall(r"{(\w+)}", path)
    path = path.format_map(case.fields)
    sent = {name: value for name, value in case.fields.items() if name not in named}
    if (resource := _resource(case)) != "*":
        sent = sent.get(resource, {})
    body = filled(sent, words) if method in _WITH_BODY else None
    answer = mesh.call(method, path, body, token=token)
    assert json_refusal(answer) == case.refusal
    assert answer.status == HTTP_STATUS[case.refusal.code]
    if case.field:
        details = [d for d in answer.body["details"] if d["@type"].endswith("BadRequest")]
        fields = [violation["field"] for violation in details[0]["field_violations"]]
        assert [name.rpartition(".")[2] for name in fields] == [case.field]


def _resource(case: Case) -> str:
    """The field of the request that is the body, * for all of it."""
    service, _, method = case.rpc.partition(".")
    for descriptor in MESSAGES[service].DESCRIPTOR.services_by_name.values():
        if found := descriptor.methods_by_name.get(method):
            return str(found.GetOptions().Extensions[annotations_pb2.http].body) or "*"
    raise KeyError(case.rpc)


async def assert_refused_as_grpc(
    stubs: EdgeStubs, case: Case, words: Mapping[str, str], token: str
) -> None:
    """The call as gRPC gets the refusal."""
    service, _, method = case.rpc.partition(".")
    request = getattr(MESSAGES[service], f"{method}Request")()
    ParseDict(filled(case.fields, words), request)
    call = getattr(getattr(stubs, service), method)(request, metadata=bearer(token))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        if isinstance(call, grpc.aio.UnaryStreamCall):
            await anext(aiter(call))
        else:
            await call
    assert grpc_refusal(refused.value) == case.refusal
