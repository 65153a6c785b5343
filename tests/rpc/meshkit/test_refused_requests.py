"""A request that was refused is gone with its refusal: large ones would fill the memory."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from segue.playlist.v1 import playlist_service_pb2 as playlist
from segue.playlist.v1 import playlist_service_pb2_grpc as playlist_grpc

from meshkit.certificates import ensure_certificates
from meshkit.faults import InvalidArgument
from meshkit.server import Context
from meshkit.testing.rpc import ServedMesh, served


class Playlists(playlist_grpc.PlaylistServiceServicer):
    async def GetPlaylist(self, request: Any, context: Context) -> Any:
        raise InvalidArgument.field("playlist_id", "is not what this test asks for")

    async def WatchPlaylist(self, request: Any, context: Context) -> AsyncIterator[Any]:
        raise InvalidArgument.field("playlist_id", "is not what this test asks for")
        yield


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[ServedMesh]:
    ensure_certificates(tmp_path)
    register = playlist_grpc.add_PlaylistServiceServicer_to_server
    async with served(tmp_path, (register, Playlists())) as mesh:
        yield mesh


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is collected: what is gone is gone by itself."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def refusals() -> int:
    return sum(isinstance(one, InvalidArgument) for one in gc.get_objects())


@pytest.mark.parametrize("playlist_id", ["wrong", "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"])
async def test_nothing_is_left_of_a_refused_call(
    mesh: ServedMesh, uncollected: None, playlist_id: str
) -> None:
    stub: Any = playlist_grpc.PlaylistServiceStub(mesh.channel())
    before = refusals()
    for _ in range(20):
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetPlaylist(
                playlist.GetPlaylistRequest(playlist_id=playlist_id), metadata=mesh.token()
            )
        with pytest.raises(grpc.aio.AioRpcError):
            call = stub.WatchPlaylist(
                playlist.WatchPlaylistRequest(playlist_id=playlist_id), metadata=mesh.token()
            )
            await anext(aiter(call))
    # The last ones may be on their way out still.
    async with asyncio.timeout(5):
        while refusals() > before + 2:
            await asyncio.sleep(0.05)
