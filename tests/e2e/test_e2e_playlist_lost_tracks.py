"""Tracks that leave the catalogue while they stand in playlists and libraries."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from e2e_album import SONGS, Music
from edge_calls import NOT_FOUND, json_refusal
from playlist_callers import Caller, ids_of

from tests.mesh.mesh_processes import frozen, processes
from tests.running_mesh import Answer, RunningMesh, make_noise

WORKER = "catalog-worker-1"
LOST = "Doomed Recording"
OTHERS = 4
PATIENCE_S = 60.0


@pytest.fixture
def ada(mesh: RunningMesh, free: str) -> Caller:
    return Caller(mesh, free)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """New music, and one file that is a track of the album under another name.

    It is a track of its own until its audio was looked at.
    """
    for number in range(OTHERS):
        make_noise(tmp_path / f"00 New {number}.flac", 20, title=f"Kept Recording {number}")
    song = SONGS[0]
    twin = tmp_path / f"{song.number:02} {song.title}.{song.suffix}"
    make_noise(twin, song.seconds, title=LOST, artist="The Twins")
    return tmp_path


def until_import(admin: Caller, path: str, field: str, wanted: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while admin.get(path)[field] != wanted:
        assert time.monotonic() < deadline, admin.get(path)
        time.sleep(0.02)


def id_of_lost(caller: Caller) -> str:
    """The track's id, as soon as search knows it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = caller.get(f"/search?q={LOST.replace(' ', '+')}&type=track")["tracks"]
        ids = [str(each["id"]) for each in found if each["title"] == LOST]
        if ids:
            return ids[0]
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def until_refused(caller: Caller, playlist_id: str, track_ids: list[str]) -> Answer:
    """The refusal to add tracks, once the news of the catalogue have arrived."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = caller.try_("POST", f"/playlists/{playlist_id}/tracks", {"track_ids": track_ids})
        if answer.status != 200:
            return answer
        assert time.monotonic() < deadline, answer.body
        time.sleep(0.05)


def test_a_track_that_left_the_catalogue_keeps_its_place_and_cannot_be_added(
    mesh: RunningMesh, ada: Caller, admin: str, music: Music, folder: Path
) -> None:
    operator = Caller(mesh, admin)
    started = operator.post("/imports", {"path": str(folder)})["import_run"]
    path = f"/imports/{started['id']}"
    until_import(operator, path, "files_searchable", OTHERS + 1)
    worker = asyncio.run(processes(mesh.folder))[WORKER].pid
    assert worker is not None
    playlist_id, kept = ada.new_playlist("Losses"), ids_of(music)[1]
    others = ada.new_playlist("Later")
    with frozen(worker):
        lost = id_of_lost(ada)
        items = ada.add(playlist_id, [lost, kept])["item_ids"]
        ada.call("PUT", "/me/library/tracks", {"track_ids": [lost]})
    until_import(operator, path, "state", "DONE")
    assert operator.get(path)["files_duplicate"] == 1
    refused = until_refused(ada, others, [kept, lost])
    assert (refused.status, json_refusal(refused)) == (404, NOT_FOUND)
    assert refused.body["details"][0]["metadata"]["id"] == lost
    saving = ada.try_("PUT", "/me/library/tracks", {"track_ids": [lost]})
    assert (saving.status, json_refusal(saving)) == (404, NOT_FOUND)
    tracks = ada.get(f"/playlists/{playlist_id}/tracks")["tracks"]
    assert [each["item_id"] for each in tracks] == items
    assert [each["available"] for each in tracks] == [False, True]
    assert (tracks[0]["title"], tracks[0]["artist"]) == (LOST, "The Twins")
    (saved,) = ada.get("/me/library/tracks")["tracks"]
    assert (saved["title"], saved["available"]) == (LOST, False)
    ada.post(f"/playlists/{playlist_id}/tracks/move", {"item_ids": items[:1]})
    assert ada.item_ids(playlist_id) == items[::-1]
