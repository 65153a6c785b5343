"""Every edit that was acknowledged is in the history once, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from player.mesh_client import MeshClient
from tests.mesh.imported_music import all_tracks
from tests.mesh.mesh_processes import kill, processes, scale, until_ready
from tests.mesh.playlist_editors import Editor, Told
from tests.mesh.playlist_lists import shared_playlist, users
from tests.mesh.playlist_truth import assert_told_the_truth
from tests.profiles import repeated
from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)

EDITORS = ("edit-ann", "edit-ben", "edit-cyd", "edit-dov")
EDITS = repeated(60, 500)
TITLE = "Under fire"
INSTANCES = 3
KILLS = repeated(3, 8)
SAMPLES = 40


@asynccontextmanager
async def playlist_instances(folder: Path, count: int) -> AsyncIterator[list[str]]:
    """So many instances of the service, and one again at the end."""
    try:
        names = await scale(folder, "playlist", count)
        await until_ready(folder)
        yield names
    finally:
        await until_ready(folder)
        await scale(folder, "playlist", 1)


async def kill_now_and_then(folder: Path, names: Sequence[str], told: Told) -> None:
    """SIGKILLs instances at random moments of the editing."""
    last = len(EDITORS) * EDITS * 9 // 10
    for moment in sorted(random.sample(range(20, last), KILLS)):
        while told.count < moment:
            told.moved_on.clear()
            await told.moved_on.wait()
        victim = random.choice(names)
        await kill_what_runs(folder, victim)
        print(f"{victim} died after {told.count} edits")


async def kill_what_runs(folder: Path, name: str) -> None:
    """SIGKILL to a process, once it runs: the pid of one that has just died may still be told."""
    while True:
        try:
            return await kill(folder, name)
        except ProcessLookupError:
            await asyncio.sleep(0.1)


async def edit_under_fire(
    folder: Path, names: Sequence[str], clients: Sequence[MeshClient], playlist_id: str
) -> Told:
    """Has all editors edit while instances die; what they were told."""
    told = Told()
    track_ids = [track.id for track in await all_tracks(clients[0])]
    async with asyncio.TaskGroup() as group:
        group.create_task(kill_now_and_then(folder, names, told))
        for client in clients:
            editor = Editor(client, playlist_id, track_ids, told)
            group.create_task(editor.edit(EDITS))
    return told


async def restarts(folder: Path, names: Sequence[str]) -> int:
    seen = await processes(folder)
    return sum(seen[name].restarts for name in names)


async def test_every_acknowledged_edit_is_in_the_history_once_though_instances_die(
    mesh: RunningMesh,
) -> None:
    async with (
        users(mesh.folder, *EDITORS) as clients,
        playlist_instances(mesh.folder, INSTANCES) as names,
    ):
        before = await restarts(mesh.folder, names)
        playlist_id = await shared_playlist(clients, TITLE)
        told = await edit_under_fire(mesh.folder, names, clients, playlist_id)
        await until_ready(mesh.folder)
        assert await restarts(mesh.folder, names) - before == KILLS
        assert told.count == len(EDITORS) * EDITS
        # Editors disagree now and then, and agree most of the time.
        print(f"{len(told.acknowledged)} acknowledged, refused: {dict(told.refused)}")
        assert told.refused["PLAYLIST_CONFLICT"] > 0
        assert len(told.acknowledged) > told.count // 2
        await assert_told_the_truth(clients[0], playlist_id, TITLE, told, SAMPLES)
