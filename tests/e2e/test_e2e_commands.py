"""The ``segue`` command as people and scripts use it: exit codes, and words that help."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from e2e_album import SONGS, Music

from tests.running_mesh import RunningMesh, make_noise

Done = subprocess.CompletedProcess[str]


def segue(folder: Path, *words: str) -> Done:
    """Runs the command against the mesh of ``folder``, named by SEGUE_DIR."""
    command = Path(sys.executable).with_name("segue")
    environment = {**os.environ, "SEGUE_DIR": str(folder), "COLUMNS": "200"}
    return subprocess.run(
        [command, *words], env=environment, capture_output=True, text=True, timeout=100
    )


def test_token_prints_a_token_that_works(mesh: RunningMesh) -> None:
    done = segue(mesh.folder, "token", "--user", "typist", "--tier", "premium")
    assert (done.returncode, done.stderr) == (0, "")
    token = done.stdout.strip()
    mesh.secrets.add(token)
    me = mesh.call("GET", "/me", token=token).body
    assert (me["username"], me["subscription_type"]) == ("typist", "PREMIUM")
    assert mesh.call("POST", "/imports", {"path": "/"}, token=token).status == 403
    admin = segue(mesh.folder, "token", "--user", "typist", "--admin").stdout.strip()
    mesh.secrets.add(admin)
    assert mesh.call("POST", "/imports", {"path": "x"}, token=admin).status == 400


def test_token_says_by_which_command_a_plan_is_changed(mesh: RunningMesh) -> None:
    segue(mesh.folder, "token", "--user", "planner")
    done = segue(mesh.folder, "token", "--user", "planner", "--tier", "premium")
    assert (done.returncode, done.stdout) == (1, "")
    assert "segue user plan NAME premium" in done.stderr


def test_token_refuses_a_name_that_cannot_be_one(mesh: RunningMesh) -> None:
    done = segue(mesh.folder, "token", "--user", "No Name")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("segue: the user's name must be ")


def test_what_the_service_refuses_is_told_in_the_words_of_the_command_line(
    mesh: RunningMesh,
) -> None:
    done = segue(mesh.folder, "search", "moon" * 60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "segue: the words must have at most 200 characters; see --help\n"
    empty = segue(mesh.folder, "search", "")
    assert (empty.returncode, empty.stderr.split(",")[0]) == (1, "segue: say what to search for")


def test_import_counts_and_names_what_it_refused(mesh: RunningMesh, tmp_path: Path) -> None:
    make_noise(tmp_path / "typed.flac", 2, title="Typed Noise")
    (tmp_path / "empty.mp3").touch()
    done = segue(mesh.folder, "import", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "2 files: 1 imported, 0 unchanged, 0 already there, 1 refused" in done.stdout
    assert "refused: empty.mp3: the file is empty" in done.stdout
    again = segue(mesh.folder, "import", str(tmp_path))
    assert again.returncode == 0
    assert "1 unchanged" in again.stdout


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, "IMPORT_PATH_UNREADABLE"),
        (lambda folder: folder.mkdir(), "holds no audio files"),
    ],
    ids=["missing", "without audio"],
)
def test_import_of_a_useless_folder_fails_with_words(
    mesh: RunningMesh, tmp_path: Path, make: object, words: str
) -> None:
    assert callable(make)
    make(tmp_path / "folder")
    done = segue(mesh.folder, "import", str(tmp_path / "folder"))
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_search_shows_tracks_albums_and_artists(mesh: RunningMesh, music: Music) -> None:
    done = segue(mesh.folder, "search", "harbuor", "ligths")
    assert done.returncode == 0, done.stderr
    assert "Harbour Lights" in done.stdout
    assert "0:24" in done.stdout
    artists = segue(mesh.folder, "search", "--only", "artist", "fontaine").stdout
    assert "Ilse Fontaine" in artists
    assert "Harbour" not in artists


def test_what_the_catalogue_has_is_listed_by_title(mesh: RunningMesh, music: Music) -> None:
    done = segue(mesh.folder, "tracks", "--limit", "500")
    assert done.returncode == 0, done.stderr
    places = [done.stdout.index(title) for title in sorted(song.title for song in SONGS)[:-1]]
    assert places == sorted(places)
    assert all(line == line.rstrip() for line in done.stdout.splitlines())
    one = segue(mesh.folder, "tracks", "--limit", "1").stdout.splitlines()
    assert one[2:] == ["the first 1 shown; find others: segue search WORDS"]


def test_a_search_says_where_there_is_more(mesh: RunningMesh, music: Music) -> None:
    done = segue(mesh.folder, "search", "fontaine", "--only", "track", "--limit", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[2:] == ["the best 1 tracks shown; --limit 2 shows more"]


def test_search_for_what_is_not_there_says_so(mesh: RunningMesh, music: Music) -> None:
    done = segue(mesh.folder, "search", "zzzzqqqq")
    assert done.returncode == 1
    assert "Nothing is called like 'zzzzqqqq'" in done.stdout


def test_play_plays_as_long_as_it_is_told(mesh: RunningMesh, music: Music) -> None:
    done = segue(mesh.folder, "play", "harbuor", "--sink", "null", "--seconds", "2")
    assert done.returncode == 0, done.stderr
    assert "started after" in done.stdout
    assert "0 underruns" in done.stdout


def test_play_of_an_unknown_track_says_so(mesh: RunningMesh, music: Music) -> None:
    done = segue(mesh.folder, "play", "zzzzqqqq", "--sink", "null")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no track is called like 'zzzzqqqq'" in done.stderr


def test_play_of_every_format_needs_no_more_than_its_name(mesh: RunningMesh, music: Music) -> None:
    done = segue(
        mesh.folder, "play", SONGS[4].title, "--sink", "null", "--speed", "8", "--user", "listener"
    )
    assert done.returncode == 0, done.stderr
    assert "heard" in done.stdout


def test_status_tells_scripts_and_people_what_runs(mesh: RunningMesh) -> None:
    done = segue(mesh.folder, "mesh", "status", "--json")
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert (status["state"], status["edge"]) == ("ready", mesh.edge)
    names = {process["name"] for process in status["processes"]}
    assert {"catalog-1", "catalog-worker-1", "playback-1", "identity-1", "media-1"} <= names
    assert {process["state"] for process in status["processes"]} == {"ready"}
    table = segue(mesh.folder, "mesh", "status")
    assert (table.returncode, names - set(table.stdout.split())) == (0, set())


@pytest.mark.parametrize("port", [(), ("--port", "0"), ("--port", "same")], ids=" ".join)
def test_a_mesh_that_runs_already_is_left_as_it_is(
    mesh: RunningMesh, port: tuple[str, ...]
) -> None:
    here = mesh.edge.rpartition(":")[2]
    words = [here if word == "same" else word for word in port]
    done = segue(mesh.folder, "mesh", "up", "--detach", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"the mesh already runs at {mesh.edge}" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--port", "9"), "not on port 9; stop it first: segue mesh down"),
        (("--replicas", "catalog=2"), "segue mesh scale catalog=2"),
        (("--allow-origin", "http://localhost:5173"), "which origins it lets in is said at its"),
    ],
)
def test_another_mesh_than_the_one_that_runs_is_refused(
    mesh: RunningMesh, words: tuple[str, ...], said: str
) -> None:
    done = segue(mesh.folder, "mesh", "up", "--detach", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


@pytest.mark.parametrize("port", ["80000", "65536", "-1"])
@pytest.mark.parametrize("words", [("mesh", "up"), ("demo",)], ids=" ".join)
def test_a_port_that_cannot_be_one_is_refused_in_words(
    tmp_path: Path, words: tuple[str, ...], port: str
) -> None:
    done = segue(tmp_path, *words, "--port", port)
    assert done.returncode == 1
    assert f"--port {port}: ports go from 1 to 65535" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mesh_that_is_down_already_is_down(tmp_path: Path) -> None:
    done = segue(tmp_path, "mesh", "down")
    assert (done.returncode, done.stdout) == (0, f"no mesh runs in {tmp_path}\n")


@pytest.mark.parametrize(
    "words",
    [
        ("token",),
        ("import", "."),
        ("search", "x"),
        ("play", "x"),
        ("mesh", "status"),
    ],
    ids=" ".join,
)
def test_without_a_mesh_every_command_says_how_to_start_one(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = segue(tmp_path, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no mesh runs in {tmp_path}" in " ".join(done.stderr.split())
    assert "segue mesh up" in done.stderr


@pytest.mark.parametrize("words", [("search",), ("play",)], ids=" ".join)
def test_a_command_without_words_says_what_it_needs(
    mesh: RunningMesh, words: tuple[str, ...]
) -> None:
    done = segue(mesh.folder, *words)
    assert done.returncode == 1
    assert "say what to" in done.stderr
