"""From a folder of music to a playing device, by JSON through the edge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from e2e_album import ALBUM, FLAC_SECONDS, SONGS, Music, Song
from edge_calls import EdgeStubs, bearer, play
from segue.catalog.v1 import catalog_service_pb2 as catalog

from tests.running_mesh import RunningMesh, run_ffmpeg

AAC = [128, 192, 256, 320]
# WAV's tags know no album artist: its album is that of its own artist.
OF_THE_ALBUM = SONGS[:-1]
by_suffix = pytest.mark.parametrize("song", SONGS, ids=lambda song: song.suffix)


def search(mesh: RunningMesh, token: str, query: str) -> Any:
    answer = mesh.call("GET", f"/search?{query}", token=token)
    assert answer.status == 200, answer
    return answer.body


def test_an_import_says_what_became_of_every_file(
    mesh: RunningMesh, music: Music, admin: str
) -> None:
    assert (music.run.files_found, music.run.files_failed) == (len(SONGS), 0)
    run = mesh.call("GET", f"/imports/{music.run.id}", token=admin).body
    assert run["state"] == "DONE"
    assert run["files_searchable"] == run["files_playable"] == run["files_complete"] == len(SONGS)
    assert run["audio_ms"] == pytest.approx((FLAC_SECONDS + 5 * 6) * 1000, abs=200)
    files = mesh.call("GET", f"/imports/{music.run.id}/files", token=admin).body["files"]
    assert [file["path"] for file in files] == [
        f"{song.number:02} {song.title}.{song.suffix}" for song in SONGS
    ]
    assert {file["state"] for file in files} == {"COMPLETE"}


@by_suffix
def test_a_track_has_its_tags_its_length_and_its_rungs(
    mesh: RunningMesh, music: Music, free: str, song: Song
) -> None:
    track = mesh.call("GET", f"/tracks/{music.id_of(song)}", token=free).body
    assert track["title"] == song.title
    assert track["artist"] == song.artist
    assert (track["album"], track["track_number"], track["year"]) == (ALBUM, song.number, 2026)
    assert track["genres"] == ["Ambient"]
    assert track["duration_ms"] == pytest.approx(song.seconds * 1000, abs=30)
    assert track["duration"] == track["duration_ms"] / 1000
    assert (track["state"], track["access"]) == ("READY", "FREE")
    assert track["bitrates_available"] == AAC
    flac = ["flac"] if song.lossless else []
    assert track["rungs"] == [*map(str, AAC), *flac]
    assert -40 < track["loudness"]["integrated_lufs"] < 0


def test_albums_and_artists_are_made_of_the_tags(
    mesh: RunningMesh, music: Music, free: str
) -> None:
    track = music.tracks[SONGS[0].title]
    album = mesh.call("GET", f"/albums/{track['album_id']}", token=free).body
    assert (album["title"], album["artist"], album["year"]) == (ALBUM, "Various Artists", 2026)
    assert album["track_count"] == len(OF_THE_ALBUM)
    tracks = mesh.call("GET", f"/albums/{album['id']}/tracks", token=free).body["tracks"]
    assert [found["title"] for found in tracks] == [song.title for song in OF_THE_ALBUM]
    artist = mesh.call("GET", f"/artists/{track['artist_id']}", token=free).body
    assert (artist["name"], artist["track_count"]) == ("Ada Meridian", 2)
    top = mesh.call("GET", f"/artists/{artist['id']}/top-tracks", token=free).body["tracks"]
    assert {found["title"] for found in top} == {"Harbour Lights", "Nocturne for Relays"}


def test_the_pages_of_an_album_join_to_the_whole(
    mesh: RunningMesh, music: Music, free: str
) -> None:
    album, titles, token = music.tracks[SONGS[0].title]["album_id"], [], ""
    while True:
        path = f"/albums/{album}/tracks?page_size=2&page_token={token}"
        page = mesh.call("GET", path, token=free).body
        assert len(page["tracks"]) <= 2
        titles += [track["title"] for track in page["tracks"]]
        token = page["next_page_token"]
        if not token:
            break
    assert titles == [song.title for song in OF_THE_ALBUM]


def test_lists_are_sorted_and_bounded_as_they_are_asked_for(
    mesh: RunningMesh, music: Music, free: str
) -> None:
    def titles(path: str, key: str, name: str = "title") -> list[str]:
        return [one[name] for one in mesh.call("GET", path, token=free).body[key]]

    album = music.tracks[SONGS[0].title]["album_id"]
    by_title = titles(f"/tracks?sort=TITLE&album_id={album}", "tracks")
    assert by_title == [
        "Harbour Lights",
        "Nocturne for Relays",
        "Saltwater Telegraph",
        "Second Derivative",
        "Überfahrt",
    ]
    longest = titles(f"/tracks?sort=duration&album_id={album}&page_size=1", "tracks")
    assert longest == ["Harbour Lights"]
    assert titles(f"/tracks?album_id={album}&year_to=2025", "tracks") == []
    assert ALBUM in titles("/albums?genre=Ambient", "albums")
    assert "Ada Meridian" in titles("/artists?genre=Ambient", "artists", "name")
    years = mesh.call("GET", "/years", token=free).body["years"]
    told = next(one for one in years if one["year"] == 2026)
    assert told["track_count"] >= len(SONGS)
    assert told["album_count"] >= 2


def test_what_is_hidden_is_listed_for_administrators_alone(
    mesh: RunningMesh, free: str, admin: str
) -> None:
    answer = mesh.call("GET", "/tracks/hidden", token=admin)
    assert (answer.status, sorted(answer.body)) == (200, ["next_page_token", "tracks"])
    assert mesh.call("GET", "/tracks/hidden", token=free).status == 403


def test_covers_are_served_as_they_were_in_the_files(
    mesh: RunningMesh, music: Music, free: str
) -> None:
    for song in SONGS[:2]:
        path = music.tracks[song.title]["artwork_path"]
        answer = mesh.call("GET", path)
        assert answer.status == 200
        assert answer.content == music.cover
        assert answer.headers["content-type"] == "image/jpeg"
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("q=harbour+lights", "Harbour Lights"),
        ("q=harbuor+lights", "Harbour Lights"),
        ("q=saltwatr", "Saltwater Telegraph"),
        ("q=satlwater+telegrpah", "Saltwater Telegraph"),
        ("q=noctur", "Nocturne for Relays"),
        ("q=uberfahrt", "Überfahrt"),
        ("q=LIGHTS+harbour", "Harbour Lights"),
        ("q=marlow", "Long Exposure"),
    ],
)
def test_search_finds_a_track_first(
    mesh: RunningMesh, music: Music, free: str, query: str, title: str
) -> None:
    found = search(mesh, free, f"{query}&type=track")
    assert found["tracks"][0]["title"] == title
    assert found["tracks"][0]["id"] == music.tracks[title]["id"]
    assert found["artists"] == found["albums"] == []


def test_search_finds_artists_and_albums_too(mesh: RunningMesh, music: Music, free: str) -> None:
    assert search(mesh, free, "q=fontane")["artists"][0]["name"] == "Ilse Fontaine"
    assert search(mesh, free, "q=prof+of+sound&type=ALBUM")["albums"][0]["title"] == ALBUM
    assert search(mesh, free, "q=zzzzqqqq")["tracks"] == []
    suggested = mesh.call("GET", "/search/suggest?q=harb", token=free).body["suggestions"]
    assert suggested[0]["text"] == "Harbour Lights"


def test_importing_a_folder_again_takes_nothing_in(mesh: RunningMesh, music: Music) -> None:
    again = mesh.import_music(music.folder)
    assert again.files_unchanged == again.files_found == len(SONGS)
    assert again.files_complete == again.files_failed == 0


def test_the_same_audio_under_other_tags_is_the_same_track(
    mesh: RunningMesh, music: Music, tmp_path: Path, free: str
) -> None:
    source = music.folder / "01 Harbour Lights.flac"
    copy = tmp_path / "copy.flac"
    other = ("-metadata", "title=Other")
    run_ffmpeg("-i", str(source), "-map", "0:a", "-c", "copy", *other, str(copy))
    run = mesh.import_music(tmp_path)
    assert (run.files_found, run.files_duplicate) == (1, 1)
    found = search(mesh, free, "q=harbour+lights&type=track")["tracks"]
    assert [track["id"] for track in found if track["title"] == "Harbour Lights"] == [
        music.id_of(SONGS[0])
    ]


def test_a_session_lives_from_play_to_stop(mesh: RunningMesh, music: Music, free: str) -> None:
    assert mesh.call("GET", "/playback", token=free).body == {}
    session = play(mesh, free, music.id_of(SONGS[0]))
    named = {"playback_id": session["playback_id"]}
    assert session["stream_url"].startswith(mesh.edge)
    assert session["bitrate"] == 256
    playing = mesh.call("GET", "/playback", token=free).body
    assert (playing["status"], playing["device_id"]) == ("PLAYING", "device-1")
    sought = mesh.call("POST", "/playback/seek", {**named, "position_ms": 9000}, token=free)
    assert sought.body["position_ms"] == 9000
    paused = mesh.call("POST", "/playback/pause", named, token=free).body
    assert paused["success"] is True
    held = mesh.call("GET", "/playback", token=free).body
    assert (held["status"], held["position_ms"]) == ("PAUSED", paused["position_ms"])
    assert 9000 <= paused["position_ms"] < FLAC_SECONDS * 1000
    resumed = mesh.call("POST", "/playback/resume", named, token=free).body
    assert mesh.call("GET", resumed["stream_url"]).status == 200
    assert mesh.call("POST", "/playback/stop", named, token=free).body["success"] is True
    over = mesh.call("GET", "/playback", token=free).body
    assert over["status"] == "STOPPED"
    assert over["revision"] > held["revision"] > playing["revision"]


def test_a_repeated_request_id_gives_the_same_session(
    mesh: RunningMesh, music: Music, free: str
) -> None:
    order = {"track_id": music.id_of(SONGS[0]), "device_id": "phone", "request_id": "once"}
    first = mesh.call("POST", "/playback/play", order, token=free).body
    second = mesh.call("POST", "/playback/play", order, token=free).body
    assert first["playback_id"] == second["playback_id"]


async def test_native_clients_get_the_same_by_grpc(
    mesh: RunningMesh, music: Music, free: str, stubs: EdgeStubs
) -> None:
    metadata = bearer(free)
    request = catalog.SearchRequest(q="harbuor", type=[catalog.SearchRequest.TRACK])
    found = await stubs.search.Search(request, metadata=metadata)
    assert found.tracks[0].id == music.id_of(SONGS[0])
    request = catalog.GetTrackRequest(id=found.tracks[0].id)
    answer = await stubs.catalog.GetTrack(request, metadata=metadata)
    assert list(answer.track.bitrates_available) == AAC


def test_buf_curl_calls_by_reflection_alone(mesh: RunningMesh, music: Music, free: str) -> None:
    buf = Path(sys.executable).with_name("buf")
    method = f"{mesh.edge}/segue.catalog.v1.SearchService/Search"
    words = ("curl", "--http2-prior-knowledge", "--protocol", "grpc")
    header = ("-H", f"authorization: Bearer {free}")
    called = subprocess.run(
        [buf, *words, *header, "-d", '{"q": "harbuor"}', method],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert called.returncode == 0, called.stderr
    assert json.loads(called.stdout)["tracks"][0]["title"] == "Harbour Lights"
