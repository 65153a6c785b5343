"""What is small to send and large to take, what never ends, and what comes too often."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import zlib
from collections.abc import AsyncIterator, Iterator

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from tests.attack import answers, http2
from tests.attack.others import target, under_attack
from tests.attack.policies import is_internal, methods, name_of
from tests.attack.probes import by_grpc
from tests.attack.tallies import Tally
from tests.attack.wire import HUNG_UP, Heard, Wire, request
from tests.profiles import repeated
from tests.running_mesh import RunningMesh

MIB = 1 << 20
# So much may a message have.
LARGEST = 4 * MIB
# What a bomb unpacks to: far more than any process may grow by.
UNPACKED = repeated(512, 2_048) * MIB
KINDS = (
    "packed messages",
    "packed JSON",
    "deep JSON",
    "long lists",
    "deep messages",
    "large headers",
    "slow headers",
    "slow bodies",
    "idle connections",
)


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    tally = Tally("Bombs", KINDS)
    yield tally
    tally.show()


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """Zeros, packed by gzip."""
    packer = zlib.compressobj(9, wbits=31)
    block = bytes(8 * MIB)
    parts = [packer.compress(block) for _ in range(UNPACKED // len(block))]
    return b"".join([*parts, packer.flush()])


@pytest.fixture
async def channel(mesh: RunningMesh) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(target(mesh)) as channel:
        yield channel


def exposed() -> list[MethodDescriptor]:
    return [method for method in methods() if not is_internal(method)]


def one_of_each_service() -> list[MethodDescriptor]:
    """The first unary method of every service that is served outside."""
    found: dict[str, MethodDescriptor] = {}
    for method in exposed():
        if not (method.client_streaming or method.server_streaming):
            found.setdefault(method.containing_service.full_name, method)
    return list(found.values())


def lists() -> list[tuple[MethodDescriptor, FieldDescriptor]]:
    """Every request that has a list of texts, with that list."""
    return [
        (method, field)
        for method in exposed()
        for field in method.input_type.fields
        if field.is_repeated and field.type == FieldDescriptor.TYPE_STRING
    ]


async def refused(mesh: RunningMesh, sent: bytes) -> Heard | None:
    """What the edge answers, which is no failure of ours."""
    wire = Wire(target(mesh))
    heard = await wire.ask(sent)
    await wire.close()
    assert heard is None or 400 <= heard.status < 500, heard
    return heard


async def test_packed_messages_are_not_unpacked_beyond_what_a_message_may_have(
    mesh: RunningMesh, attacker: str, bomb: bytes, tally: Tally
) -> None:
    said = {
        "authorization": f"Bearer {attacker}",
        "grpc-encoding": "gzip",
        "x-grpc-web": "1",
    }
    content = answers.frame(bomb, 1)
    assert len(content) < LARGEST
    outcomes = []
    async with under_attack(mesh, attacker) as meanwhile:
        for method in one_of_each_service():
            path = f"/{name_of(method)}"
            wire = Wire(target(mesh))
            sent = request("POST", path, content, kind="application/grpc-web+proto", headers=said)
            heard = await wire.ask(sent)
            await wire.close()
            assert heard is not None
            outcomes.append(heard.outcome.code)
    tally.add("packed messages", "gRPC-Web", f"{sorted(set(outcomes))}; {meanwhile}")
    assert "OK" not in outcomes


async def test_packed_json_is_not_unpacked(
    mesh: RunningMesh, attacker: str, bomb: bytes, tally: Tally
) -> None:
    said = {"authorization": f"Bearer {attacker}", "content-encoding": "gzip"}
    async with under_attack(mesh, attacker) as meanwhile:
        for path in ("/playback/play", "/segue.catalog.v1.SearchService/Search"):
            body = bomb[: 500 * 1024]
            await refused(mesh, request("POST", path, body, kind="application/json", headers=said))
    tally.add("packed JSON", "JSON", str(meanwhile))


DEEP = {
    "lists": b"[" * 400_000,
    "objects": b'{"a":' * 80_000,
    "lists in a field": b'{"track_ids":' + b"[" * 400_000,
    "objects in a field": b'{"source":' * 30_000,
    "an object of many fields": b"{%s}" % b",".join(b'"f%d":1' % n for n in range(40_000)),
    "one field again and again": b"{%s}" % b",".join([b'"device_id":"a"'] * 25_000),
    "a long number": b'{"position_ms":' + b"9" * 400_000 + b"}",
    "a long escape": b'{"device_id":"' + b"\\u0041" * 60_000 + b'"}',
    "quotes": b'{"device_id":"' + b'\\"' * 200_000 + b'"}',
    "spaces": b"{" + b" " * 400_000 + b"}",
}


@pytest.mark.parametrize("kind", DEEP)
async def test_deep_and_long_json_is_refused(
    mesh: RunningMesh, attacker: str, tally: Tally, kind: str
) -> None:
    headers = {"authorization": f"Bearer {attacker}"}
    calls = ("/playback/play", "/segue.playback.v1.PlaybackService/Play", "/users")
    async with under_attack(mesh, attacker) as meanwhile:
        for path in calls:
            sent = request("POST", path, DEEP[kind], kind="application/json", headers=headers)
            await refused(mesh, sent)
    tally.add("deep JSON", "JSON", "refused")
    assert meanwhile.grown["envoy"] < 128


def test_there_are_lists_and_services_to_attack() -> None:
    assert len(lists()) > 10
    assert len(one_of_each_service()) > 8


async def test_lists_as_long_as_a_message_can_be_are_refused(
    mesh: RunningMesh, channel: grpc.aio.Channel, attacker: str, seed: int, tally: Tally
) -> None:
    headers = {"authorization": f"Bearer {attacker}"}
    several = lists()[seed % 5 :: repeated(5, 1)]
    async with under_attack(mesh, attacker) as meanwhile:
        for method, field in several:
            item = bytes([*_varint(field.number << 3 | 2), 0])
            content = item * (LARGEST // len(item) - 10)
            outcome = await by_grpc(channel, method, content, headers)
            assert outcome.reason, (name_of(method), outcome)
            assert outcome.code not in ("OK", "INTERNAL", "UNKNOWN"), (name_of(method), outcome)
    tally.add("long lists", "gRPC", f"{len(several)} refused; {meanwhile}")


def _varint(number: int) -> list[int]:
    return [number] if number < 128 else [number % 128 + 128, *_varint(number // 128)]


@pytest.mark.parametrize("kind", ["groups", "messages"])
async def test_messages_as_deep_as_they_can_be_are_refused(
    mesh: RunningMesh, channel: grpc.aio.Channel, attacker: str, tally: Tally, kind: str
) -> None:
    headers = {"authorization": f"Bearer {attacker}"}
    async with under_attack(mesh, attacker) as meanwhile:
        for method in one_of_each_service():
            content = b"\x0b" * (LARGEST - 1_000) if kind == "groups" else _nested(20_000)
            outcome = await by_grpc(channel, method, content, headers)
            assert outcome.code not in ("INTERNAL", "UNKNOWN"), (name_of(method), outcome)
    tally.add("deep messages", "gRPC", str(meanwhile))


def _nested(depth: int) -> bytes:
    """A field in a field in a field."""
    content = b""
    for _ in range(depth):
        content = b"\x0a" + bytes(_varint(len(content))) + content
        if len(content) > MIB:
            break
    return content


@pytest.mark.parametrize("count", [1, 90, 5_000])
async def test_large_headers_are_refused_before_anything_is_done(
    mesh: RunningMesh, attacker: str, tally: Tally, count: int
) -> None:
    headers = {f"x-{number}": "y" * (2 * MIB // count) for number in range(count)}
    async with under_attack(mesh, attacker) as meanwhile:
        for path in ("/plans", "/search"):
            heard = await refused(mesh, request("GET", path, headers=headers))
            assert heard is None or heard.status == 431
    tally.add("large headers", "HTTP/1.1", f"431; {meanwhile}")


SLOW = {
    "slow headers": b"GET /plans HTTP/1.1\r\nhost: edge\r\nx-slow: ",
    "slow bodies": b"POST /users HTTP/1.1\r\nhost: edge\r\ncontent-type: application/json\r\n"
    b"content-length: 60000\r\n\r\n",
}


@pytest.mark.parametrize("kind", SLOW)
async def test_who_sends_slowly_without_a_token_is_gone_within_seconds(
    mesh: RunningMesh, attacker: str, tally: Tally, kind: str
) -> None:
    count = repeated(50, 1_000)
    async with under_attack(mesh, attacker) as meanwhile:
        ended = await asyncio.gather(*(_drip(mesh, SLOW[kind]) for _ in range(count)))
    tally.add(kind, "HTTP/1.1", f"{count} connections: {sorted(set(ended))}; {meanwhile}")
    assert set(ended) <= {"408", "hung up"}


async def _drip(mesh: RunningMesh, head: bytes) -> str:
    """A byte every half second, until the edge has had enough: what it says then."""
    host, _, port = target(mesh).rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))

    async def send() -> None:
        writer.write(head)
        while True:
            await asyncio.sleep(0.5)
            writer.write(b" ")
            await writer.drain()

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(60):
            answer = await reader.read(65_536)
    except HUNG_UP:
        answer = b""
    except TimeoutError:
        return "held"
    finally:
        sending.cancel()
        await asyncio.wait([sending])
        writer.close()
    return answer.split()[1].decode() if answer else "hung up"


async def test_connections_that_say_nothing_keep_nobody_out(
    mesh: RunningMesh, attacker: str, tally: Tally
) -> None:
    count = repeated(400, 5_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * count)), hard))
    async with under_attack(mesh, attacker) as meanwhile, contextlib.AsyncExitStack() as held:
        for number in range(count):
            first = b"" if number % 2 else http2.frame(http2.SETTINGS)
            await held.enter_async_context(http2.opened(target(mesh), first))
        for _ in range(5):
            await meanwhile.served()
    tally.add("idle connections", "HTTP/2", f"{count:,} held; {meanwhile}")
