"""The scripts of the Lua filter: the files of ``lua/``, after the tables that they look into."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.descriptor import Descriptor
from segue.mesh.v1 import options_pb2

from edge.envoy.exposure import ExposedMethod
from meshkit.contracts import services
from meshkit.interceptors import json_fields

# The metadata of a method's route: what to take out of its answer, who may keep it, and whether it
# has a tag by which that is asked for.
RESPONSE_BODY = "response_body"
CACHE_CONTROL = "cache_control"
TAGGED = "tagged"
# Headers that the route adds to an answer and the script takes away again: what it was asked by.
CALLED_BY = "x-called-by"
IF_NONE_MATCH = "x-if-none-match"
# The header by which the script knows an answer that the transcoder gave instead of a service.
REFUSED_BY_TRANSCODER = "x-refused-by-transcoder"
# The header by which the edge's own answers know a call of the Connect protocol, and dynamic
# metadata of the same name.
CONNECT = "x-connect"


@dataclass(frozen=True, slots=True)
class FieldBounds:
    """How many paths of fields are told of a body, and the bytes of all of them."""

    count: int
    size: int


# Twice what the largest request has, since a field has two spellings.
LARGEST_FIELDS = FieldBounds(count=256, size=16 * 1024)
# How many keys are read of a body, however often each stands there: the longest list of messages
# that a call takes has 10,000.
MOST_KEYS = 50_000

_CONSTANTS: Mapping[str, str | int] = {
    "RESPONSE_BODY": RESPONSE_BODY,
    "CACHE_CONTROL": CACHE_CONTROL,
    "TAGGED": TAGGED,
    "CALLED_BY": CALLED_BY,
    "IF_NONE_MATCH": IF_NONE_MATCH,
    "REFUSED_BY_TRANSCODER": REFUSED_BY_TRANSCODER,
    "JSON_FIELDS": json_fields.HEADER,
    # Dynamic metadata, from the request to the answer.
    "SEGUE": "segue",
    "WRONG_LIST": "wrong_list",
    "PAGE": "page",
    "CONNECT": CONNECT,
    "CONNECT_STATUS": "connect_status",
    "CONNECT_FIELD": "connect_field",
    "CONNECT_FAULT": "connect_fault",
    "MAX_PATHS": LARGEST_FIELDS.count,
    "MAX_BYTES": LARGEST_FIELDS.size,
    "MAX_KEYS": MOST_KEYS,
    "MAX_NAME": 64,
    # The transcoder refuses what is deeper.
    "MAX_DEPTH": 100,
}
_FOLDER = Path(__file__).parent / "lua"
_OF_JSON = ("packing", "fields")


def answer_script(methods: Iterable[ExposedMethod]) -> str:
    """What finishes an answer. It stands before the transcoder, so it runs after it."""
    parts = ("refusals", "answers", "connect", "share_page")
    return "\n".join([_tables(methods), *map(_source, parts)])


def json_script(methods: Iterable[ExposedMethod]) -> str:
    """The same, for calls in JSON: tells the service, too, which fields the body names."""
    handler = (
        "function envoy_on_request(handle)\n"
        '  take_as_plain(handle)\n  tell_fields(handle, "")\nend\n'
    )
    return "\n".join([answer_script(methods), *map(_source, _OF_JSON), handler])


def share_script(methods: Iterable[ExposedMethod]) -> str:
    """The same, for share links, which a browser is shown as a page."""
    handler = (
        "function envoy_on_request(handle)\n"
        '  local accepted = handle:headers():get("accept") or ""\n'
        '  if accepted:find("text/html", 1, true) then\n'
        '    handle:streamInfo():dynamicMetadata():set(SEGUE, PAGE, "1")\n  end\n'
        '  take_as_plain(handle)\n  tell_fields(handle, "")\nend\n'
    )
    return "\n".join([answer_script(methods), *map(_source, _OF_JSON), handler])


def connect_script(methods: Iterable[ExposedMethod]) -> str:
    """The same as the first, for calls of the Connect protocol, which it marks."""
    handler = "function envoy_on_request(handle) begin_connect(handle) end\n"
    parts = ("packing", "connect_requests")
    return "\n".join([answer_script(methods), *map(_source, parts), handler])


def connect_json_script(methods: Iterable[ExposedMethod]) -> str:
    """The same, for those in JSON: their body is always the whole request."""
    handler = (
        "function envoy_on_request(handle)\n"
        f'  if begin_connect(handle) then tell_fields(handle, "{json_fields.WHOLE}") end\nend\n'
    )
    parts = (*_OF_JSON, "connect_requests")
    return "\n".join([answer_script(methods), *map(_source, parts), handler])


def connect_status_script() -> str:
    """What keeps the Status of a call of the Connect protocol."""
    return "\n".join([*_constants(), _source("connect_status")])


def _tables(methods: Iterable[ExposedMethod]) -> str:
    messages = list(_request_messages(methods))
    lines = _constants()
    lines.append(f"local RENAMED = {_table(_renamed_fields(messages))}")
    lines.append(f"local ENUMS = {_table(_enums(messages))}")
    lines.append(f"local LISTS = {_table(_lists(messages))}")
    return "\n".join(lines)


def _constants() -> list[str]:
    return [f"local {name} = {json.dumps(value)}" for name, value in _CONSTANTS.items()]


def _source(name: str) -> str:
    return (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")


def _table(entries: Mapping[str, str | bool]) -> str:
    inner = ", ".join(f"[{json.dumps(k)}] = {json.dumps(v)}" for k, v in sorted(entries.items()))
    return f"{{{inner}}}"


def _renamed_fields(messages: Iterable[Descriptor]) -> dict[str, str | bool]:
    """What the fields of requests were called, after their message's name: what they are now."""
    found: dict[str, str | bool] = {}
    for message in messages:
        for field in message.fields:
            former = field.GetOptions().Extensions[options_pb2.formerly]
            if former:
                found[f"{message.full_name}.{former}"] = field.name
    return found


def _lists(messages: Iterable[Descriptor]) -> dict[str, str | bool]:
    """The names of fields that are lists."""
    lists = [field for message in messages for field in message.fields if field.is_repeated]
    return {name: True for field in lists for name in (field.name, field.json_name)}


def _enums(messages: Iterable[Descriptor]) -> dict[str, str | bool]:
    """What a field of each enum must be, in words."""
    enums = [f.enum_type for message in messages for f in message.fields if f.enum_type]
    return {
        str(enum.full_name): "must be one of "
        + ", ".join(value.name for value in enum.values if value.number)
        for enum in enums
    }


def _request_messages(methods: Iterable[ExposedMethod]) -> Iterator[Descriptor]:
    """Every message that a request can hold, each once."""
    wanted = {method.contract.path for method in methods}
    pending = [
        method.input_type
        for service in services()
        for method in service.methods
        if f"/{service.full_name}/{method.name}" in wanted
    ]
    seen: set[str] = set()
    while pending:
        message = pending.pop()
        if message.full_name in seen:
            continue
        seen.add(message.full_name)
        yield message
        pending += [field.message_type for field in message.fields if field.message_type]
