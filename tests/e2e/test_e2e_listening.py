"""Playback in JSON: the queue, skips and their limit, beats, live views, history, friends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from e2e_album import SONGS, Music, Tokens
from edge_calls import Refusal, capability_of, json_refusal
from playlist_callers import Caller, events, ids_of

from tests.contracts.playback.play_fields import play_fields
from tests.running_mesh import Answer, RunningMesh

SKIPS = 3
WINDOW_S = 1800


@pytest.fixture
def ada(mesh: RunningMesh, free: str) -> Caller:
    return Caller(mesh, free)


@pytest.fixture
def bob(mesh: RunningMesh, tokens: Tokens, user: str) -> Caller:
    return Caller(mesh, tokens(f"friend-of-{user}"))


def play(caller: Caller, **order: Any) -> Any:
    """Starts a session on a laptop; its address is noted as a secret."""
    answer = caller.post("/playback/play", play_fields(device_id="laptop", **order))
    caller.mesh.secrets.add(capability_of(answer["stream_url"]))
    return answer


def beat(session: Any, seq: int, **told: Any) -> dict[str, Any]:
    """The body of a beat of the laptop."""
    known = {"epoch": session["epoch"], "revision": session["revision"], "seq": seq}
    heartbeat = {**known, "status": "PLAYING", **told}
    named = {"playback_id": session["playback_id"], "device_id": "laptop"}
    return {**named, "heartbeat": heartbeat}


def until(condition: Callable[[], Any]) -> Any:
    """What ``condition`` answers as soon as that is true."""
    give_up_at = time.monotonic() + 30
    while not (found := condition()):
        assert time.monotonic() < give_up_at
        time.sleep(0.2)
    return found


async def hear(heard: AsyncIterator[Any]) -> Any:
    async with asyncio.timeout(30):
        return await anext(heard)


def skip_until_refused(caller: Caller) -> tuple[list[Any], Answer]:
    """What was answered before the refusal, and the refusal.

    Where the window turns in between, there are more answers than a window has.
    """
    answers: list[Any] = []
    for _ in range(2 * SKIPS + 1):
        answer = caller.try_("PUT", "/playback/skip", {"device_id": "laptop"})
        if answer.status != 200:
            return answers, answer
        answers.append(answer.body)
    raise AssertionError(f"never refused: {answers}")


def test_skips_are_counted_down_and_then_refused(ada: Caller, music: Music) -> None:
    started = play(ada, track_ids=ids_of(music), repeat="context")
    answers, refusal = skip_until_refused(ada)
    assert [each["skips_remaining"] for each in answers[-SKIPS:]] == [2, 1, 0]
    assert {each["playback_id"] for each in answers} == {started["playback_id"]}
    assert [each["track"]["title"] for each in answers[:2]] == [song.title for song in SONGS[1:3]]
    assert {"id", "title", "artist", "duration"} <= set(answers[0]["track"])
    assert answers[0]["stream_url"].startswith(ada.mesh.edge)
    assert all(0 < each["seconds_until_reset"] <= WINDOW_S for each in answers)
    assert refusal.status == 429
    assert json_refusal(refusal) == Refusal("RESOURCE_EXHAUSTED", "SKIP_LIMIT_REACHED")
    told = refusal.body["details"][0]["metadata"]
    assert told == {"limit": "3", "seconds_until_reset": refusal.headers["retry-after"]}
    assert 0 < int(told["seconds_until_reset"]) <= WINDOW_S
    assert not [name for name in refusal.headers if name.startswith("grpc")]
    seen = ada.get("/playback")
    assert seen["track"]["id"] == answers[-1]["track"]["id"]


def test_a_skip_that_is_sent_again_counts_once(ada: Caller, music: Music) -> None:
    play(ada, track_ids=ids_of(music))
    asked = {"device_id": "laptop", "request_id": "thumb"}
    first, again = (ada.call("PUT", "/playback/skip", asked) for _ in range(2))
    assert again["play_id"] == first["play_id"]
    assert again["revision"] == first["revision"]
    assert again["skips_remaining"] == first["skips_remaining"]


def test_two_remotes_that_skip_one_play_skip_once_and_all_see_what_is_left(
    ada: Caller, music: Music
) -> None:
    started = play(ada, track_ids=ids_of(music))
    skip = {"device_id": "laptop", "play_id": started["play_id"]}
    first, second = (ada.call("PUT", "/playback/skip", skip) for _ in range(2))
    assert first["track"]["id"] == second["track"]["id"] == music.id_of(SONGS[1])
    seen = ada.get("/playback")
    # All are back where the window turned just now.
    assert seen["skips_remaining"] in (second["skips_remaining"], SKIPS)
    assert seen["skips_reset_at"].endswith(("00:00Z", "30:00Z"))


def test_the_queue_is_replaced_added_to_moved_and_emptied(ada: Caller, music: Music) -> None:
    tracks = ids_of(music)
    play(ada, track_ids=tracks[:2])

    def waiting() -> list[str]:
        return [each["track"]["id"] for each in ada.get("/playback/queue")["entries"]]

    put = ada.call("PUT", "/playback/queue", {"track_ids": tracks[2:4]})
    assert waiting() == [*tracks[2:4], tracks[1]]
    added = ada.post("/playback/queue", {"track_ids": [tracks[4]], "next": True})
    assert waiting() == [tracks[4], *tracks[2:4], tracks[1]]
    ada.post("/playback/queue/move", {"item_ids": added["item_ids"]})
    assert waiting() == [*tracks[2:5], tracks[1]]
    gone = ada.call("DELETE", f"/playback/queue?item_ids={put['item_ids'][0]}")
    assert gone["removed_count"] == 1
    gone = ada.post("/playback/queue/remove", {"item_ids": put["item_ids"]})
    assert gone["removed_count"] == 1
    queue = ada.get("/playback/queue?page_size=1")
    assert (len(queue["entries"]), queue["total_count"]) == (1, 2)
    assert queue["entries"][0]["kind"] == "QUEUED"
    catalogued = ada.get(f"/tracks/{tracks[4]}")
    shown = queue["entries"][0]["track"]
    assert shown["title"] == SONGS[4].title
    assert {name: catalogued[name] for name in shown} == shown
    assert queue["playback"]["queue_count"] == 1
    ada.call("PUT", "/playback/queue", {})
    assert ada.get("/playback/queue")["entries"][0]["kind"] == "CONTEXT"


def test_shuffle_repeat_and_the_way_back(ada: Caller, music: Music) -> None:
    started = play(ada, track_ids=ids_of(music))
    assert ada.call("PUT", "/playback/shuffle", {"shuffle": True})["shuffle"] is True
    assert ada.call("PUT", "/playback/repeat", {"repeat": "Track"})["repeat"] == "TRACK"
    seen = ada.get("/playback")
    assert (seen["shuffle"], seen["repeat"]) == (True, "TRACK")
    assert seen["track"]["id"] == started["track"]["id"]
    named = {"playback_id": started["playback_id"]}
    again = ada.post("/playback/previous", named)
    assert (again["track"]["id"], again["position_ms"]) == (started["track"]["id"], 0)
    assert again["play_id"] != started["play_id"]


def test_a_beat_is_acknowledged_with_what_the_server_knows(ada: Caller, music: Music) -> None:
    session = play(ada, track_id=music.id_of(SONGS[0]))
    body = beat(session, 1, position_ms=2_000, bitrate_kbps=199)
    known = {"seq": 1, "epoch": session["epoch"], "revision": session["revision"]}
    assert ada.post("/playback/heartbeat", body) == {"ack": known}
    ada.post("/playback/pause", {"playback_id": session["playback_id"]})
    behind = ada.post("/playback/heartbeat", beat(session, 2, position_ms=23_000))
    assert behind["ack"] == {**known, "seq": 2, "revision": known["revision"] + 1}
    until(lambda: ada.get("/playback")["rung"] == "192")
    seen = ada.get("/playback")
    assert (seen["bitrate"], seen["position_ms"] < 20_000) == (192, True)


async def test_a_live_view_shows_every_change(ada: Caller, music: Music) -> None:
    async with events(ada.mesh, ada.token, "GET", "/playback/events") as heard:
        assert await hear(heard) == {"nothing_played": {}}
        started = await asyncio.to_thread(play, ada, track_ids=ids_of(music)[:2])
        seen = (await hear(heard))["playback"]
        assert (seen["play_id"], seen["status"]) == (started["play_id"], "PLAYING")
        skipped = await asyncio.to_thread(
            ada.call, "PUT", "/playback/skip", {"device_id": "laptop"}
        )
        assert (await hear(heard))["playback"]["play_id"] == skipped["play_id"]


def test_a_play_of_half_a_track_is_in_the_history_and_counted(ada: Caller, music: Music) -> None:
    track_id = music.id_of(SONGS[1])
    before = ada.get(f"/tracks/{track_id}")["streams_total"]
    started = play(ada, track_ids=ids_of(music)[1:3])
    ada.post("/playback/heartbeat", beat(started, 1, position_ms=0))
    assert ada.get("/playback/history") == {"entries": [], "next_page_token": ""}
    until(lambda: ada.get("/playback")["position_ms"] >= 3_100)
    ada.call("PUT", "/playback/skip", {"device_id": "laptop"})
    entry = ada.get("/playback/history")["entries"][0]
    assert entry["track"]["title"] == SONGS[1].title
    told = entry["play"]
    assert told["play_id"] == started["play_id"]
    assert 3_000 <= told["heard_ms"] <= 6_100
    assert told["origin"] == {"context": {"kind": "TRACKS", "id": ""}, "shown_id": ""}
    until(lambda: ada.get(f"/tracks/{track_id}")["streams_total"] > before)
    until(lambda: track_id in [each["id"] for each in ada.get("/tracks/top")["tracks"]])


DEFAULTS = {
    "bitrate_pref": "UNLIMITED",
    "offline_enabled": True,
    "normalize": True,
    "private_session": False,
    "share_activity": False,
    "version": 0,
}


def test_preferences_keep_what_is_not_given(ada: Caller, music: Music) -> None:
    assert ada.get("/me/preferences") == DEFAULTS
    wanted = {"bitrate_pref": "aac_192", "normalize": False}
    changed = {**DEFAULTS, "bitrate_pref": "AAC_192", "normalize": False, "version": 1}
    assert ada.call("PUT", "/me/preferences", wanted)["preferences"] == changed
    assert play(ada, track_id=music.id_of(SONGS[0]))["bitrate"] == 192


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_preferences_that_were_read_are_taken_back_and_change_nothing(
    ada: Caller, method: str
) -> None:
    for held in (DEFAULTS, {**DEFAULTS, "private_session": True, "version": 1}):
        ada.call(method, "/me/preferences", {"private_session": held["private_session"]})
        assert ada.get("/me/preferences") == held
        assert ada.call(method, "/me/preferences", held)["preferences"] == held
        assert ada.get("/me/preferences") == held


@pytest.mark.parametrize("kbps", [128, 192, 256, 320])
def test_a_preferred_bitrate_is_a_number_of_kbps_or_its_name(ada: Caller, kbps: int) -> None:
    for said in (kbps, f"AAC_{kbps}", f"aac_{kbps}"):
        told = ada.call("PUT", "/me/preferences", {"bitrate_pref": said})["preferences"]
        assert (told["bitrate_pref"], told["version"]) == (f"AAC_{kbps}", 1)
    ada.call("PUT", "/me/preferences", {"bitrate_pref": "FLAC"})
    assert ada.get("/me/preferences")["bitrate_pref"] == "FLAC"


def test_a_request_id_of_an_update_stands_in_the_query(ada: Caller) -> None:
    path = "/me/preferences?request_id=once"
    first = ada.call("PATCH", path, {"normalize": False})
    ada.call("PATCH", "/me/preferences", {"normalize": True})
    assert ada.call("PATCH", path, {"normalize": False}) == first
    answer = ada.mesh.call("PATCH", path, {"normalize": True}, token=ada.token)
    assert json_refusal(answer).reason == "REQUEST_ID_REUSED"


async def test_who_follows_nobody_holds_a_view_of_friends_that_stands(ada: Caller) -> None:
    async with events(ada.mesh, ada.token, "GET", "/me/friends/activity/events"):
        assert ada.get("/me/friends/activity") == {"friends": []}


async def test_friends_see_what_is_shared_until_it_is_private(
    ada: Caller, bob: Caller, music: Music
) -> None:
    def share(**wanted: bool) -> None:
        bob.call("PUT", "/me/preferences", wanted)

    def friends() -> list[Any]:
        return list(ada.get("/me/friends/activity")["friends"])

    def listen() -> Any:
        ada.call("PUT", "/me/following", {"user_ids": [bob.user_id()]})
        play(bob, track_ids=ids_of(music))
        assert friends() == []
        share(share_activity=True)
        return until(friends)

    told = await asyncio.to_thread(listen)
    assert [each["track"]["title"] for each in told] == [SONGS[0].title]
    assert told[0]["playing"]
    assert told[0]["user"]["user_id"] == bob.user_id()
    async with events(ada.mesh, ada.token, "GET", "/me/friends/activity/events") as heard:
        assert (await hear(heard))["activity"]["track"]["title"] == SONGS[0].title
        await asyncio.to_thread(bob.call, "PUT", "/playback/skip", {"device_id": "laptop"})
        assert (await hear(heard))["activity"]["track"]["title"] == SONGS[1].title
        await asyncio.to_thread(share, private_session=True)
        hidden = (await hear(heard))["activity"]
        assert (hidden["hidden"], "track" in hidden) == (True, False)
    assert friends() == []
