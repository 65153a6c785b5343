"""The search index of an instance is made again from the catalogue when it is lost or damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from segue.catalog.v1 import catalog_service_pb2
from segue.catalog.v1.catalog_service_pb2_grpc import SearchServiceStub

from localmesh.layout import Layout
from player.mesh_client import LocalUser, MeshClient
from tests.mesh.devices import instance_channel
from tests.mesh.imported_music import Song
from tests.mesh.mesh_processes import kill_and_recover, until
from tests.mesh.playlist_lists import until_answered
from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)

INSTANCE = "catalog-1"


def files_of(index: Path) -> list[Path]:
    files = [path for path in index.rglob("*") if path.is_file()]
    assert len(files) > 3
    return files


def deleted(index: Path) -> None:
    # The instance lives, and may write a file into a folder that is being emptied.
    while index.exists():
        shutil.rmtree(index, ignore_errors=True)


def overwritten(index: Path) -> None:
    each_file(index, lambda held: b"\xa5" * max(len(held), 64))


def emptied(index: Path) -> None:
    each_file(index, lambda _: b"")


def cut_short(index: Path) -> None:
    each_file(index, lambda held: held[: len(held) // 2])


def each_file(index: Path, damaged: Callable[[bytes], bytes]) -> None:
    """Damages every file; the instance lives, and may take one of its own away meanwhile."""
    for path in files_of(index):
        with suppress(FileNotFoundError):
            path.write_bytes(damaged(path.read_bytes()))


@pytest.mark.parametrize("damage", [deleted, overwritten, emptied, cut_short])
async def test_an_instance_whose_index_is_damaged_finds_everything_after_its_restart(
    mesh: RunningMesh, songs_of_mesh: list[Song], damage: Callable[[Path], None]
) -> None:
    damage(Layout.at(mesh.folder).index / INSTANCE)
    await kill_and_recover(mesh.folder, INSTANCE)
    async with (
        MeshClient(mesh.folder, LocalUser("listener")) as client,
        instance_channel(mesh.folder, "catalog", 0) as channel,
    ):
        stub = SearchServiceStub(channel)

        async def found() -> bool:
            return [await best(client, stub, song.title) for song in songs_of_mesh] == [
                song.title for song in songs_of_mesh
            ]

        await until(found, "not everything was found")


async def best(client: MeshClient, stub: Any, title: str) -> str | None:
    """The title of the best track that a search for ``title`` finds."""
    request = catalog_service_pb2.SearchRequest(q=title)
    answer = await until_answered(client, stub.Search, request)
    return next((str(track.title) for track in answer.tracks), None)
