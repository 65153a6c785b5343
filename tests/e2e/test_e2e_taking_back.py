"""An address that was given out is taken back; what goes on in the same session keeps its own."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from e2e_album import SONGS, Music, Tokens
from edge_calls import Refusal, capability_of, json_refusal, play
from playlist_callers import Caller, ids_of

from tests.running_mesh import Answer, RunningMesh

TAKEN_BACK_WITHIN_S = 60.0
DENIED = Refusal("PERMISSION_DENIED", "MEDIA_PATH_DENIED")
FREE_RUNGS = ["128", "192", "256"]


def part(session: Any, name: str) -> str:
    """The address of something of a session's stream."""
    return f"{session['stream_url'].rpartition('/')[0]}/{name}"


def rungs(mesh: RunningMesh, session: Any) -> list[str]:
    master = mesh.call("GET", session["stream_url"])
    assert master.status == 200, master
    return re.findall(r"^([^#/\n]+)/index\.m3u8$", master.text, re.MULTILINE)


def refusal_of(mesh: RunningMesh, address: str) -> Answer:
    """The refusal of an address, which comes in time."""
    until = time.monotonic() + TAKEN_BACK_WITHIN_S
    while (answer := mesh.call("GET", address)).status == 200 and time.monotonic() < until:
        time.sleep(0.1)
    return answer


def assert_taken_back(mesh: RunningMesh, session: Any) -> None:
    """All that was given of a session is refused, in time and in our words."""
    refusal_of(mesh, session["stream_url"])
    for address in (
        session["stream_url"],
        session["dash_url"],
        *(part(session, name) for name in ("128/index.m3u8", "128/init.mp4", "128/1.m4s")),
    ):
        answer = mesh.call("GET", address)
        assert (answer.status, json_refusal(answer)) == (403, DENIED)
        assert answer.headers["access-control-allow-origin"] == "*"


def assert_plays(mesh: RunningMesh, session: Any) -> None:
    for name in ("128/index.m3u8", "128/init.mp4", "128/1.m4s"):
        assert mesh.call("GET", part(session, name)).status == 200
    assert rungs(mesh, session)


@pytest.fixture
def ada(mesh: RunningMesh, free: str) -> Caller:
    return Caller(mesh, free)


@pytest.fixture
def session(mesh: RunningMesh, music: Music, ada: Caller) -> Any:
    """A session that plays the first track, whose addresses work."""
    session = play(mesh, ada.token, music.id_of(SONGS[0]))
    assert_plays(mesh, session)
    return session


def test_a_takeover_takes_back_what_the_other_device_had(
    mesh: RunningMesh, music: Music, ada: Caller, session: Any
) -> None:
    there = play(mesh, ada.token, music.id_of(SONGS[1]), "device-2")
    assert_taken_back(mesh, session)
    assert_plays(mesh, there)


def test_a_transfer_takes_back_what_the_device_had_that_it_leaves(
    mesh: RunningMesh, ada: Caller, session: Any
) -> None:
    ada.post("/devices", {"device_id": "phone", "name": "Phone"})
    moved = ada.post("/devices/transfer", {"device_id": "phone", "sender_device_id": "phone"})
    mesh.secrets.add(capability_of(moved["stream"]["stream_url"]))
    assert_taken_back(mesh, session)
    assert_plays(mesh, moved["stream"])


def test_a_stop_takes_back_the_addresses(mesh: RunningMesh, ada: Caller, session: Any) -> None:
    ada.post("/playback/stop", {"playback_id": session["playback_id"]})
    assert_taken_back(mesh, session)


def test_a_sign_out_takes_back_what_the_sign_in_had(
    mesh: RunningMesh, music: Music, user: str, ada: Caller
) -> None:
    here = Caller(mesh, mesh.token(user))
    session = play(mesh, here.token, music.id_of(SONGS[0]))
    assert mesh.call("POST", "/me/sign-out", {}, token=mesh.token(user)).status == 200
    assert_plays(mesh, session)
    assert here.try_("POST", "/me/sign-out", {}).status == 200
    assert_taken_back(mesh, session)
    assert ada.get("/playback")["status"] == "STOPPED"
    assert_plays(mesh, play(mesh, ada.token, music.id_of(SONGS[0])))


def test_an_erased_user_has_nothing_left(
    mesh: RunningMesh, session: Any, ada: Caller, admin: str
) -> None:
    assert mesh.call("DELETE", f"/users/{ada.user_id()}", token=admin).status == 200
    assert_taken_back(mesh, session)


def test_a_plan_that_falls_takes_back_its_rungs_and_one_that_rises_gives_them_back(
    mesh: RunningMesh, music: Music, tokens: Tokens, user: str, admin: str
) -> None:
    caller = Caller(mesh, tokens(user, tier="premium"))
    plan = f"/users/{caller.user_id()}/plan"
    session = play(mesh, caller.token, music.id_of(SONGS[0]))
    assert rungs(mesh, session) == [*FREE_RUNGS, "320"]
    assert mesh.call("PUT", plan, {"subscription_type": "FREE"}, token=admin).status == 200
    answer = refusal_of(mesh, part(session, "320/1.m4s"))
    assert (answer.status, json_refusal(answer)) == (403, DENIED)
    # The token says for five minutes yet that its user has the plan.
    resumed = caller.post("/playback/resume", {"playback_id": session["playback_id"]})
    mesh.secrets.add(capability_of(resumed["stream_url"]))
    for one in (session, resumed):
        assert rungs(mesh, one) == FREE_RUNGS
        assert_plays(mesh, one)
    assert mesh.call("PUT", plan, {"subscription_type": "PREMIUM"}, token=admin).status == 200
    until = time.monotonic() + TAKEN_BACK_WITHIN_S
    while rungs(mesh, session) == FREE_RUNGS and time.monotonic() < until:
        time.sleep(0.1)
    assert rungs(mesh, session) == [*FREE_RUNGS, "320"]


def test_what_begins_goes_by_the_plan_that_its_user_has_and_not_by_an_older_token(
    mesh: RunningMesh, music: Music, tokens: Tokens, user: str, admin: str
) -> None:
    caller = Caller(mesh, tokens(user, tier="premium"))
    plan = f"/users/{caller.user_id()}/plan"
    session = play(mesh, caller.token, music.id_of(SONGS[0]))
    assert mesh.call("PUT", plan, {"subscription_type": "FREE"}, token=admin).status == 200
    refusal_of(mesh, part(session, "320/1.m4s"))
    assert rungs(mesh, play(mesh, caller.token, music.id_of(SONGS[0]))) == FREE_RUNGS


def test_what_goes_on_in_the_same_session_keeps_all_that_was_given(
    mesh: RunningMesh, music: Music, ada: Caller, tokens: Tokens
) -> None:
    order = {"source": {"tracks": {"track_ids": ids_of(music)}}, "device_id": "device-1"}
    given = [ada.post("/playback/play", order)]
    named = {"playback_id": given[0]["playback_id"]}
    ada.post("/playback/pause", named)
    given.append(ada.post("/playback/resume", named))
    ada.post("/playback/seek", {**named, "position_ms": 1_000})
    given.append(ada.post("/playback/resume", named))
    given.append(ada.call("PUT", "/playback/skip", {"device_id": "device-1"}))
    mesh.secrets.update(capability_of(one["stream_url"]) for one in given)
    # What somebody else takes back is told after all that these calls could have taken back.
    other = tokens("somebody-else", tier="free")
    stopped = play(mesh, other, music.id_of(SONGS[0]))
    named = {"playback_id": stopped["playback_id"]}
    assert mesh.call("POST", "/playback/stop", named, token=other).status == 200
    assert_taken_back(mesh, stopped)
    for one in given:
        assert_plays(mesh, one)
