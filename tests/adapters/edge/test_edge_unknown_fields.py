"""Fields of a JSON body that no message has: refused by their path, however the body is written."""

from __future__ import annotations

import asyncio
import json
import random
import re
from typing import Any

import grpc
import httpx
import pytest
from edge_world import PLAYLIST_ID, TRACK_ID, World, reason_of
from google.protobuf.descriptor import Descriptor
from segue.catalog.v1 import catalog_service_pb2 as catalog
from segue.catalog.v1 import catalog_service_pb2_grpc as catalog_grpc
from segue.mesh.v1.validation_pb2 import rules
from test_edge_refusals import violation_of

from edge.envoy.exposure import exposed_methods
from edge.envoy.names import SHARE_PREFIX
from edge.envoy.scripts import LARGEST_FIELDS, MOST_KEYS
from meshkit import contracts
from meshkit.interceptors import json_fields

BEAT, ADD = "POST /playback/heartbeat", f"POST /playlists/{PLAYLIST_ID}/tracks"
PREFERENCES = "PATCH /me/preferences"
UNKNOWN = "is no field of this call"

REFUSED: list[tuple[str, bytes, str]] = [
    (BEAT, b'{"playbackid": "p"}', "playbackid"),
    (BEAT, b'{"heartbeat": {"seq": 1, "sec": 2}}', "heartbeat.sec"),
    (
        BEAT,
        b'{"heartbeat": {"measurements": {"under_runs": 1}}}',
        "heartbeat.measurements.under_runs",
    ),
    (BEAT, b'{"heartbeat": {"sec": {"seq": 1}}}', "heartbeat.sec"),
    (BEAT, b'{"heartbeat": {"sec": null}}', "heartbeat.sec"),
    (BEAT, b'{"heartbeat": {"seq": 1}, "heartbeat": {"seq": 1, "sec": 1}}', "heartbeat.sec"),
    (BEAT, b'{"heartbeat.seq": 1}', "heartbeat.seq"),
    (BEAT, b'{"hea\\u0072tbeat": {"s\\u0065c": 1}}', "heartbeat.sec"),
    (BEAT, b'{"a\\"b": 1}', 'a\\"b'),
    (BEAT, '{"größe": 1}'.encode(), "größe"),
    (BEAT, b"{'heartbeat': {'sec': 1}}", "heartbeat.sec"),
    (BEAT, b"{heartbeat: {sec: 1}}", "heartbeat.sec"),
    (BEAT, b'{"device_id": "\\\\", "sec": 1}', "sec"),
    (BEAT, b'{"device_id": "\\\\\\"", "sec": 1}', "sec"),
    (BEAT, b'{"device_id": "{\\"x\\": 1}", "sec": [{"a": "b"}],}', "sec"),
    (BEAT, b'{"a": {"b": {"c": 1}}}', "a"),
    (ADD, b'{"track_ids": ["a", "b"], "at": 1}', "at"),
    (ADD, b'{"track_ids": ["a"], "tracks": [{"id": "a"}]}', "tracks"),
    (PREFERENCES, b'{"private_sesion": true}', "preferences.private_sesion"),
    (PREFERENCES, b'{"preferences": {}}', "preferences.preferences"),
]
ACCEPTED: list[tuple[str, bytes]] = [
    (BEAT, b'{"heartbeat": {"seq": 1, "positionMs": 2, "measurements": {"startLatencyMs": 1}}}'),
    (BEAT, b'{"device_id": "{\\"x\\": 1}"}'),
    (BEAT, b'{"heartbeat": null}'),
    (BEAT, b"{}"),
    (BEAT, b""),
    (BEAT, b' {\n\t"heartbeat" :\r\n{ "seq" : 1 } } '),
    (ADD, f'{{"trackIds": ["{TRACK_ID}"], "position": 1}}'.encode()),
    (ADD, f'{{"playlist_id": "{PLAYLIST_ID}", "track_ids": ["{TRACK_ID}"]}}'.encode()),
    (PREFERENCES, b'{"private_session": true, "bitratePref": 320}'),
]


async def sent(world: World, call: str, body: bytes, **headers: str) -> httpx.Response:
    method, _, path = call.partition(" ")
    return await world.call(method, path, content=body, headers={**world.bearer(), **headers})


def assert_taken(answer: httpx.Response) -> None:
    """The body was read and all its fields are known; their values may be refused."""
    if answer.status_code != 200:
        field, fault = violation_of(answer)
        assert field != "body"
        assert fault != UNKNOWN


@pytest.mark.parametrize(("call", "body", "field"), REFUSED)
async def test_a_field_that_no_message_has_is_refused_by_its_path(
    world: World, call: str, body: bytes, field: str
) -> None:
    answer = await sent(world, call, body)
    assert (answer.status_code, violation_of(answer)) == (400, (field, UNKNOWN))


@pytest.mark.parametrize(("call", "body"), ACCEPTED)
async def test_known_fields_are_taken_in_either_case(world: World, call: str, body: bytes) -> None:
    assert_taken(await sent(world, call, body))


async def test_a_body_on_a_call_that_takes_none_is_read_like_the_query(world: World) -> None:
    call = f"DELETE /playlists/{PLAYLIST_ID}/tracks?item_ids={TRACK_ID}"
    answer = await sent(world, call, f'{{"item_ids": ["{PLAYLIST_ID}"]}}'.encode())
    assert answer.json()["removed_count"] == 2
    refused = await sent(world, call, b'{"items": ["b"]}')
    assert (refused.status_code, violation_of(refused)) == (400, ("items", UNKNOWN))


async def test_a_body_on_a_read_is_read_like_the_query(world: World) -> None:
    found = await sent(world, "GET /search?type=ARTIST", b'{"q": "x"}')
    assert [artist["id"] for artist in found.json()["artists"]] == ["x"]
    refused = await sent(world, "GET /search?type=ARTIST&q=x", b'{"colour": "red"}')
    assert (refused.status_code, violation_of(refused)) == (400, ("colour", UNKNOWN))


CALLS = sorted(
    (verb.upper(), re.sub(r"{\w+}", PLAYLIST_ID, path), method.is_public)
    for method in exposed_methods()
    for verb, path in method.json_calls
    if not path.startswith(SHARE_PREFIX)
)


@pytest.mark.parametrize(("verb", "path", "is_public"), CALLS)
async def test_a_call_has_one_path_and_nothing_else_leads_to_it(
    world: World, verb: str, path: str, is_public: bool
) -> None:
    for wrong in (f"{path}/", f"{path}//", f"{path}/.", f"{path}/?request_id=x"):
        answer = await asked(world, verb, wrong, b"{}")
        assert (answer.status_code, reason_of(answer)) == (404, "NOT_FOUND"), wrong
    if not is_public:
        answer = await asked(world, verb, path, b"{}")
        assert (answer.status_code, reason_of(answer)) == (401, "TOKEN_MISSING")


async def asked(
    world: World, verb: str, target: str, body: bytes, **headers: str
) -> httpx.Response:
    """A call whose path goes as it is written."""
    extensions = {"target": target.encode()}
    return await world.call(verb, "/", content=body, headers=headers, extensions=extensions)


SAME = ["/me/preferences", "//me/preferences", "/./me//preferences", "/x/../me/preferences"]
SAME += ["/%2e/me/preferences", "/x/%2E%2E/me/preferences", "/me/preference%73"]
NOT_THE_SAME = ["/me/preferences/", "/me/preferences//", "/me/preferences/.", "/me/preferences;a=b"]
NOT_THE_SAME += ["/me;a=b/preferences", "/me%2Fpreferences", "/me%2fpreferences", "/ME/preferences"]
NOT_THE_SAME += ["/me/preference%73/", "/me/preferences%20", "/me/preferences/%2e/"]


@pytest.mark.parametrize("target", SAME + NOT_THE_SAME)
async def test_fields_are_looked_at_however_the_path_is_spelled(world: World, target: str) -> None:
    wrong = b'{"private_sesion": true}'
    answer = await asked(world, "PATCH", target, wrong, **world.bearer())
    if target in SAME:
        assert violation_of(answer) == ("preferences.private_sesion", UNKNOWN)
    else:
        assert (answer.status_code, reason_of(answer)) == (404, "NOT_FOUND")
    anonymous = await asked(world, "PATCH", target, wrong)
    assert anonymous.status_code == (401 if target in SAME else 404)


async def test_fields_of_a_share_are_looked_at_however_its_path_is_spelled(world: World) -> None:
    for path in ("/s/code/accept", "/s/code/accept/"):
        refused = await sent(world, f"POST {path}", b'{"nosuch": 1}')
        assert (refused.status_code, violation_of(refused)) == (400, ("nosuch", UNKNOWN))
        assert (await world.call("POST", path, content=b"{}")).status_code == 401


@pytest.mark.parametrize("name", [json_fields.HEADER, json_fields.HEADER.upper()])
async def test_nobody_outside_says_which_fields_there_are(world: World, name: str) -> None:
    path = f"GET /tracks/{TRACK_ID}"
    assert (await sent(world, path, b"", **{name: "nonsense"})).status_code == 200
    refused = await sent(world, BEAT, b'{"sec": 1}', **{name: "heartbeat"})
    assert violation_of(refused) == ("sec", UNKNOWN)
    async with grpc.aio.insecure_channel(world.edge.target) as channel:
        stub = catalog_grpc.CatalogServiceStub(channel)
        metadata = (*world.bearer().items(), (json_fields.HEADER, "nonsense"))
        found = await stub.GetTrack(catalog.GetTrackRequest(id=TRACK_ID), metadata=metadata)
    assert found.track.id == TRACK_ID


async def test_more_fields_than_any_call_has_are_refused(world: World) -> None:
    body = json.dumps({f"field_{number}": 1 for number in range(3_000)}).encode()
    answer = await sent(world, BEAT, body)
    refused = ("body", "has more fields than this call")
    assert (answer.status_code, violation_of(answer)) == (400, refused)
    long = json.dumps({"x" * 10_000: 1}).encode()
    assert violation_of(await sent(world, BEAT, long)) == ("x" * 64, UNKNOWN)


IMPORT = "POST /playlists/import"


def nested(depth: int, inside: str) -> bytes:
    return (f'{{"{"n" * 60}":' * depth + inside + "}" * depth).encode()


@pytest.mark.parametrize("depth", [20, 98])
@pytest.mark.parametrize("part", ['"a":1,', "a:1,", '"\\u0061":1,', "b:{},", "b:[],"])
async def test_names_that_are_repeated_deep_inside_are_refused(
    world: World, depth: int, part: str
) -> None:
    body = nested(depth, "{" + part * (3_900_000 // len(part)) + "}")
    answer = await sent(world, IMPORT, body)
    assert (answer.status_code, violation_of(answer)[0]) == (400, "body")


@pytest.mark.parametrize("item", ["[]", "{}"])
async def test_lists_that_are_long_deep_inside_are_refused(world: World, item: str) -> None:
    body = nested(14, "[" + ",".join([item] * 1_000_000) + "]")
    answer = await sent(world, IMPORT, body)
    assert answer.status_code == 400


async def test_the_last_key_that_is_read_is_looked_at_and_one_more_is_refused(world: World) -> None:
    most = '"name": "x",' * (MOST_KEYS - 1) + '"nosuch": 1}'
    assert violation_of(await sent(world, IMPORT, f"{{{most}".encode())) == ("nosuch", UNKNOWN)
    refused = ("body", "has more fields than this call")
    assert violation_of(await sent(world, IMPORT, f'{{"name": "x",{most}'.encode())) == refused


async def test_what_cannot_be_read_is_refused_as_that_whatever_it_names(world: World) -> None:
    for body in (b'{"sec": 1', b'{"sec": 1} x', b'{"sec": "\xff"}'):
        assert violation_of(await sent(world, BEAT, body)) == ("body", "is not JSON")
    twice = await sent(world, BEAT, b'{"sec": 1, "heartbeat": {"seq": "x"}}')
    assert violation_of(twice)[0] == "heartbeat.seq"


async def test_a_list_where_none_belongs_is_named(world: World) -> None:
    answer = await sent(world, BEAT, b'{"heartbeat": {"seq": [1]}}')
    assert violation_of(answer) == ("heartbeat.seq", "is no list")


async def test_a_call_without_a_token_is_refused_before_its_body_has_come(world: World) -> None:
    assert await status_before_the_body(world, "POST /playlists/p/tracks") == b"401"


async def test_what_leads_nowhere_is_refused_before_its_body_has_come(world: World) -> None:
    assert await status_before_the_body(world, "POST /playlists/p/tracks/") == b"404"


async def status_before_the_body(world: World, call: str) -> bytes:
    """The status of an answer to a call whose body has begun and does not end."""
    host, _, port = world.edge.target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"{call} HTTP/1.1\r\nhost: edge\r\ncontent-length: 60000\r\n\r\n"
    writer.write(f'{head}{{"track_ids": ["a'.encode())
    answer = await asyncio.wait_for(reader.readline(), 20)
    writer.close()
    return answer.split()[1]


TRICKY = ['"', "\\", "{", "}", "[", "]", ",", ":", "'", "\n", "é", "a", '{"sec":1}', "\\u0041"]
NESTED = {
    "playback_id": str,
    "deviceId": str,
    "heartbeat": {"seq": int, "positionMs": int, "measurements": {"underruns": int}},
}


def written(chance: random.Random, value: Any) -> str:
    """JSON with spaces at will."""
    if isinstance(value, dict):
        inner = [f"{json.dumps(key)}{gap(chance)}:{written(chance, v)}" for key, v in value.items()]
        return f"{gap(chance)}{{{gap(chance)}{','.join(inner)}{gap(chance)}}}{gap(chance)}"
    return gap(chance) + json.dumps(value, ensure_ascii=chance.random() < 0.5) + gap(chance)


def gap(chance: random.Random) -> str:
    return "".join(chance.choices([" ", "\n", "\t"], k=chance.randrange(3)))


def invented(chance: random.Random, shape: Any) -> Any:
    if shape is int:
        return chance.choice([0, 1, "2", None])
    if shape is str:
        return "".join(chance.choices(TRICKY, k=chance.randrange(6)))
    names = chance.sample(sorted(shape), chance.randrange(len(shape) + 1))
    return {name: invented(chance, shape[name]) for name in names}


def spoilt(chance: random.Random, body: dict[str, Any]) -> str:
    """Adds a field that does not exist somewhere; its path."""
    path, inside = "", body
    while (into := [k for k, v in inside.items() if isinstance(v, dict)]) and chance.random() < 0.7:
        name = chance.choice(into)
        path, inside = f"{path}{name}.", inside[name]
    inside["nosuch"] = chance.choice([1, "x", None, [], [1, {"a": 2}], {"seq": {"b": "c"}}])
    return f"{path}nosuch"


@pytest.mark.parametrize("seed", range(60))
async def test_bodies_are_read_as_they_are_meant(world: World, seed: int) -> None:
    chance = random.Random(seed)
    body = invented(chance, NESTED)
    assert_taken(await sent(world, BEAT, written(chance, body).encode()))
    path = spoilt(chance, body)
    assert violation_of(await sent(world, BEAT, written(chance, body).encode()))[0] == path


def sizes_of(message: Descriptor, within: tuple[str, ...] = ()) -> tuple[int, int]:
    """How many paths a message has, and how long they are together."""
    count = size = 0
    for field in message.fields:
        count, size = count + 1, size + len(".".join((*within, field.name))) + 1
        inner = field.message_type
        if inner is not None and not inner.full_name.startswith("google."):
            more = sizes_of(inner, (*within, field.name))
            count, size = count + more[0], size + more[1]
    return count, size


def test_what_is_told_of_a_body_has_room_for_every_call_twice() -> None:
    for method in exposed_methods():
        count, size = sizes_of(contracts.method_of(method.contract).input_type)
        assert 2 * count <= LARGEST_FIELDS.count
        assert 2 * size <= LARGEST_FIELDS.size


def longest_lists(message: Descriptor) -> int:
    """How many keys the lists of messages in a message have when they are as long as they may."""
    found = 0
    for field in message.fields:
        inner = field.message_type
        if inner is not None and not inner.full_name.startswith("google."):
            times = field.GetOptions().Extensions[rules].max_items if field.is_repeated else 1
            found += times * (len(inner.fields) + longest_lists(inner))
    return found


def test_as_many_keys_are_read_as_the_longest_lists_have() -> None:
    for method in exposed_methods():
        assert 2 * longest_lists(contracts.method_of(method.contract).input_type) < MOST_KEYS
