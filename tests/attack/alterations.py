"""Requests that were good once: altered by chance, each by a seed of its own."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import quote

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.json_format import MessageToDict

from tests.attack import answers
from tests.attack.policies import is_internal, json_calls, methods, name_of
from tests.attack.probes import path_of
from tests.attack.wire import request
from tests.bound_cases import cases_of, valid

# What is larger is for bombs.
_LARGEST = 20_000
_ULID = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
_TEXTS = (
    "",
    " ",
    "\x00",
    "x" * 5_000,
    "é" * 300,
    "\ud800",
    "\u202e",
    "💥" * 50,
    "%00",
    "%2e%2e%2f",
    "../../etc/passwd",
    "'; DROP TABLE users; --",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/a}",
    "-1",
    "NaN",
    "9223372036854775808",
    "1e400",
    "2026-13-45T99:99:99Z",
    _ULID,
    "a\r\nb: c",
    "\ufeff",
)
_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**63,
    -(2**63) - 1,
    1e308,
    0.5,
    [],
    {},
    [[]],
    [None],
    {"": {}},
    [1, "a", {}],
    {"@type": "type.googleapis.com/google.protobuf.Any", "value": {}},
)
_HEADERS = (
    ("content-type", ("text/xml", "application/json; charset=utf-16", "", "multipart/form-data")),
    ("content-encoding", ("gzip", "br", "identity, gzip", "x")),
    ("accept", ("text/html", "*/*;q=0", "application/grpc", "\xff")),
    ("accept-encoding", ("gzip;q=0", "x", "*", "gzip, gzip, gzip")),
    ("if-match", ('"a"', "W/x", "*", '"', "a, b", '"' + "9" * 200 + '"')),
    ("if-none-match", ("*", '"', "W/", "x" * 3_000)),
    ("range", ("bytes=0-", "bytes=-1", "bytes=9-1", "bytes=0-0,1-1", "x", "bytes=" + "0-0," * 500)),
    ("grpc-timeout", ("0n", "1n", "99999999H", "-1S", "x", "1")),
    ("connect-timeout-ms", ("0", "-1", "1e9", "99999999999")),
    ("grpc-encoding", ("gzip", "x", "identity")),
    ("authorization", ("", "Bearer", "Bearer  ", "Basic x", "Bearer " + "a." * 500, "\xff\xfe")),
    ("traceparent", ("00-0-0-0", "x", "00-" + "f" * 32 + "-" + "f" * 16 + "-ff")),
    ("host", ("", "[::1", "a b", "\xff", "x" * 300, "edge:99999", "a/b", "a@b")),
    ("x-forwarded-for", ("127.0.0.1", "x", "::", ", , ,")),
    ("x-forwarded-proto", ("https", "x")),
    ("x-envoy-original-path", ("/admin", "\xff")),
    ("x-envoy-original-method", ("GET", "x")),
    ("x-json-fields", ("*", "/", "a" * 1_000)),
    ("x-connect", ("unary", "stream")),
    ("x-called-by", ("GET", "x")),
    ("x-http-code", ("500", "x")),
    ("x-request-id", ("x" * 2_000, "\xff")),
    ("x-http-method-override", ("DELETE",)),
    ("te", ("trailers", "x")),
    ("expect", ("100-continue", "x")),
    ("upgrade", ("h2c", "websocket")),
    ("origin", ("null", "https://a.example", "\xff")),
    ("cookie", ("a=b; " * 200,)),
    ("grpc-status", ("0", "13")),
    ("content-disposition", ("x",)),
)
_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get")


class Alterer:
    """Makes one request after the other; the same of the same seed and number."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._exposed = [method for method in methods() if not is_internal(method)]

    @property
    def kinds(self) -> list[str]:
        """What is altered."""
        return list(_KINDS)

    def request(self, number: int, token: str) -> tuple[str, bytes]:
        """A kind and the bytes of a request, of somebody with this token mostly."""
        chance = random.Random(f"{self._seed}:{number}")
        kind = chance.choice(list(_KINDS))
        method = chance.choice(self._exposed)
        headers = {"authorization": f"Bearer {token}"} if chance.random() < 0.95 else {}
        return kind, _KINDS[kind](chance, method, headers)


def _message(chance: random.Random, method: MethodDescriptor) -> Any:
    """A request as it should be, or at one of its bounds or beyond."""
    cases = _cases(name_of(method))
    if not cases or chance.random() < 0.5:
        return valid(method.input_type)
    return chance.choice(cases)


@cache
def _cases(name: str) -> list[Any]:
    (method,) = (one for one in methods() if name_of(one) == name)
    return [case.request for case in cases_of(method) if case.request.ByteSize() < _LARGEST]


def _json_call(
    chance: random.Random, method: MethodDescriptor
) -> tuple[str, str, dict[str, Any], bool]:
    """Verb, path, fields, and whether they are in a body."""
    forms = list(json_calls(method))
    fields = MessageToDict(_message(chance, method), preserving_proto_field_name=True)
    if not forms:
        return "POST", f"/{name_of(method)}", fields, True
    verb, template, body = chance.choice(forms)
    value = chance.choice((_ULID, "x", "me"))
    inner = fields.get(body, {}) if body not in ("", "*") else fields
    return verb, path_of(method, template, value), inner, bool(body)


def altered_value(chance: random.Random, value: Any, depth: int = 0) -> Any:
    """The value with something of it altered."""
    if isinstance(value, dict) and value and depth < 6 and chance.random() < 0.8:
        key = chance.choice(sorted(value))
        altered = {**value, key: altered_value(chance, value[key], depth + 1)}
        if chance.random() < 0.1:
            altered[chance.choice(_TEXTS)[:50]] = chance.choice(_VALUES)
        return altered
    if isinstance(value, list) and value and chance.random() < 0.6:
        at = chance.randrange(len(value))
        return [*value[:at], altered_value(chance, value[at], depth + 1), *value[at + 1 :]]
    return chance.choice((*_TEXTS, *_VALUES))


def altered_bytes(chance: random.Random, content: bytes) -> bytes:
    """The content with a few bytes changed, lost, doubled or put in."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        deed = chance.randrange(5)
        if deed == 0 and at < len(found):
            found[at] ^= 1 << chance.randrange(8)
        elif deed == 1:
            del found[at : at + chance.randint(1, 8)]
        elif deed == 2:
            found[at:at] = chance.randbytes(chance.randint(1, 8))
        elif deed == 3:
            found[at:at] = found[max(0, at - 8) : at]
        else:
            # A length or number that is longer than what follows.
            found[at:at] = b"\xff" * chance.randint(1, 9) + b"\x7f"
    return bytes(found)


def _as_json(chance: random.Random, value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=chance.random() < 0.7).encode("utf-8", "surrogatepass")
    return altered_bytes(chance, text) if chance.random() < 0.3 else text


def _bodies(chance: random.Random, method: MethodDescriptor, headers: dict[str, str]) -> bytes:
    verb, path, fields, _ = _json_call(chance, method)
    body = _as_json(chance, altered_value(chance, fields))
    if chance.random() < 0.3:
        path, verb = f"/{name_of(method)}", "POST"
    return request(verb, path, body, kind="application/json", headers=headers)


def _queries(chance: random.Random, method: MethodDescriptor, headers: dict[str, str]) -> bytes:
    verb, path, fields, in_body = _json_call(chance, method)
    pairs = [(name, str(value)) for name, value in fields.items()] or [("page_size", "3")]
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(pairs))
        name, value = pairs[at]
        if chance.random() < 0.7:
            value = chance.choice((*_TEXTS, *map(str, _VALUES)))
        else:
            name = chance.choice((f"{name}.a", f"{name}[0]", "", "a.b.c.d", name * 9, "é"))
        pairs[at : at + chance.randint(0, 1)] = [(name, value)] * chance.choice((1, 1, 2, 50))
    text = "&".join(f"{_escaped(chance, name)}={_escaped(chance, value)}" for name, value in pairs)
    body = b"{}" if in_body else b""
    kind = "application/json" if in_body else ""
    return request(verb, f"{path}?{text[:30_000]}", body, kind=kind, headers=headers)


def _escaped(chance: random.Random, text: str) -> str:
    if chance.random() < 0.1:
        return chance.choice(("%", "%zz", "%C3%28", "%ff%fe", "+", "%u0041", ";", "%0d%0a"))
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _paths(chance: random.Random, method: MethodDescriptor, headers: dict[str, str]) -> bytes:
    verb, path, _, _ = _json_call(chance, method)
    parts = path.split("/")[1:]
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(parts))
        parts[at] = chance.choice(
            (
                _escaped(chance, chance.choice(_TEXTS)),
                parts[at].upper(),
                f"{parts[at]}/",
                f"{parts[at]};a=b",
                f"{parts[at]}%2f..",
                "..",
                ".",
                "",
                parts[at] + "x" * 2_000,
                "".join(chance.choices(string.ascii_letters + "%.:;@!$'()*,", k=20)),
            )
        )
    if chance.random() < 0.2:
        verb = chance.choice(_VERBS)
    return request(verb, "/" + "/".join(parts), kind="application/json", headers=headers)


def _binary(chance: random.Random, method: MethodDescriptor, headers: dict[str, str]) -> bytes:
    content = altered_bytes(chance, _message(chance, method).SerializeToString())
    return _in_binary(chance, method, answers.frame(content), content, headers)


def _in_binary(
    chance: random.Random,
    method: MethodDescriptor,
    framed: bytes,
    content: bytes,
    headers: dict[str, str],
) -> bytes:
    streams = method.client_streaming or method.server_streaming
    if chance.random() < 0.5:
        kind, body = "application/grpc-web+proto", framed
    elif streams:
        kind, body = "application/connect+proto", framed
    else:
        kind, body = "application/proto", content
    return request("POST", f"/{name_of(method)}", body, kind=kind, headers=headers)


def _frames(chance: random.Random, method: MethodDescriptor, headers: dict[str, str]) -> bytes:
    content = _message(chance, method).SerializeToString()
    framed = chance.choice(
        (
            answers.frame(content, chance.randrange(256)),
            answers.frame(content) * chance.randint(2, 5),
            answers.frame(content) + answers.frame(b"grpc-status: 0\r\n", 0x80),
            answers.frame(b"", 0x80),
            b"\x00\xff\xff\xff\xff" + content,
        )
    )
    # Seldom: what is not whole is waited for until the bound of the call.
    if chance.random() < 0.02:
        framed = altered_bytes(chance, answers.frame(content))[: chance.randrange(4, 40)]
    if chance.random() < 0.3:
        text = base64.b64encode(framed)
        kind = "application/grpc-web-text"
        body = altered_bytes(chance, text) if chance.random() < 0.5 else text
        return request("POST", f"/{name_of(method)}", body, kind=kind, headers=headers)
    return _in_binary(chance, method, framed, framed, headers)


def _headers(chance: random.Random, method: MethodDescriptor, headers: dict[str, str]) -> bytes:
    said = dict(headers)
    for name, values in chance.sample(_HEADERS, chance.randint(1, 4)):
        said[name] = chance.choice(values).replace("\r\n", " ")
    if chance.random() < 0.1:
        said |= {f"x-{number}": "y" for number in range(chance.choice((20, 99, 150)))}
    verb, path, fields, in_body = _json_call(chance, method)
    body = json.dumps(fields).encode() if in_body else b""
    return request(verb, path, body, headers={"content-type": "application/json", **said})


_KINDS: dict[str, Callable[[random.Random, MethodDescriptor, dict[str, str]], bytes]] = {
    "JSON bodies": _bodies,
    "queries": _queries,
    "paths": _paths,
    "protobuf": _binary,
    "frames": _frames,
    "headers": _headers,
}
