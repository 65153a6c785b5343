"""Plays that were heard raise the counts of the catalogue by one each, whatever dies meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from segue.catalog.v1 import catalog_service_pb2
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1 import preferences_service_pb2 as preferences

from player.mesh_client import LocalUser, MeshClient
from tests.mesh.devices import until_acknowledged
from tests.mesh.imported_music import all_tracks
from tests.mesh.mesh_processes import kill, until, until_ready
from tests.mesh.playlist_lists import until_answered
from tests.mesh.remote_devices import RemoteDevice, connected
from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)

TITLE = "Velvet Thunder"


@pytest_asyncio.fixture
async def track(mesh: RunningMesh) -> Any:
    """A track of some seconds."""
    async with MeshClient(mesh.folder, LocalUser("librarian")) as client:
        return next(each for each in await all_tracks(client) if each.title == TITLE)


@asynccontextmanager
async def listener(mesh: RunningMesh, user: str) -> AsyncIterator[RemoteDevice]:
    """The device of a user, connected."""
    async with MeshClient(mesh.folder, LocalUser(user)) as client:
        device = RemoteDevice(client, "radio", [client.devices])
        async with connected(device):
            yield device


async def heard(device: RemoteDevice, track: Any) -> Any:
    """Plays a track until the device has told that it has played half of it; the session."""
    request = pb.PlayRequest(track_id=track.id, device_id=device.device_id)
    client = device.client
    session = await until_acknowledged(client, client.playback.Play, request)

    async def half() -> bool:
        told_ms = device.told_ms.get(session.play_id, 0)
        return bool(told_ms >= track.duration_ms // 2)

    await until(half, "the device has not told of half the track")
    return session


async def leave(client: MeshClient, session: Any) -> None:
    request = pb.StopRequest(playback_id=session.playback_id)
    await until_acknowledged(client, client.playback.Stop, request)


async def streams_of(client: MeshClient, track: Any) -> int:
    request = catalog_service_pb2.ListTracksRequest(page_size=500)
    found = (await until_answered(client, client.catalog.ListTracks, request)).tracks
    return next(int(each.streams_total) for each in found if each.id == track.id)


async def until_counted(client: MeshClient, track: Any, count: int) -> None:
    """Returns when the catalogue counts so many plays of a track."""

    async def counted() -> bool:
        return await streams_of(client, track) >= count

    await until(counted, f"the catalogue does not count {count} plays")


async def killed(mesh: RunningMesh, names: Sequence[str]) -> None:
    for name in names:
        await kill(mesh.folder, name)


async def test_a_play_counts_once_though_the_catalogue_and_playback_die_before_it_is_told(
    mesh: RunningMesh, track: Any
) -> None:
    async with listener(mesh, "hears-half") as device:
        before = await streams_of(device.client, track)
        session = await heard(device, track)
        await killed(mesh, ["catalog-1", "catalog-2"])
        await leave(device.client, session)
        await killed(mesh, ["playback-1", "playback-2"])
        await until_ready(mesh.folder)
        await until_counted(device.client, track, before + 1)
        # Plays are told in their order: with the second one, all that the first one did is done.
        await leave(device.client, await heard(device, track))
        await until_counted(device.client, track, before + 2)
        assert await streams_of(device.client, track) == before + 2


async def test_a_private_play_is_not_counted_and_public_ones_are_the_most_played(
    mesh: RunningMesh, track: Any
) -> None:
    async with listener(mesh, "hears-alone") as device:
        client = device.client
        before = await streams_of(client, track)
        await listens_privately(client, private=True)
        await leave(client, await heard(device, track))
        await listens_privately(client, private=False)
        await leave(client, await heard(device, track))
        await until_counted(client, track, before + 1)
        assert await streams_of(client, track) == before + 1
    token = mesh.token("hears-alone")
    listed = mesh.call("GET", "/tracks/top", token=token).body["tracks"]
    assert track.id in [each["id"] for each in listed]
    streams = [each["streams_total"] for each in listed]
    assert streams == sorted(streams, reverse=True)
    assert streams[0] > 0


async def listens_privately(client: MeshClient, *, private: bool) -> None:
    request = preferences.UpdatePreferencesRequest(
        preferences=preferences.Preferences(private_session=private)
    )
    await until_acknowledged(client, client.preferences.UpdatePreferences, request)
