"""What is wrong with devices, commands, queues and positions, and a thousand streams at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import httpx
import pytest
from e2e_album import SONGS, Music, Tokens
from edge_calls import (
    INVALID,
    NOT_FOUND,
    EdgeStubs,
    Refusal,
    bearer,
    grpc_refusal,
    json_refusal,
    play,
)
from playlist_callers import Caller, events, ids_of
from segue.device.v1 import device_service_pb2 as pb
from wrong_calls import (
    NOBODY,
    Case,
    assert_refused_as_grpc,
    assert_refused_as_json,
    invalid,
    missing,
)

from tests.contracts.playback.play_fields import play_fields
from tests.plain_http import PLAIN
from tests.running_mesh import RunningMesh

STREAMS_PER_USER = 16
MOST_PLAYED_FROM, MOST_QUEUED = 10_000, 500
LAST_MS = 24_000
LIMIT_REACHED = Refusal("RESOURCE_EXHAUSTED", "LIMIT_REACHED")

COMMANDS = "POST /devices/{device_id}/commands", "devices.SendCommand"
APPLIED = "POST /devices/{device_id}/applied", "devices.ReportApplied"
ADD = "POST /playback/queue", "playback.AddToQueue"
PLAY = "POST /playback/play", "playback.Play"
ONE = play_fields(track_id="{track}")
DEVICE_CALLS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (*COMMANDS, {"volume": {"percent": 3}}),
    (*APPLIED, {"applied": [{"number": 1, "status": "DONE"}]}),
    ("GET /devices/{device_id}", "devices.GetDevice", {}),
    ("GET /devices/{device_id}/commands", "devices.ListCommands", {}),
    ("GET /devices/{device_id}/commands/events", "devices.WatchCommands", {}),
    ("GET /devices/{device_id}/commands/1", "devices.GetCommand", {"number": 1}),
    ("PATCH /devices/{device_id}", "devices.UpdateDevice", {"device": {"name": "Mine"}}),
    ("POST /devices/transfer", "devices.Transfer", {}),
    ("PUT /playback/skip", "playback.Skip", {}),
)


def state(name: str, reason: str, call: tuple[str, str], /, **fields: Any) -> Case:
    return Case(name, *call, fields, Refusal("FAILED_PRECONDITION", reason))


def wrong(call: tuple[str, str], field: str, what: str, /, **fields: Any) -> Case:
    return invalid(f"{what} {call[1]}", *call, field, **fields)


def speaker(field: str, what: str, /, **fields: Any) -> Case:
    return wrong(COMMANDS, field, what, device_id="speaker", **fields)


def applied(field: str, what: str, /, **fields: Any) -> Case:
    return wrong(APPLIED, field, what, device_id="speaker", **fields)


CASES = [
    *(
        Case(f"{device} device {rpc}", http, rpc, {"device_id": device, **fields}, NOT_FOUND)
        for device in ("unknown", "removed", "theirs")
        for http, rpc, fields in DEVICE_CALLS
    ),
    speaker("command", "none"),
    speaker("position_ms", "before the start", seek={"position_ms": -1}),
    speaker("position_ms", "far before the start", seek={"position_ms": -(2**31)}),
    speaker("position_ms", "play early", play={**ONE, "position_ms": -1}),
    speaker("percent", "loud", volume={"percent": 101}),
    speaker("percent", "silent", volume={"percent": -1}),
    speaker("wait", "long", volume={"percent": 1}, wait="11s"),
    speaker("wait", "negative", volume={"percent": 1}, wait="-1s"),
    speaker("track_ids", "empty", enqueue={}),
    speaker("track_ids", "full", enqueue={"track_ids": ["{track}"] * (MOST_QUEUED + 1)}),
    speaker("sender_device_id", "odd", pause={}, sender_device_id="my phone"),
    applied("number", "never given", applied=[{"number": 99, "status": "DONE"}]),
    applied("number", "zero", applied=[{"number": 0, "status": "DONE"}]),
    applied("number", "negative", applied=[{"number": -1, "status": "DONE"}]),
    applied("status", "still pending", applied=[{"number": 1, "status": "PENDING"}]),
    applied("applied", "many", applied=[{"number": 1, "status": "DONE"}] * 501),
    applied("volume_percent", "loud", state={"volume_percent": 101}),
    invalid(
        "never given to a stream",
        "GET /devices/{device_id}/commands/events?last_applied=99",
        "devices.WatchCommands",
        "last_applied",
        device_id="speaker",
        last_applied=99,
    ),
    invalid(
        "negative on a stream",
        "GET /devices/{device_id}/commands/events?last_applied=-1",
        "devices.WatchCommands",
        "last_applied",
        device_id="speaker",
        last_applied=-1,
    ),
    Case(
        "deaf stream",
        "GET /devices/{device_id}/commands/events",
        "devices.WatchCommands",
        {"device_id": "phone"},
        Refusal("FAILED_PRECONDITION", "NOT_SUPPORTED_BY_DEVICE"),
    ),
    invalid(
        "negative page of commands",
        "GET /devices/{device_id}/commands?page_size=-1",
        "devices.ListCommands",
        "page_size",
        device_id="speaker",
        page_size=-1,
    ),
    invalid(
        "update of another",
        "PATCH /devices/{device_id}",
        "devices.UpdateDevice",
        "device_id",
        device_id="speaker",
        device={"device_id": "phone"},
    ),
    invalid(
        "nameless",
        "PATCH /devices/{device_id}",
        "devices.UpdateDevice",
        "name",
        device_id="speaker",
        device={"name": ""},
    ),
    missing("GET /devices/speaker/commands/9", "devices.GetCommand", device_id="speaker", number=9),
    invalid("odd id", "POST /devices", "devices.RegisterDevice", "device_id", device_id="a b"),
    invalid(
        "long name",
        "POST /devices",
        "devices.RegisterDevice",
        "name",
        device_id="a",
        name="n" * 101,
    ),
    invalid(
        "unknown kind", "POST /devices", "devices.RegisterDevice", "kind", device_id="a", kind=99
    ),
    state("elsewhere", "DEVICE_NOT_PLAYING", COMMANDS, device_id="speaker", pause={}),
    state("deaf", "NOT_SUPPORTED_BY_DEVICE", COMMANDS, device_id="phone", pause={}),
    state("offline", "DEVICE_OFFLINE", COMMANDS, device_id="speaker", play=ONE),
    state(
        "offline transfer",
        "DEVICE_OFFLINE",
        ("POST /devices/transfer", "devices.Transfer"),
        device_id="speaker",
    ),
    state(
        "not ended",
        "TRACK_NOT_ENDED",
        ("POST /playback/advance", "playback.Advance"),
        playback_id="{session}",
        play_id="{play}",
    ),
    wrong(ADD, "track_ids", "empty"),
    wrong(ADD, "track_ids", "many", track_ids=["{track}"] * (MOST_QUEUED + 1)),
    missing(*ADD, track_ids=["{track}", NOBODY]),
    wrong(
        ("PUT /playback/queue", "playback.EditQueue"),
        "track_ids",
        "many",
        track_ids=["{track}"] * (MOST_QUEUED + 1),
    ),
    wrong(("POST /playback/queue/remove", "playback.RemoveFromQueue"), "item_ids", "empty"),
    missing("POST /playback/queue/move", "playback.MoveInQueue", item_ids=[NOBODY]),
    wrong(("GET /playback/queue?offset=-1", "playback.GetQueue"), "offset", "negative", offset=-1),
    wrong(
        ("GET /playback/queue?page_size=-1", "playback.GetQueue"),
        "page_size",
        "negative",
        page_size=-1,
    ),
    wrong(
        ("GET /playback/history?page_size=-1", "history.ListHistory"),
        "page_size",
        "negative",
        page_size=-1,
    ),
    Case(
        "made up page token of a history",
        "GET /playback/history?page_token=abc",
        "history.ListHistory",
        {"page_token": "abc"},
        Refusal("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID"),
    ),
    wrong(("PUT /playback/repeat", "playback.SetRepeat"), "repeat", "no"),
    wrong(
        ("PUT /me/preferences", "preferences.UpdatePreferences"),
        "bitrate_pref",
        "unknown",
        preferences={"bitrate_pref": 321},
    ),
    wrong(
        PLAY,
        "track_ids",
        "many",
        device_id="phone",
        **play_fields(track_ids=["{track}"] * (MOST_PLAYED_FROM + 1)),
    ),
    wrong(PLAY, "track_id", "both ways", device_id="phone", **{**ONE, "track_id": "{track}"}),
    wrong(PLAY, "item", "both ways", device_id="phone", **{**ONE, "item": "{track}"}),
    wrong(PLAY, "playlist_id", "both ways", device_id="phone", **{**ONE, "playlist_id": NOBODY}),
    wrong(PLAY, "source", "nothing from", device_id="phone", source={}),
    speaker("source", "nothing from", play={}),
]


@pytest.fixture
def ada(mesh: RunningMesh, free: str) -> Caller:
    return Caller(mesh, free)


@pytest.fixture
def words(ada: Caller, music: Music, tokens: Tokens) -> dict[str, str]:
    """A user who plays on a phone, has a speaker that is away, and had one that is removed."""
    track = music.id_of(SONGS[0])
    stranger = Caller(ada.mesh, tokens("neighbour"))
    stranger.post("/devices", {"device_id": "theirs"})
    for device in ("speaker", "removed"):
        ada.post("/devices", {"device_id": device})
    ada.call("DELETE", "/devices/removed")
    session = play(ada.mesh, ada.token, track, "phone")
    return {"track": track, "session": session["playback_id"], "play": session["play_id"]}


def known(caller: Caller) -> Any:
    """What commands change of playback, and the devices; who tries to connect was seen."""
    playback, devices = caller.get("/playback"), caller.get("/devices")["devices"]
    for device in devices:
        del device["last_seen_at"]
    return playback["epoch"], playback["revision"], playback["queue_count"], devices


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
async def test_a_wrong_call_is_refused_alike_and_changes_nothing(
    ada: Caller, words: dict[str, str], stubs: EdgeStubs, case: Case
) -> None:
    before = known(ada)
    assert_refused_as_json(ada.mesh, case, words, ada.token)
    await assert_refused_as_grpc(stubs, case, words, ada.token)
    assert known(ada) == before


@pytest.mark.parametrize("position_ms", [2**31, -(2**31) - 1, 1.5, "soon", [], True])
def test_a_position_that_is_no_number_of_milliseconds_is_refused(
    ada: Caller, words: dict[str, str], position_ms: Any
) -> None:
    for path, body in (
        ("/devices/speaker/commands", {"seek": {"position_ms": position_ms}}),
        ("/playback/seek", {"playback_id": words["session"], "position_ms": position_ms}),
    ):
        answer = ada.try_("POST", path, body)
        assert (answer.status, json_refusal(answer)) == (400, INVALID)


@pytest.mark.parametrize("position_ms", [LAST_MS + 1, 2**31 - 1])
def test_a_device_is_sent_to_the_end_by_a_seek_beyond_it(
    ada: Caller, music: Music, position_ms: int
) -> None:
    ada.post("/devices", {"device_id": "speaker"})
    play(ada.mesh, ada.token, music.id_of(SONGS[0]), "speaker")
    sent = ada.post("/devices/speaker/commands", {"seek": {"position_ms": position_ms}})
    assert sent["command"]["target"]["position_ms"] == LAST_MS


def test_a_queue_takes_so_many_and_says_so(ada: Caller, music: Music) -> None:
    track = music.id_of(SONGS[0])
    play(ada.mesh, ada.token, track)
    ada.call("PUT", "/playback/queue", {"track_ids": [track] * MOST_QUEUED})
    answer = ada.try_("POST", "/playback/queue", {"track_ids": [track]})
    assert json_refusal(answer) == Refusal("FAILED_PRECONDITION", "QUEUE_FULL")
    queue = ada.get("/playback/queue?page_size=2147483647")
    assert (len(queue["entries"]), queue["total_count"]) == (MOST_QUEUED, MOST_QUEUED)
    assert ada.get("/playback/queue?offset=2147483647")["entries"] == []


def test_ten_thousand_tracks_are_played_from_and_a_body_beyond_the_bound_is_not_read(
    ada: Caller, music: Music
) -> None:
    tracks = ids_of(music) * (MOST_PLAYED_FROM // len(SONGS) + 1)
    order = {"device_id": "phone", **play_fields(track_ids=tracks[:MOST_PLAYED_FROM])}
    ada.post("/playback/play", order)
    queue = ada.get("/playback/queue?page_size=99999")
    assert (len(queue["entries"]), queue["total_count"]) == (500, MOST_PLAYED_FROM - 1)
    before = ada.get("/playback")["revision"]
    answer = ada.try_("POST", "/playback/play", {**order, **play_fields(track_ids=tracks * 2)})
    assert (answer.status, json_refusal(answer)) == (413, INVALID)
    assert ada.get("/playback")["revision"] == before


class Held:
    """A Connect stream over a channel to the edge."""

    def __init__(self, stubs: EdgeStubs, token: str) -> None:
        self._call = stubs.devices.Connect(metadata=bearer(token))

    async def say_hello(self, device_id: str, last_applied: int = 0) -> None:
        hello = pb.ConnectRequest.Hello(device_id=device_id, last_applied=last_applied)
        await self._call.write(pb.ConnectRequest(hello=hello))

    async def hello(self, device_id: str) -> None:
        await self.say_hello(device_id)
        assert (await self.read()).HasField("welcome")

    async def read(self) -> Any:
        async with asyncio.timeout(60):
            return await self._call.read()

    async def refusal(self) -> Refusal:
        """How the stream was refused."""
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await self.read()
        return grpc_refusal(refused.value)

    def cancel(self) -> None:
        self._call.cancel()


async def test_a_device_that_counts_what_was_never_given_is_not_made_known(
    ada: Caller, stubs: EdgeStubs
) -> None:
    device = Held(stubs, ada.token)
    await device.say_hello("removed-since", last_applied=5)
    assert await device.refusal() == INVALID
    assert ada.get("/devices")["devices"] == []
    again = Held(stubs, ada.token)
    await again.hello("removed-since")
    again.cancel()


@asynccontextmanager
async def a_full_house(stubs: EdgeStubs, token: str) -> AsyncIterator[list[Held]]:
    """As many devices as one user may connect."""
    devices = [Held(stubs, token) for _ in range(STREAMS_PER_USER)]
    for number, device in enumerate(devices):
        await device.hello(f"device-{number}")
    yield devices
    for device in devices:
        device.cancel()


async def test_of_a_thousand_streams_of_one_token_few_are_held_and_those_go_on(
    ada: Caller, stubs: EdgeStubs, premium: str
) -> None:
    async with a_full_house(stubs, ada.token) as devices:
        surplus = [Held(stubs, ada.token) for _ in range(1_000)]
        refusals = await asyncio.gather(*(stream.refusal() for stream in surplus))
        assert set(refusals) == {LIMIT_REACHED}
        other = Held(stubs, premium)
        await other.hello("somebody-elses")
        other.cancel()
        capable = {"device_id": "device-15", "capabilities": {"volume": True}}
        await asyncio.to_thread(ada.post, "/devices", capable)
        louder = {"volume": {"percent": 50}}
        await asyncio.to_thread(ada.post, "/devices/device-15/commands", louder)
        assert (await devices[15].read()).command.volume_percent == 50
        online = [
            each["online"] for each in (await asyncio.to_thread(ada.get, "/devices"))["devices"]
        ]
        assert online == [True] * STREAMS_PER_USER


async def test_one_view_too_many_is_refused_with_when_to_come_back(ada: Caller) -> None:
    path = "/playback/events"
    async with AsyncExitStack() as stack:
        views = [events(ada.mesh, ada.token, "GET", path) for _ in range(STREAMS_PER_USER)]
        # To forget what is heard would end a stream.
        heard = [await stack.enter_async_context(view) for view in views]
        assert [await anext(each) for each in heard] == [{"nothing_played": {}}] * STREAMS_PER_USER
        async with httpx.AsyncClient(**PLAIN, timeout=60) as client:
            answer = await client.get(ada.mesh.edge + path, headers=dict(bearer(ada.token)))
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["details"][0]["reason"] == "LIMIT_REACHED"
