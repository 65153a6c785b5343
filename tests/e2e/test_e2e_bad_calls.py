"""What a wrong call gets: the same refusal as a gRPC status and as JSON."""

from __future__ import annotations

from typing import Any

import pytest
from e2e_album import SONGS, Music, Tokens
from edge_calls import NOT_FOUND, EdgeStubs, Refusal, json_refusal, play
from wrong_calls import (
    NOBODY,
    Case,
    assert_refused_as_grpc,
    assert_refused_as_json,
    invalid,
    missing,
)

from tests.running_mesh import RunningMesh

BEYOND = 2**31 - 1
NOT_CURRENT = Refusal("FAILED_PRECONDITION", "SESSION_NOT_CURRENT")


def foreign(verb: str, **fields: Any) -> Case:
    rpc, named = f"playback.{verb.title()}", {"playback_id": "{foreign}", **fields}
    return Case(f"foreign session {rpc}", f"POST /playback/{verb}", rpc, named, NOT_FOUND)


PLAY = {"track_id": "{track}", "device_id": "phone"}
BEAT = {"playback_id": "{session}", "device_id": "phone"}
USER = {"username": "newcomer", "email": "new@comer.example", "password": "long enough words"}

CASES = [
    missing(f"GET /tracks/{NOBODY}", "catalog.GetTrack"),
    invalid("malformed id", "GET /tracks/nonsense", "catalog.GetTrack", "id", id="nonsense"),
    missing(f"GET /albums/{NOBODY}", "catalog.GetAlbum"),
    missing(f"GET /albums/{NOBODY}/tracks", "catalog.ListAlbumTracks"),
    missing(f"GET /artists/{NOBODY}", "catalog.GetArtist"),
    missing(f"GET /artists/{NOBODY}/top-tracks", "catalog.ListArtistTopTracks"),
    missing(f"GET /imports/{NOBODY}", "imports.GetImport"),
    missing(f"GET /imports/{NOBODY}/files", "imports.ListImportFiles"),
    missing(f"GET /imports/{NOBODY}/events", "imports.WatchImport"),
    missing("POST /playback/play", "playback.Play", track_id=NOBODY, device_id="phone"),
    missing("POST /playback/pause", "playback.Pause", playback_id=NOBODY),
    missing("POST /playback/resume", "playback.Resume", playback_id=NOBODY),
    missing("POST /playback/stop", "playback.Stop", playback_id=NOBODY),
    missing("POST /playback/seek", "playback.Seek", playback_id=NOBODY, position_ms=5),
    missing(
        "POST /playback/heartbeat",
        "heartbeats.ReportHeartbeat",
        playback_id=NOBODY,
        device_id="phone",
        heartbeat={"seq": 1},
    ),
    *(foreign(verb) for verb in ("pause", "resume", "stop")),
    foreign("seek", position_ms=100),
    Case(
        "foreign session heartbeat",
        "POST /playback/heartbeat",
        "heartbeats.ReportHeartbeat",
        {"playback_id": "{foreign}", "device_id": "phone", "heartbeat": {"seq": 1}},
        NOT_FOUND,
    ),
    *(
        Case(
            f"taken over {verb}",
            f"POST /playback/{verb}",
            f"playback.{verb.title()}",
            {"playback_id": "{over}"},
            NOT_CURRENT,
        )
        for verb in ("pause", "resume", "seek")
    ),
    invalid("no track", "POST /playback/play", "playback.Play", "track_id", device_id="phone"),
    invalid("no device", "POST /playback/play", "playback.Play", "device_id", track_id="{track}"),
    invalid(
        "odd device",
        "POST /playback/play",
        "playback.Play",
        "device_id",
        **{**PLAY, "device_id": "my phone/1"},
    ),
    invalid(
        "long device",
        "POST /playback/play",
        "playback.Play",
        "device_id",
        **{**PLAY, "device_id": "d" * 65},
    ),
    invalid(
        "play before the start",
        "POST /playback/play",
        "playback.Play",
        "position_ms",
        **PLAY,
        position_ms=-1,
    ),
    invalid(
        "request id with spaces",
        "POST /playback/play",
        "playback.Play",
        "request_id",
        **PLAY,
        request_id="a b",
    ),
    invalid(
        "seek before the start",
        "POST /playback/seek",
        "playback.Seek",
        "position_ms",
        playback_id="{session}",
        position_ms=-(2**31),
    ),
    invalid(
        "malformed session",
        "POST /playback/seek",
        "playback.Seek",
        "playback_id",
        playback_id="x' OR 1=1",
    ),
    invalid(
        "beat before the start",
        "POST /playback/heartbeat",
        "heartbeats.ReportHeartbeat",
        "position_ms",
        **BEAT,
        heartbeat={"epoch": 1, "revision": 1, "seq": 1, "position_ms": -1},
    ),
    invalid(
        "beat of an absurd rate",
        "POST /playback/heartbeat",
        "heartbeats.ReportHeartbeat",
        "bitrate_kbps",
        **BEAT,
        heartbeat={"epoch": 1, "revision": 1, "seq": 1, "bitrate_kbps": BEYOND},
    ),
    invalid(
        "no beat",
        "POST /playback/heartbeat",
        "heartbeats.ReportHeartbeat",
        "heartbeat",
        **BEAT,
    ),
    invalid("no query", "GET /search?q=", "search.Search", "q", q=""),
    invalid("long query", f"GET /search?q={'x' * 201}", "search.Search", "q", q="x" * 201),
    invalid("empty suggestion", "GET /search/suggest", "search.Suggest", "q"),
    invalid(
        "negative page",
        "GET /search?q=x&page_size=-1",
        "search.Search",
        "page_size",
        q="x",
        page_size=-1,
    ),
    invalid(
        "negative page of tracks",
        "GET /tracks?page_size=-1",
        "catalog.ListTracks",
        "page_size",
        page_size=-1,
    ),
    Case(
        "made up page token",
        "GET /tracks?page_token=abc",
        "catalog.ListTracks",
        {"page_token": "abc"},
        Refusal("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID"),
    ),
    Case(
        "made up page token of a search",
        "GET /search?q=x&type=track&page_token=abc",
        "search.Search",
        {"q": "x", "type": ["TRACK"], "page_token": "abc"},
        Refusal("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID"),
    ),
    invalid("relative path", "POST /imports", "imports.CreateImport", "path", path="music"),
    invalid("no path", "POST /imports", "imports.CreateImport", "path"),
    Case(
        "missing folder",
        "POST /imports",
        "imports.CreateImport",
        {"path": "/nonexistent/music"},
        Refusal("FAILED_PRECONDITION", "IMPORT_PATH_UNREADABLE"),
    ),
    *(
        invalid(f"{wrong} of a user", "POST /users", "users.CreateUser", wrong, **{**USER, **bad})
        for wrong, bad in (
            ("username", {"username": "No Name!"}),
            ("email", {"email": "nowhere"}),
            ("password", {"password": "short"}),
        )
    ),
]


@pytest.fixture
def words(mesh: RunningMesh, music: Music, free: str, tokens: Tokens) -> dict[str, str]:
    """What the cases speak of: a track, the caller's session, one before it, one of another."""
    track = music.id_of(SONGS[0])
    over = play(mesh, free, track, "kitchen")["playback_id"]
    session = play(mesh, free, track, "phone")["playback_id"]
    other = play(mesh, tokens("stranger"), track)["playback_id"]
    return {"track": track, "over": over, "session": session, "foreign": other}


@pytest.fixture
def caller(free: str, admin: str) -> Any:
    """The token that a case is called with: imports are the operator's."""
    return lambda case: admin if case.rpc.startswith("imports.") else free


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_a_wrong_call_is_refused_as_json(
    mesh: RunningMesh, words: dict[str, str], caller: Any, case: Case
) -> None:
    assert_refused_as_json(mesh, case, words, caller(case))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
async def test_a_wrong_call_is_refused_as_grpc(
    words: dict[str, str], stubs: EdgeStubs, caller: Any, case: Case
) -> None:
    await assert_refused_as_grpc(stubs, case, words, caller(case))


@pytest.mark.parametrize("position_ms", [BEYOND, 24_001])
def test_a_position_beyond_the_end_is_the_end(
    mesh: RunningMesh, words: dict[str, str], free: str, position_ms: int
) -> None:
    sought = {"playback_id": words["session"], "position_ms": position_ms}
    answer = mesh.call("POST", "/playback/seek", sought, token=free)
    assert (answer.status, answer.body["position_ms"]) == (200, 24_000)
    order = {"track_id": words["track"], "device_id": "phone", "position_ms": position_ms}
    assert mesh.call("POST", "/playback/play", order, token=free).body["position_ms"] == 24_000


def test_a_request_id_with_another_body_is_refused(
    mesh: RunningMesh, words: dict[str, str], free: str
) -> None:
    order = {"track_id": words["track"], "device_id": "phone", "request_id": "r1"}
    assert mesh.call("POST", "/playback/play", order, token=free).status == 200
    answer = mesh.call("POST", "/playback/play", {**order, "device_id": "tv"}, token=free)
    assert json_refusal(answer) == Refusal("INVALID_ARGUMENT", "REQUEST_ID_REUSED")


def test_a_taken_name_is_a_conflict(mesh: RunningMesh) -> None:
    first = {**USER, "username": "taken", "email": "taken@comer.example"}
    mesh.secrets.add(USER["password"])
    assert mesh.call("POST", "/users", first).status == 200
    answer = mesh.call("POST", "/users", {**first, "email": "other@comer.example"})
    assert (answer.status, json_refusal(answer)) == (409, Refusal("ALREADY_EXISTS", "USER_EXISTS"))


def test_what_was_refused_has_changed_nothing(
    mesh: RunningMesh, words: dict[str, str], free: str, tokens: Tokens
) -> None:
    before = mesh.call("GET", "/playback", token=tokens("stranger")).body
    for verb in ("pause", "stop", "seek"):
        named = {"playback_id": words["foreign"]}
        assert mesh.call("POST", f"/playback/{verb}", named, token=free).status == 404
    after = mesh.call("GET", "/playback", token=tokens("stranger")).body
    assert (after["status"], after["revision"]) == ("PLAYING", before["revision"])
