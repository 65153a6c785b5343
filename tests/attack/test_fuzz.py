"""Altered requests by the thousand: each is answered in our words, and nothing is shaken."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import pytest

from localmesh.layout import Layout
from tests.attack.alterations import Alterer, altered_bytes
from tests.attack.answers import frames_of
from tests.attack.media_paths import NAMES, altered_address, traversal
from tests.attack.others import target
from tests.attack.policies import is_internal, methods, name_of
from tests.attack.principals import SignIns
from tests.attack.probes import by_grpc
from tests.attack.tallies import Tally
from tests.attack.watching import unharmed
from tests.attack.wire import Heard, Wire, request
from tests.bound_cases import valid
from tests.profiles import repeated
from tests.running_mesh import RunningMesh

AT_ONCE = 8
LONGEST_S = repeated(120, 3_600)
OPEN_TO_ALL = ("/", "/healthz", "/openapi.json", "/plans")
# A stream that was let in may last for ever.
LINGER_S = 0.2
# Twice what any call may take.
PATIENCE_S = 20.0
MOST_MIB = 256
STREAMS = [
    name_of(method).encode()
    for method in methods()
    if method.client_streaming or method.server_streaming
]
NEVER = frozenset({"INTERNAL", "UNKNOWN", "DATA_LOSS"})


@pytest.fixture
async def channel(mesh: RunningMesh) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(target(mesh)) as channel:
        yield channel


def wrong_with(sent: bytes, heard: Heard | None) -> str | None:
    """What no answer may be."""
    if heard is None or sent.startswith(b"HEAD "):
        return None
    outcome = heard.outcome
    if b"Traceback" in heard.body:
        return "a traceback"
    if outcome.code in NEVER and not (not outcome.reason and says_packed(sent)):
        return f"{heard.status} {outcome}"
    # Of a method that there is not, and of a caller who had no time.
    meant = {501: outcome.reason == "UNIMPLEMENTED", 504: b"-timeout" in sent}
    if heard.status >= 500 and not meant.get(heard.status):
        return f"{heard.status} {outcome} {heard.body[:300]!r}"
    return None


def says_packed(sent: bytes) -> bool:
    """Whether a frame says that it is packed and nothing says how: gRPC's own word is INTERNAL."""
    head, _, body = sent.partition(b"\r\n\r\n")
    if b"application/grpc-web-text" in head:
        with contextlib.suppress(binascii.Error):
            body = base64.b64decode(body)
    return b"grpc-web" in head and any(flag & 1 for flag, _ in frames_of(body))


def stands(sent: bytes) -> bool:
    """Whether the call is one of a stream, which may have nothing to say."""
    return any(b" /%b HTTP" % name in sent for name in STREAMS)


def shown(sent: bytes) -> str:
    """A request without its token."""
    return repr(re.sub(rb"Bearer ey[\w.-]+", b"Bearer ...", sent)[:800])


async def in_turn(numbers: range, deed: Callable[[Iterator[int]], Awaitable[None]]) -> None:
    waiting = iter(numbers)
    await asyncio.gather(*(deed(waiting) for _ in range(AT_ONCE)))


@pytest.mark.timeout(LONGEST_S)
async def test_altered_requests_are_answered_in_our_words(
    mesh: RunningMesh, attacker: str, admin: str, seed: int
) -> None:
    alterer = Alterer(seed)
    signed_in, wrong = SignIns(mesh, [attacker, attacker, admin]), list[str]()
    tally = Tally(f"Altered requests of seed {seed}", alterer.kinds)

    async def work(waiting: Iterator[int]) -> None:
        wire = Wire(target(mesh))
        for number in waiting:
            token = signed_in.token(number)
            kind, sent = alterer.request(number, token)
            try:
                heard = await wire.ask(sent, linger_s=LINGER_S, patience_s=PATIENCE_S)
            except TimeoutError as error:
                if stands(sent):
                    tally.add(kind, "HTTP/1.1", "standing")
                    continue
                wrong.append(f"{number}: {error!r}: {shown(sent)}")
                continue
            tally.add(kind, "HTTP/1.1", _told(heard))
            if said := wrong_with(sent, heard):
                wrong.append(f"{number}: {said}: {shown(sent)}")
        await wire.close()

    async with unharmed(mesh.folder, most_mib=MOST_MIB):
        await in_turn(range(repeated(2_000, 80_000)), work)
    tally.show()
    assert not wrong, "\n".join(wrong)


def _told(heard: Heard | None) -> str:
    if heard is None:
        return "hung up"
    outcome = heard.outcome
    return outcome.reason or outcome.code


@pytest.mark.timeout(LONGEST_S)
async def test_bytes_that_were_a_message_are_answered_in_our_words(
    mesh: RunningMesh, channel: grpc.aio.Channel, attacker: str, admin: str, seed: int
) -> None:
    exposed = [method for method in methods() if not is_internal(method)]
    signed_in, wrong = SignIns(mesh, [attacker, attacker, admin]), list[str]()
    tally = Tally(f"Altered messages of seed {seed}", ["protobuf"])

    async def work(waiting: Iterator[int]) -> None:
        for number in waiting:
            chance = random.Random(f"{seed}:message:{number}")
            method = chance.choice(exposed)
            content = altered_bytes(chance, valid(method.input_type).SerializeToString())
            token = signed_in.token(number)
            headers = {"authorization": f"Bearer {token}"}
            outcome = await by_grpc(channel, method, content, headers, stands_s=LINGER_S)
            tally.add("protobuf", "gRPC", outcome.reason or outcome.code)
            if outcome.code in NEVER or (outcome.code != "OK" and not outcome.reason):
                wrong.append(f"{name_of(method)} {content!r}: {outcome}")

    async with unharmed(mesh.folder, most_mib=MOST_MIB):
        await in_turn(range(repeated(500, 20_000)), work)
    tally.show()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def stream_url(mesh: RunningMesh, track_id: str) -> str:
    order = {"track_id": track_id, "device_id": "fuzz"}
    answer = mesh.call("POST", "/playback/play", order, token=mesh.token("media-attacker"))
    assert answer.status == 200, answer
    return str(answer.body["stream_url"])


def secrets_of(mesh: RunningMesh) -> list[bytes]:
    """What no answer may hold."""
    found = [path.read_bytes().strip() for path in Layout.at(mesh.folder).secrets.iterdir()]
    return [*found, *(line for line in Path("/etc/passwd").read_bytes().splitlines()[:1])]


async def _ask_paths(
    mesh: RunningMesh, paths: list[str], tally: Tally, kind: str
) -> list[tuple[str, Heard]]:
    """What each path is answered, where that is what no answer may be; and every success."""
    wire = Wire(target(mesh))
    found = []
    secrets = secrets_of(mesh)
    for path in paths:
        sent = request("GET", path)
        heard = await wire.ask(sent)
        tally.add(kind, "HTTP/1.1", _told(heard) if heard is None else f"{heard.status}")
        assert wrong_with(sent, heard) is None, (path, heard)
        if heard is not None:
            assert not any(secret in heard.body for secret in secrets), path
            if heard.status < 400:
                found.append((path, heard))
    await wire.close()
    return found


async def test_an_altered_capability_opens_nothing(
    mesh: RunningMesh, stream_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    tally = Tally("Media addresses", ["given", "altered"])
    given = await _ask_paths(mesh, [stream_url.removeprefix(mesh.edge)], tally, "given")
    assert [heard.status for _, heard in given] == [200]
    altered = [altered_address(chance, stream_url) for _ in range(repeated(300, 5_000))]
    async with unharmed(mesh.folder, most_mib=MOST_MIB):
        assert await _ask_paths(mesh, altered, tally, "altered") == []
    tally.show()


async def test_no_path_leads_out_of_where_it_is(
    mesh: RunningMesh, stream_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    given = urlsplit(stream_url).path.rpartition("/")[0]
    tally = Tally("Traversals", ["open to all", "given", "of media", "of JSON"])
    opened = await _ask_paths(mesh, list(OPEN_TO_ALL), tally, "open to all")
    assert [heard.status for _, heard in opened] == [200] * len(OPEN_TO_ALL)
    own = await _ask_paths(mesh, [f"{given}/{name}" for name in NAMES], tally, "given")
    assert [heard.status for _, heard in own] == [200] * len(NAMES)
    # Wherever a path leads in the end: to what the caller may see anyway, or nowhere.
    known = {heard.body for _, heard in (*opened, *own)}
    many = repeated(200, 3_000)
    asked = {
        "of media": [traversal(chance, stream_url) for _ in range(many)],
        "of JSON": [traversal(chance, "http://edge/users/by-name/me/x") for _ in range(many)],
    }
    async with unharmed(mesh.folder, most_mib=MOST_MIB):
        for kind, paths in asked.items():
            for path, heard in await _ask_paths(mesh, paths, tally, kind):
                assert heard.body in known, (path, heard)
    tally.show()
