"""What an import makes of broken, lying and hidden files: each is named, none is half published."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from bad_music import REFUSED, TAKEN, write_bad_music
from e2e_album import Tokens
from edge_calls import Refusal, json_refusal, play

from tests.running_mesh import RunningMesh, make_noise


@dataclass(frozen=True)
class Wreckage:
    """The Import of the bad folder, and its files by path."""

    run: Any
    files: dict[str, Any]


def files_of(mesh: RunningMesh, run_id: str, token: str, query: str = "") -> list[Any]:
    path = f"/imports/{run_id}/files?page_size=500{query}"
    answer = mesh.call("GET", path, token=token)
    assert answer.status == 200, answer
    return list(answer.body["files"])


@pytest.fixture(scope="session")
def wreckage(
    mesh: RunningMesh, tokens: Tokens, tmp_path_factory: pytest.TempPathFactory
) -> Wreckage:
    folder = tmp_path_factory.mktemp("wrecks")
    write_bad_music(folder)
    run = mesh.import_music(folder)
    files = files_of(mesh, run.id, tokens("operator", admin=True))
    return Wreckage(run, {file["path"]: file for file in files})


def test_every_file_is_accounted_for_once(wreckage: Wreckage) -> None:
    assert set(wreckage.files) == set(REFUSED) | TAKEN
    assert wreckage.run.files_found == len(wreckage.files)
    assert wreckage.run.files_failed == len(REFUSED)
    assert wreckage.run.files_complete == len(TAKEN)


@pytest.mark.parametrize("path", REFUSED)
def test_a_bad_file_is_refused_with_a_reason_for_people(wreckage: Wreckage, path: str) -> None:
    file = wreckage.files[path]
    assert file["state"] == "FAILED"
    assert re.search(REFUSED[path], file["reason"])
    assert not re.search(r"Traceback|Error\b|0x[0-9a-f]{6}|/tmp/|None", file["reason"]), file


@pytest.mark.parametrize("path", sorted(TAKEN))
def test_a_good_file_beside_bad_ones_is_taken_in(wreckage: Wreckage, path: str) -> None:
    assert (wreckage.files[path]["state"], wreckage.files[path]["reason"]) == ("COMPLETE", "")


def test_the_refused_can_be_listed_alone(mesh: RunningMesh, wreckage: Wreckage, admin: str) -> None:
    refused = files_of(mesh, wreckage.run.id, admin, "&states=failed")
    assert {file["path"] for file in refused} == set(REFUSED)


def test_nothing_of_a_refused_file_can_be_found(
    mesh: RunningMesh, wreckage: Wreckage, free: str
) -> None:
    for query in ("wreck", "wreckers", "Wreck truncated flac", "zero", "noise"):
        answer = mesh.call("GET", f"/search?q={quote(query)}&page_size=100", token=free)
        found = [track["title"] for track in answer.body["tracks"]]
        assert not [title for title in found if "wreck" in title.lower()]
    titles = [
        track["title"]
        for track in mesh.call("GET", "/tracks?page_size=500", token=free).body["tracks"]
        if track["state"] == "READY"
    ]
    assert not [title for title in titles if title.startswith("Wreck")]


def test_nothing_of_a_refused_file_can_be_played(
    mesh: RunningMesh, wreckage: Wreckage, free: str
) -> None:
    known = [file["track_id"] for file in wreckage.files.values() if file["state"] == "FAILED"]
    for track_id in filter(None, known):
        order = {"track_id": track_id, "device_id": "phone"}
        answer = mesh.call("POST", "/playback/play", order, token=free)
        assert json_refusal(answer) in (
            Refusal("NOT_FOUND", "NOT_FOUND"),
            Refusal("FAILED_PRECONDITION", "AUDIO_UNDECODABLE"),
        )


@pytest.mark.parametrize("title", ["Disguised Survivor", "Hidden Survivor", "Latin Survivor"])
def test_what_was_taken_in_can_be_found_and_played(
    mesh: RunningMesh, wreckage: Wreckage, free: str, title: str
) -> None:
    answer = mesh.call("GET", f"/search?q={quote(title)}&type=track", token=free)
    assert answer.body["tracks"][0]["title"] == title
    session = play(mesh, free, answer.body["tracks"][0]["id"])
    assert mesh.call("GET", session["stream_url"]).status == 200


def test_an_immense_title_is_cut_to_what_a_title_can_be(
    mesh: RunningMesh, wreckage: Wreckage, free: str
) -> None:
    track_id = wreckage.files["huge tag.mp3"]["track_id"]
    track = mesh.call("GET", f"/tracks/{track_id}", token=free).body
    assert track["title"].startswith("Immense Immense")
    assert len(track["title"]) <= 500


def test_a_file_that_cannot_be_read_is_named_and_taken_in_once_it_can(
    mesh: RunningMesh, tmp_path: Path, admin: str
) -> None:
    real = make_noise(tmp_path / "elsewhere" / "real.flac", 2, title="Locked Survivor")
    music = tmp_path / "music"
    music.mkdir()
    locked = music / "locked.flac"
    if os.geteuid() == 0:
        # Nothing is closed to root: a link into the void stands for what cannot be opened.
        locked.symlink_to(tmp_path / "later.flac")
    else:
        locked.write_bytes(real.read_bytes())
        locked.chmod(0)
    run = mesh.import_music(music)
    (file,) = files_of(mesh, run.id, admin)
    assert (file["path"], file["state"]) == ("locked.flac", "FAILED")
    assert file["reason"].startswith("it cannot be read: ")
    if os.geteuid() == 0:
        real.rename(tmp_path / "later.flac")
    else:
        locked.chmod(0o600)
    assert mesh.import_music(music).files_complete == 1


def test_a_mended_file_is_taken_in_by_the_next_import(
    mesh: RunningMesh, tmp_path: Path, free: str
) -> None:
    song = make_noise(tmp_path / "song.flac", 2, title="Mended Survivor")
    whole = song.read_bytes()
    song.write_bytes(whole[: len(whole) // 2])
    assert mesh.import_music(tmp_path).files_failed == 1
    assert mesh.import_music(tmp_path).files_complete == 0
    song.write_bytes(whole)
    assert mesh.import_music(tmp_path).files_complete == 1
    found = mesh.call("GET", "/search?q=mended+survivor&type=track", token=free).body["tracks"]
    assert [(track["title"], track["state"]) for track in found][:1] == [
        ("Mended Survivor", "READY")
    ]


def test_a_folder_without_audio_is_an_import_of_nothing(mesh: RunningMesh, tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing here")
    run = mesh.import_music(tmp_path)
    assert (run.files_found, run.files_failed) == (0, 0)
