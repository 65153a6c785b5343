"""Recommendations from outside: as JSON through the edge, and by the command line."""

from __future__ import annotations

import re
from typing import Any

from e2e_album import SONGS, Music
from test_e2e_commands import segue
from test_e2e_edits import eventually

from tests.running_mesh import RunningMesh


def test_a_playlist_has_recommendations_with_reasons(
    mesh: RunningMesh, music: Music, free: str
) -> None:
    held = music.tracks[SONGS[0].title]["id"]
    # What was imported is told to recommendations a moment later.
    similar = f"/tracks/{held}/similar"
    eventually(lambda: mesh.call("GET", similar, token=free).body.get("tracks"))
    made = mesh.call("POST", "/playlists", {"name": "Beside"}, token=free).body
    playlist = made["playlist_id"]
    mesh.call("POST", f"/playlists/{playlist}/tracks", {"track_ids": [held]}, token=free)
    answer = mesh.call("GET", f"/recommendations/{playlist}?limit=2", token=free)
    assert answer.status == 200
    assert answer.body["source"]["kind"] in ("PERSONAL", "CONTENT", "POPULAR")
    assert 1 <= len(answer.body["tracks"]) <= 2
    for track in answer.body["tracks"]:
        assert track["id"] != held
        assert {"id", "title", "artist", "reason", "score"} <= set(track)
        assert 0 <= track["score"] <= 1
    shown = {"shown_ids": [answer.body["shown_id"]]}
    assert mesh.call("POST", "/recommendations/shown", shown, token=free).status == 200
    assert mesh.call("GET", "/recommendations/x", token=free).status == 400
    assert mesh.call("GET", f"/recommendations/{held}", token=free).status == 404


def test_a_radio_gives_tracks_without_an_end_and_says_what_comes_again(
    mesh: RunningMesh, music: Music, free: str, user: str
) -> None:
    seed = music.tracks[SONGS[0].title]["id"]
    eventually(lambda: mesh.call("GET", f"/tracks/{seed}/similar", token=free).status == 200)
    started = mesh.call("POST", "/radio", {"track_id": seed}, token=free)
    assert started.status == 200, started.body
    radio = started.body["radio"]
    assert radio["seed"] == {"track_id": seed}
    following = f"/radio/{radio['radio_id']}/next"
    first = mesh.call("POST", following, {"limit": 50}, token=free).body
    assert first["tracks"][0]["id"] == seed
    assert all(track["reason"] for track in first["tracks"])
    again = mesh.call("POST", following, {"limit": 50}, token=free).body
    assert again["repeated_count"] >= 1
    assert mesh.call("GET", "/radio", token=free).body["radios"][0] == radio
    assert mesh.call("POST", "/radio", {"track_id": "x"}, token=free).status == 400
    assert mesh.call("POST", "/radio", {}, token=free).status == 400
    shown = segue(mesh.folder, "radio", SONGS[0].title, "--user", user)
    assert "The radio was started from it" in shown.stdout, shown.stderr
    mine = segue(mesh.folder, "radio", "--mine", "--limit", "1", "--user", user)
    assert "Your radio" in mine.stdout, mine.stderr
    played = segue(
        mesh.folder,
        *("radio", SONGS[0].title, "--play", "--user", user),
        *("--sink", "null", "--speed", "50", "--seconds", "2"),
    )
    assert played.returncode == 0, played.stderr
    assert "started after" in played.stdout
    for wrong in (["--mine", "x"], [], ["x", "--limit", "51"]):
        assert segue(mesh.folder, "radio", *wrong, "--user", user).returncode != 0
    gone = f"/radio/{radio['radio_id']}"
    assert mesh.call("DELETE", gone, token=free).status == 200
    assert mesh.call("GET", gone, token=free).status == 404


def test_home_has_shelves_and_an_artist_has_others_like_it(
    mesh: RunningMesh, music: Music, user: str, free: str
) -> None:
    held = music.tracks[SONGS[0].title]["id"]
    eventually(lambda: mesh.call("GET", f"/tracks/{held}/similar", token=free).body.get("tracks"))
    home = mesh.call("GET", "/recommendations/home", token=free).body
    again = mesh.call("GET", "/recommendations/home", token=free).body
    assert again["origin"] == "CACHE"
    shown = [shelf["shown_id"] for shelf in home["shelves"]]
    assert shown
    assert [shelf["shown_id"] for shelf in again["shelves"]] == shown
    for shelf in home["shelves"]:
        assert {"kind", "title", "tracks", "source"} <= set(shelf)
        assert 1 <= len(shelf["tracks"]) <= 12
    artist = home["shelves"][0]["tracks"][0]["artist_id"]
    near = mesh.call("GET", f"/artists/{artist}/similar?limit=5", token=free)
    assert near.status == 200
    assert artist not in {one["id"] for one in near.body.get("artists", [])}
    assert mesh.call("GET", f"/artists/{held}/similar", token=free).status == 404
    told = segue(mesh.folder, "recommend", "--user", user)
    assert told.returncode == 0, told.stderr
    assert "What many listen to" in told.stdout
    assert "Why" in told.stdout


def test_someones_private_playlist_has_none(mesh: RunningMesh, music: Music, user: str) -> None:
    done = segue(mesh.folder, "playlist", "create", f"Of {user}", "--user", user)
    assert done.returncode == 0, done.stderr

    def recommended() -> str:
        return str(segue(mesh.folder, "recommend", f"Of {user}", "--user", user).stdout)

    eventually(lambda: "Why" in recommended())
    assert any(song.title in recommended() for song in SONGS)
    theirs = segue(mesh.folder, "recommend", f"Of {user}", "--user", f"{user}-other")
    assert theirs.returncode == 1
    similar = segue(mesh.folder, "similar", "thunder", "--limit", "0", "--user", user)
    assert "--limit must be 1 to 100" in similar.stderr


def test_discover_weekly_is_the_same_all_week_and_a_playlist_that_nobody_else_changes(
    mesh: RunningMesh, music: Music, free: str
) -> None:
    def weekly() -> dict[str, Any]:
        return dict(mesh.call("GET", "/recommendations/discover-weekly", token=free).body)

    eventually(lambda: weekly().get("tracks"))
    answer = weekly()
    assert re.fullmatch(r"20\d\d-W\d\d", answer["week"])
    assert answer["is_short"] is True
    for track in answer["tracks"]:
        assert {"id", "title", "artist", "reason", "score"} <= set(track)
    eventually(lambda: weekly().get("playlist_id"))
    playlist_id = weekly()["playlist_id"]
    assert weekly() == answer | {"playlist_id": playlist_id}
    listed = mesh.call("GET", "/playlists", token=free).body["playlists"]
    (own,) = [one for one in listed if one["title"] == "Discover Weekly"]
    assert (own["playlist_id"], own["managed_by"]) == (playlist_id, "rec")
    held = mesh.call("GET", f"/playlists/{playlist_id}/tracks", token=free).body["tracks"]
    assert [one["id"] for one in held] == [one["id"] for one in answer["tracks"]]
    refused = mesh.call("DELETE", f"/playlists/{playlist_id}", token=free)
    assert refused.body["details"][0]["reason"] == "PLAYLIST_IS_MANAGED"


def test_discover_weekly_is_shown_and_played_by_the_command_line(
    mesh: RunningMesh, music: Music, user: str
) -> None:
    def shown() -> str:
        return str(segue(mesh.folder, "discover", "--user", user).stdout)

    eventually(lambda: "segue discover --play" in shown())
    assert re.search(r"Discover Weekly, 20\d\d-W\d\d, until", shown())
    assert "Why" in shown()
    play = ("--play", "--sink", "null", "--seconds", "13")
    done = segue(mesh.folder, "discover", *play, "--user", user)
    assert done.returncode == 0, done.stderr
    assert "started after" in done.stdout
    token = segue(mesh.folder, "token", "--user", user).stdout.strip()
    weekly = mesh.call("GET", "/recommendations/discover-weekly", token=token).body
    played = mesh.call("GET", "/playback/history", token=token).body["entries"][-1]["play"]
    assert played["origin"]["context"] == {"kind": "PLAYLIST", "id": weekly["playlist_id"]}
    assert played["origin"]["shown_id"] == weekly["shown_id"]
