"""Cases of bounds as calls through the edge: as JSON by their HTTP rule, and as gRPC."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

import grpc
import httpx
from edge_calls import bearer
from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from segue.mesh.v1.options_pb2 import MethodPolicy

from meshkit import contracts, status
from tests.bound_cases import Case, cases_of

# A stream that has begun to wait has taken its request.
STREAM_WAIT_S = 2.0

Call = tuple[str, str, Any]
"""Verb, path with query, and body (None: the request has none)."""

Found = tuple[str, list[str]]
"""The reason of a refusal ("" for none) and the fields that it names."""

TAKEN: Found = ("", [])


def public_methods() -> Iterator[MethodDescriptor]:
    """What the edge serves."""
    for service in contracts.services():
        for method in service.methods:
            if contracts.contract_of(method).access != MethodPolicy.INTERNAL:
                yield method


def public_cases() -> list[tuple[MethodDescriptor, Case]]:
    """Every case of every method that the edge serves."""
    return [(method, case) for method in public_methods() for case in cases_of(method)]


def as_http(method: MethodDescriptor, request: Message) -> Call | None:
    """The call that says such a request; None where no HTTP rule can."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    bindings = [rule, *rule.additional_bindings] if rule.WhichOneof("pattern") else []
    calls = [call for binding in bindings if (call := _bound(binding, request)) is not None]
    # A long list goes to the binding that has a body.
    return min(calls, key=lambda call: len(call[1]), default=None)


def _bound(rule: HttpRule, request: Message) -> Call | None:
    verb = rule.WhichOneof("pattern") or ""
    fields = MessageToDict(request, preserving_proto_field_name=True)
    template = str(getattr(rule, verb))
    for name in re.findall(r"{([\w.]+)(?:=[^}]*)?}", template):
        *outer, last = name.split(".")
        holder = fields
        for step in outer:
            holder = holder.get(step, {})
        value = holder.pop(last, "")
        if not value:
            return None
        template = re.sub(rf"{{{re.escape(name)}(=[^}}]*)?}}", quote(str(value), safe=""), template)
    body: Any = None
    if rule.body == "*":
        body, fields = fields, {}
    elif rule.body:
        body = fields.pop(rule.body, {})
    query = urlencode(list(_flattened(fields)), quote_via=quote)
    return verb.upper(), f"{template}?{query}" if query else template, body


def _flattened(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping):
                yield from _flattened(item, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", str(item).lower() if isinstance(item, bool) else str(item)


async def json_answer(
    client: httpx.AsyncClient, method: MethodDescriptor, call: Call, token: str
) -> Found:
    """What a call as JSON is answered."""
    verb, path, body = call
    headers = {"authorization": f"Bearer {token}"}
    with suppress(TimeoutError):
        async with (
            asyncio.timeout(STREAM_WAIT_S if method.server_streaming else None),
            client.stream(verb, path, json=body, headers=headers) as answer,
        ):
            if answer.status_code < 400:
                return TAKEN
            await answer.aread()
            return _of_json(answer.json())
    return TAKEN


def _of_json(said: Any) -> Found:
    details = {one["@type"].rpartition(".")[2]: one for one in said["details"]}
    violations = details.get("BadRequest", {}).get("field_violations", [])
    return details["ErrorInfo"]["reason"], [one["field"] for one in violations]


async def grpc_answer(
    channel: grpc.aio.Channel, method: MethodDescriptor, request: Message, token: str
) -> Found:
    """What a call as gRPC is answered."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    kinds = {False: ("unary_unary", "unary_stream"), True: ("stream_unary", "stream_stream")}
    open_call = getattr(channel, kinds[method.client_streaming][method.server_streaming])(path)
    sent: Any = request.SerializeToString()
    call = open_call(iter([sent]) if method.client_streaming else sent, metadata=bearer(token))
    try:
        if not method.server_streaming:
            await call
            return TAKEN
        with suppress(TimeoutError):
            async with asyncio.timeout(STREAM_WAIT_S):
                await call.read()
    except grpc.aio.AioRpcError as error:
        fault = status.fault_of(error)
        return fault.reason, [violation.field for violation in fault.violations]
    call.cancel()
    return TAKEN
