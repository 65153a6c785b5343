"""A device without gRPC: it hears commands as events, says what it applied, and plays on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from e2e_album import SONGS, Music
from edge_calls import Refusal, capability_of, json_refusal
from playlist_callers import Caller, events, ids_of

from tests.contracts.playback.play_fields import play_fields
from tests.running_mesh import RunningMesh

SPEAKER = {"device_id": "speaker", "kind": "speaker", "capabilities": {"volume": True}}
COMMANDS = "/devices/speaker/commands"


@pytest.fixture
def ada(mesh: RunningMesh, free: str) -> Caller:
    return Caller(mesh, free)


class Speaker:
    """A device that holds the events of its commands."""

    def __init__(self, caller: Caller, heard: AsyncIterator[Any]) -> None:
        self._caller = caller
        self._heard = heard

    async def hear(self) -> Any:
        async with asyncio.timeout(30):
            return await anext(self._heard)

    async def obey(self, **said: Any) -> Any:
        """The next command, applied."""
        command = (await self.hear())["command"]
        applied = {"number": command["number"], "status": "DONE", **said}
        answer = await called(self._caller, "POST", "/devices/speaker/applied", applied=[applied])
        assert answer == {"last_applied": command["number"]}
        if "stream" in command:
            self._caller.mesh.secrets.add(capability_of(command["stream"]["stream_url"]))
        return command


async def called(caller: Caller, method: str, path: str, **body: Any) -> Any:
    return await asyncio.to_thread(caller.call, method, path, body or None)


@asynccontextmanager
async def a_speaker(ada: Caller, last_applied: int = 0) -> AsyncIterator[tuple[Speaker, Any]]:
    """The device, connected, and its welcome."""
    path = f"{COMMANDS}/events?last_applied={last_applied}"
    async with events(ada.mesh, ada.token, "GET", path) as heard:
        speaker = Speaker(ada, heard)
        yield speaker, (await speaker.hear())["welcome"]


def test_a_device_is_registered_listed_renamed_and_removed(ada: Caller) -> None:
    made = ada.post("/devices", {**SPEAKER, "name": "Küche"})["device"]
    assert (made["name"], made["kind"], made["online"]) == ("Küche", "SPEAKER", False)
    assert made["capabilities"] == {"rungs": [], "codecs": [], "drm_systems": [], "volume": True}
    assert made["registered_at"].endswith("Z")
    changed = ada.call("PATCH", "/devices/speaker", {"name": "Bad", "kind": "TV"})["device"]
    assert (changed["name"], changed["kind"]) == ("Bad", "TV")
    assert ada.get("/devices/speaker") == changed
    assert ada.get("/devices") == {"devices": [changed]}
    assert ada.call("DELETE", "/devices/speaker") == {}
    assert ada.get("/devices") == {"devices": []}


def test_a_device_that_was_read_is_taken_back_and_changes_nothing(
    ada: Caller, music: Music
) -> None:
    ada.post("/devices", {**SPEAKER, "name": "Küche"})
    ada.post(COMMANDS, {"volume": {"percent": 30}})
    ada.post("/devices/speaker/applied", {"applied": [{"number": 1, "status": "DONE"}]})
    ada.post("/playback/play", {"track_id": music.id_of(SONGS[0]), "device_id": "speaker"})
    held = ada.get("/devices/speaker")
    assert (held["volume_percent"], held["active"]) == (30, True)
    assert ada.call("PATCH", "/devices/speaker", held)["device"] == held
    assert ada.get("/devices/speaker") == held
    others = ada.try_("PATCH", "/devices/speaker", {**held, "device_id": "laptop"})
    assert json_refusal(others) == Refusal("INVALID_ARGUMENT", "INVALID_FIELD")
    once = "/devices/speaker?request_id=once"
    first = ada.call("PATCH", once, {"name": "Bad"})
    ada.call("PATCH", "/devices/speaker", {"name": "Küche"})
    assert ada.call("PATCH", once, {"name": "Bad"}) == first
    assert ada.get("/devices/speaker")["name"] == "Küche"


def test_commands_are_listed_newest_first(ada: Caller) -> None:
    ada.post("/devices", SPEAKER)
    assert ada.get(COMMANDS) == {"commands": [], "next_page_token": ""}
    sent = [ada.post(COMMANDS, {"volume": {"percent": each}})["command"] for each in range(3)]
    page = ada.get(f"{COMMANDS}?page_size=2")
    assert page["commands"] == [sent[2], sent[1]]
    rest = ada.get(f"{COMMANDS}?page_size=2&page_token={page['next_page_token']}")
    assert rest == {"commands": [sent[0]], "next_page_token": ""}


async def test_a_command_is_heard_applied_and_seen_done_by_its_sender(
    ada: Caller, music: Music
) -> None:
    ada.post("/devices", SPEAKER)
    tracks = ids_of(music)
    async with a_speaker(ada) as (speaker, welcome):
        assert welcome == {"last_applied": 0}
        play = play_fields(track_ids=tracks[:3], repeat="context")
        sent = await called(ada, "POST", COMMANDS, play=play, sender_device_id="phone")
        command = sent["command"]
        assert (command["number"], command["kind"], command["status"]) == (1, "PLAY", "PENDING")
        waiting = asyncio.create_task(called(ada, "GET", f"{COMMANDS}/1?wait=5s"))
        obeyed = await speaker.obey()
        assert (await waiting)["status"] == "DONE"
        assert obeyed["target"] == command["target"]
        assert (obeyed["sender_device_id"], obeyed["status"]) == ("phone", "PENDING")
        target = obeyed["target"]
        assert (target["status"], target["repeat"], target["device_id"]) == (
            "PLAYING",
            "CONTEXT",
            "speaker",
        )
        assert target["context"] == {
            "ref": {"kind": "TRACKS", "id": ""},
            "track_count": 3,
            "played_count": 1,
        }
        manifest = ada.mesh.call("GET", obeyed["stream"]["stream_url"])
        assert (manifest.status, manifest.text.splitlines()[0]) == (200, "#EXTM3U")


async def test_commands_come_in_order_and_a_device_that_comes_back_gets_the_rest(
    ada: Caller, music: Music
) -> None:
    ada.post("/devices", SPEAKER)
    async with a_speaker(ada) as (speaker, _):
        await called(ada, "POST", COMMANDS, play=play_fields(track_ids=ids_of(music)))
        assert (await speaker.obey())["kind"] == "PLAY"
        online = ada.get("/devices")["devices"][0]
        assert (online["online"], online["active"]) == (True, True)
    await called(ada, "POST", COMMANDS, seek={"position_ms": 2_000})
    await called(ada, "POST", COMMANDS, pause={})
    await called(ada, "POST", COMMANDS, volume={"percent": 30})
    async with a_speaker(ada, last_applied=1) as (speaker, welcome):
        assert welcome["playback"]["status"] == "PAUSED"
        assert welcome["stream"]["stream_url"]
        assert welcome["last_applied"] == 1
        heard = [await speaker.obey() for _ in range(3)]
    assert [(each["number"], each["kind"]) for each in heard] == [
        (2, "SEEK"),
        (3, "PAUSE"),
        (4, "VOLUME"),
    ]
    assert heard[0]["target"]["position_ms"] == 2_000
    assert heard[2]["volume_percent"] == 30
    assert "target" not in heard[2]


async def test_a_command_that_failed_says_why_to_its_sender(ada: Caller, music: Music) -> None:
    ada.post("/devices", SPEAKER)
    async with a_speaker(ada) as (speaker, _):
        play = play_fields(track_id=music.id_of(SONGS[0]))
        sending = asyncio.create_task(called(ada, "POST", COMMANDS, play=play, wait="5s"))
        await speaker.obey(status="failed", detail="no sound card")
        answer = (await sending)["command"]
    assert (answer["status"], answer["detail"]) == ("FAILED", "no sound card")
    assert "stream" not in answer


async def test_playback_is_handed_over_and_the_device_that_lost_is_told(
    ada: Caller, music: Music
) -> None:
    ada.post("/devices", SPEAKER)
    order = play_fields(track_ids=ids_of(music), device_id="laptop", shuffle=False)
    playing = ada.post("/playback/play", order)
    async with a_speaker(ada) as (speaker, _):
        moved = await called(ada, "POST", "/devices/transfer", device_id="speaker")
        assert moved["command_number"] == 1
        transferred = await speaker.obey()
        assert transferred["kind"] == "TRANSFER"
        assert transferred["target"]["epoch"] == playing["epoch"] + 1
        assert transferred["target"]["play_id"] == playing["play_id"]
        again = play_fields(track_ids=ids_of(music), device_id="laptop")
        await called(ada, "POST", "/playback/play", **again)
        assert (await speaker.obey())["kind"] == "STOP"
    back = ada.try_("POST", "/devices/transfer", {"device_id": "speaker"})
    assert json_refusal(back) == Refusal("FAILED_PRECONDITION", "DEVICE_OFFLINE")


async def test_a_removed_device_hears_that_it_is_none_any_more(ada: Caller) -> None:
    ada.post("/devices", SPEAKER)
    async with a_speaker(ada) as (speaker, _):
        await called(ada, "DELETE", "/devices/speaker")
        assert (await speaker.hear())["end"]["reason"] == "DELETED"
        with pytest.raises(StopAsyncIteration):
            await speaker.hear()


async def test_a_second_stream_of_a_device_ends_the_first(ada: Caller) -> None:
    ada.post("/devices", SPEAKER)
    async with a_speaker(ada) as (first, _), a_speaker(ada):
        assert (await first.hear())["end"]["reason"] == "TAKEN_OVER"
