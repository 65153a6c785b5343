"""The calls of docs/brief.md, made at the edge as the page writes them, answer as it says."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import pytest
from e2e_album import SONGS, Music
from edge_calls import Refusal, capability_of, json_refusal
from playlist_callers import Caller, ids_of

from tests.brief_page import Row, faults, rows
from tests.running_mesh import Answer, RunningMesh

ARTIST = SONGS[0].artist
ROWS = {str(row): row for row in rows()}
SKIP = next(row for row in rows() if row.path == "/playback/skip")
PREFERENCES = next(row for row in rows() if row.path == "/me/preferences")


@pytest.fixture
def ada(mesh: RunningMesh, free: str) -> Caller:
    return Caller(mesh, free)


def make(caller: Caller, row: Row, values: dict[str, Any], *, whole: bool = True) -> Answer:
    """Makes the call of a row with all its fields, or with those alone that it needs."""
    sent = {one.name: values[one.name] for one in row.asked if whole or not one.optional}
    path = row.path.format_map(values)
    if row.verb == "GET":
        return caller.try_(row.verb, f"{path}?{urlencode(sent, doseq=True)}")
    return caller.try_(row.verb, path, sent)


def values_of(caller: Caller, music: Music) -> dict[str, Any]:
    """A value for every field of the page, after the caller has begun to play a playlist."""
    playlist_id = caller.new_playlist(f"{ARTIST} at night", public=True)
    # Not all of them: what is in the playlist is not recommended for it.
    added = caller.add(playlist_id, ids_of(music)[:3])
    values: dict[str, Any] = {
        "playlist_id": playlist_id,
        "snapshot_id": added["snapshot_id"],
        "item": added["item_ids"][1],
        "device_id": "laptop",
        "user_id": caller.user_id(),
        "track_id": music.id_of(SONGS[0]),
        "track_ids": [music.id_of(SONGS[0])],
        "position": 0,
        "position_ms": 1500,
        "request_id": "as-the-page-writes-it",
        "name": "Evening",
        "public": True,
        "q": ARTIST,
        "type": ["track", "artist", "playlist"],
        "page_size": 20,
        "limit": 5,
        "page_token": "",
        "bitrate_pref": 320,
        "offline_enabled": True,
        "normalize": False,
        "private_session": False,
        "share_activity": True,
    }
    return {**values, "playback_id": begin(caller, playlist_id)["playback_id"]}


def begin(caller: Caller, playlist_id: str) -> Any:
    """Plays a playlist from its first track on."""
    order = {"playlist_id": playlist_id, "device_id": "laptop"}
    return note(caller, caller.post("/playback/play", order))


def note(caller: Caller, answer: Any) -> Any:
    """The answer; the capabilities of its addresses are noted as secrets."""
    if "stream_url" in answer:
        caller.mesh.secrets.add(capability_of(answer["stream_url"]))
    return answer


def found_by_everyone(caller: Caller, values: dict[str, Any]) -> None:
    """Returns when search knows the playlist: it hears of it a moment after it was made."""
    give_up_at = time.monotonic() + 30
    path = f"/search?{urlencode({'q': values['q'], 'type': 'playlist'})}"
    while not caller.get(path)["playlists"]:
        assert time.monotonic() < give_up_at
        time.sleep(0.2)


def recommended_from(caller: Caller, values: dict[str, Any]) -> None:
    """Returns when recommendations know the tracks: they hear of them a moment later."""
    give_up_at = time.monotonic() + 30
    while not caller.get(f"/recommendations/{values['playlist_id']}")["tracks"]:
        assert time.monotonic() < give_up_at
        time.sleep(0.2)


@pytest.mark.parametrize("whole", [True, False], ids=["all fields", "needed fields"])
@pytest.mark.parametrize("row", ROWS.values(), ids=str)
def test_a_call_as_the_page_writes_it_answers_as_the_page_says(
    ada: Caller, music: Music, row: Row, whole: bool
) -> None:
    values = values_of(ada, music)
    if row.path == "/search":
        found_by_everyone(ada, values)
    if row.path.startswith("/recommendations/"):
        recommended_from(ada, values)
    answer = make(ada, row, values, whole=whole)
    assert answer.status == 200, answer
    assert faults(row, note(ada, answer.body)) == []


def test_a_length_is_in_seconds_and_an_address_is_whole(ada: Caller, music: Music) -> None:
    values = values_of(ada, music)
    skipped = note(ada, make(ada, SKIP, values).body)
    track = skipped["track"]
    assert track["duration"] == pytest.approx(track["duration_ms"] / 1000)
    assert track["duration"] == pytest.approx(SONGS[1].seconds, abs=0.5)
    assert skipped["stream_url"].startswith(f"{ada.mesh.edge}/media/")
    assert skipped["bitrate"] in (128, 192, 256, 320)


def test_a_skip_beyond_the_last_is_told_how_many_seconds_to_wait(ada: Caller, music: Music) -> None:
    values = values_of(ada, music)
    refusal = None
    # Twice as many as a window allows: it may turn in between.
    for number in range(8):
        answer = make(ada, SKIP, {**values, "request_id": f"thumb-{number}"})
        if answer.status != 200:
            refusal = answer
            break
        assert "skips_remaining" in note(ada, answer.body)
        # Nothing follows at the end of the playlist: it is begun anew.
        begin(ada, values["playlist_id"])
    assert refusal is not None
    assert refusal.status == 429
    assert json_refusal(refusal) == Refusal("RESOURCE_EXHAUSTED", "SKIP_LIMIT_REACHED")
    told = refusal.body["details"][0]["metadata"]["seconds_until_reset"]
    assert told == refusal.headers["retry-after"]
    assert 0 < int(told) <= 1800


def test_a_preference_of_320_is_answered_by_its_name(ada: Caller, music: Music) -> None:
    told = make(ada, PREFERENCES, values_of(ada, music)).body["preferences"]
    assert told["bitrate_pref"] == "AAC_320"
    assert told["share_activity"] is True
