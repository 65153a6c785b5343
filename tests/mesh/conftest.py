"""One mesh for the tests that leave it as they found it, with two instances where that matters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from segue.catalog.v1 import catalog_pb2

from player.mesh_client import LocalUser, MeshClient
from tests.mesh.imported_music import Song, all_tracks, make_songs
from tests.mesh.mesh_processes import scale, until_ready
from tests.running_mesh import RunningMesh, running_mesh

# The catalogue first: an instance of playback knows the catalogues of when it was added.
TWO_OF = ("catalog", "playback")
# Long enough that no session is heard to its end while a test lasts.
LONG_S = 40.0


@pytest.fixture(scope="session")
def songs_of_mesh(tmp_path_factory: pytest.TempPathFactory) -> list[Song]:
    titles = {"Kaleidoscope Morning": LONG_S, "Velvet Thunder": 6.0, "Paper Lanterns": 6.0}
    return make_songs(tmp_path_factory.mktemp("music"), titles)


@pytest.fixture(scope="session")
def shared_mesh(
    tmp_path_factory: pytest.TempPathFactory, songs_of_mesh: list[Song]
) -> Iterator[RunningMesh]:
    replicas = [f"{service}=2" for service in TWO_OF]
    with running_mesh(tmp_path_factory.mktemp("shared") / "mesh", replicas) as mesh:
        done = mesh.import_music(songs_of_mesh[0].path.parent)
        assert done.state == catalog_pb2.Import.State.DONE
        assert done.files_complete == len(songs_of_mesh)
        yield mesh


@pytest_asyncio.fixture
async def mesh(shared_mesh: RunningMesh) -> AsyncIterator[RunningMesh]:
    """The shared mesh, whole: every process ready, two instances where there are two."""
    await until_ready(shared_mesh.folder)
    for service in TWO_OF:
        await scale(shared_mesh.folder, service, 2)
    yield shared_mesh


@pytest_asyncio.fixture
async def long_track(mesh: RunningMesh) -> str:
    """The id of the longest track."""
    async with MeshClient(mesh.folder, LocalUser("librarian")) as client:
        tracks = await all_tracks(client)
    return next(str(track.id) for track in tracks if track.duration_ms > LONG_S * 900)
