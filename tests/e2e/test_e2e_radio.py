"""A radio from its seed to beyond its first block, through the edge of a mesh of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.running_mesh import RunningMesh, make_noise, running_mesh

TRACKS = 34
BLOCK = 20
HEARD = 28
REFILL_AT = 5
SKIPS = 3
WINDOW_S = 1800
SECONDS = 0.5
# A window of skips does not end beneath a test.
ROOM_S = 30


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    """A mesh in which there are more tracks than a block has, of which recommendations know."""
    music = tmp_path_factory.mktemp("station-music")
    for number in range(TRACKS):
        tags = {"title": f"Signal {number}", "artist": f"Sender {number}", "genre": "Ambient"}
        make_noise(music / f"{number}.flac", SECONDS, **tags)
    with running_mesh(tmp_path_factory.mktemp("station")) as mesh:
        mesh.import_music(music)
        yield mesh


def started(mesh: RunningMesh, token: str) -> str:
    """The id of a radio from the first track, once recommendations know them all."""
    tracks = mesh.call("GET", "/tracks?page_size=500", token=token).body["tracks"]
    assert len(tracks) == TRACKS
    seed = {"track_id": tracks[0]["id"]}
    give_up_at = time.monotonic() + 60
    while True:
        made = mesh.call("POST", "/radio", seed, token=mesh.token("scout"))
        if made.status == 200:
            # What this one gives is nobody's to hear: it only tells how much is known.
            path = f"/radio/{made.body['radio']['radio_id']}/next"
            given = mesh.call("POST", path, {"limit": 50}, token=mesh.token("scout"))
            if len(given.body["tracks"]) == TRACKS:
                return str(mesh.call("POST", "/radio", seed, token=token).body["radio"]["radio_id"])
        assert time.monotonic() < give_up_at, made.text
        time.sleep(0.3)


def command(mesh: RunningMesh, token: str, method: str, name: str, **body: Any) -> Any:
    """What a command of playback answers, which it must do well."""
    answer = mesh.call(method, f"/playback/{name}", body, token=token)
    assert answer.status == 200, answer.text
    return answer.body


def advanced(mesh: RunningMesh, token: str, played: Any) -> Any:
    """What follows a track of which as much was heard as is enough: half of so short a one."""
    time.sleep(SECONDS / 2 + 0.02)
    named = {name: played[name] for name in ("playback_id", "play_id")}
    return command(mesh, token, "POST", "advance", **named)


def test_a_radio_plays_on_beyond_its_first_block_without_a_repeat(station: RunningMesh) -> None:
    left_s = WINDOW_S - time.time() % WINDOW_S
    time.sleep(left_s + 1 if left_s < ROOM_S else 0)
    token = station.token("listener", tier="free")
    radio_id = started(station, token)
    source = {"radio_id": radio_id}
    plays = [command(station, token, "POST", "play", device_id="laptop", source=source)]
    while len(plays) < BLOCK - REFILL_AT:
        plays.append(advanced(station, token, plays[-1]))
    plays += [command(station, token, "PUT", "skip", device_id="laptop") for _ in range(SKIPS)]
    refused = station.call("PUT", "/playback/skip", {"device_id": "laptop"}, token=token)
    assert (refused.status, "SKIP_LIMIT_REACHED" in refused.text) == (429, True)
    while len(plays) < HEARD:
        plays.append(advanced(station, token, plays[-1]))
    assert len({played["track"]["id"] for played in plays}) == HEARD > BLOCK
    playback = station.call("GET", "/playback", token=token).body
    assert playback["context"]["ref"] == {"kind": "RADIO", "id": radio_id}
    assert playback["context"]["played_count"] == HEARD
    assert playback["context"]["track_count"] > BLOCK
    shuffle = station.call("PUT", "/playback/shuffle", {"shuffle": True}, token=token)
    assert (shuffle.status, "NOT_IN_RADIO" in shuffle.text) == (400, True)
