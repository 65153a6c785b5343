"""An import that a killed instance left half done is made again, and makes one playlist."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from segue.playlist.v1 import playlist_service_pb2 as pb
from segue.playlist.v1 import transfer_service_pb2

from meshkit.faults import Unavailable
from player.mesh_client import LocalUser, MeshClient
from tests.mesh.imported_music import Song
from tests.mesh.mesh_processes import PATIENCE_S, kill, until_ready
from tests.mesh.playlist_lists import read_view
from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)

ENTRIES = 2_000
_RETRY_S = 0.1

Moment = Callable[[Any], bool]


def done(step: Any) -> int:
    """How many entries were looked at; 0 for a step that does not tell."""
    return int(getattr(step, "done_count", 0))


def made(step: Any) -> str:
    """The playlist that was made; empty for a step of the work before."""
    return str(getattr(step, "playlist_id", ""))


MOMENTS: dict[str, Moment] = {
    "as soon as it tells anything": lambda step: True,
    "in the middle": lambda step: done(step) >= ENTRIES // 2,
    "when all that is left is to make the playlist": lambda step: done(step) == ENTRIES,
    "after the playlist was made": lambda step: bool(made(step)),
}


@pytest_asyncio.fixture
async def client(mesh: RunningMesh) -> AsyncIterator[MeshClient]:
    async with MeshClient(mesh.folder, LocalUser(f"importer-{uuid4().hex[:8]}")) as client:
        await client.token()
        yield client


@pytest.fixture
def request_of_import(songs_of_mesh: list[Song]) -> Any:
    """A long import; every other entry is in the catalogue."""
    names = [f"The Testers - {songs_of_mesh[0].title}", "Nobody - Never Recorded"]
    lines = [f"#EXTINF:-1,{names[number % 2]}\n{number}.mp3" for number in range(ENTRIES)]
    content = "\n".join(["#EXTM3U", *lines, ""]).encode()
    return transfer_service_pb2.ImportPlaylistRequest(
        content=content, name="Half done", request_id=str(uuid4())
    )


async def steps_of(client: MeshClient, request: Any) -> AsyncIterator[Any]:
    """What an import tells before its end. Raises Unavailable when the instance goes away."""
    metadata = await client.metadata()
    async for step in client.transfer.ImportPlaylist(request, metadata=metadata, timeout=60):
        if step.HasField("end"):
            return
        yield getattr(step, step.WhichOneof("event"))


async def import_to_its_end(client: MeshClient, request: Any) -> Any:
    """The last step of an import that is made again until it comes to its end."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return [step async for step in steps_of(client, request)][-1]
            except Unavailable:
                await asyncio.sleep(_RETRY_S)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_an_import_that_was_killed_makes_one_playlist_when_it_is_made_again(
    mesh: RunningMesh, client: MeshClient, request_of_import: Any, moment: str
) -> None:
    killed_at = None
    with suppress(Unavailable):
        async for step in steps_of(client, request_of_import):
            if killed_at is None and MOMENTS[moment](step):
                await kill(mesh.folder, "playlist-1")
                killed_at = step
    assert killed_at is not None
    print(f"killed at {done(killed_at)} of {killed_at.entry_count}")
    last = await import_to_its_end(client, request_of_import)
    assert (last.entry_count, last.matched_count) == (ENTRIES, ENTRIES // 2)
    again = await import_to_its_end(client, request_of_import)
    assert again.playlist_id == last.playlist_id
    assert made(killed_at) in ("", last.playlist_id)
    await until_ready(mesh.folder)
    mine = await client.call(client.playlists.ListPlaylists, pb.ListPlaylistsRequest())
    assert [each.playlist_id for each in mine.playlists] == [last.playlist_id]
    assert mine.playlists[0].track_count == ENTRIES // 2
    assert len((await read_view(client, last.playlist_id)).entries) == ENTRIES // 2
