"""A call of any RPC that does nothing: who is let in is told INVALID_FIELD, and no more happens.

In binary it carries bytes that are no message, in JSON a field that no message has. Both are looked
at once caller, token and scopes have been; so what answers otherwise has refused them.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import grpc
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from tests.attack import answers
from tests.attack.answers import STANDING, TAKEN, Outcome
from tests.attack.policies import is_internal, json_calls, name_of
from tests.attack.wire import PATIENCE_S, Wire, request

NO_MESSAGE = b"\xff\xff\xff"
NO_FIELD = json.dumps({"no_such_field": 1}).encode()
UNDEFINED = b"7777"
# gRPC for Python loses the status of a refusal that a message meets under way.
_LATE_S = 0.3

Headers: TypeAlias = Mapping[str, str]
Probe: TypeAlias = Callable[["Doors", MethodDescriptor, Headers, int], Awaitable[Outcome | None]]


class Doors:
    """The ways in of one attacker: a connection over HTTP/1.1, and a channel of gRPC."""

    def __init__(self, target: str, channel: grpc.aio.Channel) -> None:
        self.wire = Wire(target)
        self.channel = channel


async def by_grpc(
    channel: grpc.aio.Channel,
    method: MethodDescriptor,
    content: bytes,
    headers: Headers,
    *,
    stands_s: float = PATIENCE_S,
) -> Outcome:
    """What a call comes to over gRPC; a stream that says nothing for ``stands_s`` is standing."""
    outcome, _ = await answered(channel, method, content, headers, stands_s=stands_s)
    return outcome


async def answered(
    channel: grpc.aio.Channel,
    method: MethodDescriptor,
    content: bytes,
    headers: Headers,
    *,
    stands_s: float,
) -> tuple[Outcome, bytes]:
    """The same, with what is answered, by a stream at first."""
    shape = f"{_shape(method.client_streaming)}_{_shape(method.server_streaming)}"
    opened = getattr(channel, shape)(f"/{name_of(method)}")
    sent = _later(content) if method.client_streaming else content
    call = opened(sent, metadata=tuple(headers.items()), timeout=PATIENCE_S)
    try:
        if not method.server_streaming:
            return TAKEN, await call
        async with asyncio.timeout(stands_s):
            first = await call.read()
            # The end of a stream without a message is none, and has a status.
            if first is grpc.aio.EOF and await call.code() is grpc.StatusCode.OK:
                return TAKEN, b""
    except grpc.aio.AioRpcError as error:
        return answers.of_grpc(error), b""
    except TimeoutError:
        first = b""
    call.cancel()
    return STANDING, b"" if first is grpc.aio.EOF else first


def _shape(streams: bool) -> str:
    return "stream" if streams else "unary"


async def _later(content: bytes) -> AsyncIterator[bytes]:
    await asyncio.sleep(_LATE_S)
    yield content


async def _grpc(doors: Doors, method: MethodDescriptor, headers: Headers, turn: int) -> Outcome:
    del turn
    return await by_grpc(doors.channel, method, NO_MESSAGE, headers)


async def _grpc_web(doors: Doors, method: MethodDescriptor, headers: Headers, turn: int) -> Any:
    del turn
    kind = "application/grpc-web+proto"
    said = {**headers, "x-grpc-web": "1", "accept": kind}
    return await _posted(doors, method, answers.frame(NO_MESSAGE), kind, said)


async def _connect(doors: Doors, method: MethodDescriptor, headers: Headers, turn: int) -> Any:
    del turn
    said = {**headers, "connect-protocol-version": "1"}
    if _streams(method):
        body = answers.frame(NO_MESSAGE)
        return await _posted(doors, method, body, "application/connect+proto", said)
    return await _posted(doors, method, NO_MESSAGE, "application/proto", said)


async def _connect_json(doors: Doors, method: MethodDescriptor, headers: Headers, turn: int) -> Any:
    del turn
    return await _posted(doors, method, NO_FIELD, "application/json", dict(headers))


async def _json(doors: Doors, method: MethodDescriptor, headers: Headers, turn: int) -> Any:
    """By one of its JSON forms, another at each turn; None where it has none."""
    forms = list(json_calls(method))
    if not forms:
        return None
    verb, template, body = forms[turn % len(forms)]
    sent = request(
        verb,
        path_of(method, template),
        UNDEFINED if _is_number(method, body) else NO_FIELD,
        kind="application/json",
        headers=dict(headers),
    )
    return await _asked(doors, sent)


def path_of(method: MethodDescriptor, template: str, value: str = "x") -> str:
    """A path whose parts are ``value``, or 1 where they are numbers."""

    def filled(found: re.Match[str]) -> str:
        field = method.input_type.fields_by_name.get(found[1].partition(".")[0])
        texts = field is None or field.type in (
            FieldDescriptor.TYPE_STRING,
            FieldDescriptor.TYPE_MESSAGE,
        )
        return value if texts else "1"

    return re.sub(r"{([\w.]+)(?:=[^}]*)?}", filled, template)


def _is_number(method: MethodDescriptor, body: str) -> bool:
    """Whether a field that is the body is no message, so that it has no fields."""
    field = method.input_type.fields_by_name.get(body)
    return field is not None and field.message_type is None


async def _posted(
    doors: Doors, method: MethodDescriptor, body: bytes, kind: str, headers: dict[str, str]
) -> Outcome | None:
    sent = request("POST", f"/{name_of(method)}", body, kind=kind, headers=headers)
    return await _asked(doors, sent)


async def _asked(doors: Doors, sent: bytes) -> Outcome | None:
    heard = await doors.wire.ask(sent)
    return Outcome("hung up") if heard is None else heard.outcome


def _streams(method: MethodDescriptor) -> bool:
    return bool(method.client_streaming or method.server_streaming)


def has_no_connect_json(method: MethodDescriptor) -> bool:
    """Streams have no JSON form at their RPC's own path, and what is internal is not there."""
    return _streams(method) or is_internal(method)


PROTOCOLS: dict[str, Probe] = {
    "gRPC": _grpc,
    "gRPC-Web": _grpc_web,
    "Connect": _connect,
    "Connect JSON": _connect_json,
    "JSON": _json,
}
