"""What users do by public calls is learnt once each, whatever dies, and forgotten with them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from segue.identity.v1 import identity_service_pb2
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1 import preferences_service_pb2 as preferences
from segue.playback.v1.play_source_pb2 import PlaySource
from segue.playlist.v1 import library_service_pb2, playlist_service_pb2, social_service_pb2

from player.mesh_client import LocalUser, MeshClient
from rec_svc.domain.events import EventKind
from rec_svc.domain.listening import Taste
from tests.mesh.devices import until_acknowledged
from tests.mesh.imported_music import all_tracks
from tests.mesh.learnt import Learnt, learnt_in
from tests.mesh.mesh_processes import kill, scale, until, until_ready
from tests.mesh.remote_devices import RemoteDevice, connected
from tests.profiles import repeated
from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)

LISTENERS = ("learns-ann", "learns-ben", "learns-cyd")
PLAYED = (EventKind.PLAY, EventKind.SKIP, EventKind.LEFT)
PLAYS = repeated(20, 200)
KILLS = repeated(4, 12)


@pytest_asyncio.fixture
async def learnt(mesh: RunningMesh) -> AsyncIterator[Learnt]:
    async with learnt_in(mesh.folder) as learnt:
        yield learnt


@pytest_asyncio.fixture
async def tracks(mesh: RunningMesh) -> list[Any]:
    """The tracks, the shortest first."""
    async with MeshClient(mesh.folder, LocalUser("librarian")) as client:
        return sorted(await all_tracks(client), key=lambda track: track.duration_ms)


@asynccontextmanager
async def listener(mesh: RunningMesh, user: str) -> AsyncIterator[RemoteDevice]:
    """The device of a user, connected."""
    async with MeshClient(mesh.folder, LocalUser(user)) as client:
        device = RemoteDevice(client, "radio", [client.devices])
        async with connected(device):
            yield device


@asynccontextmanager
async def two_instances(folder: Path) -> AsyncIterator[list[str]]:
    """Two of each process of recommendations; one again at the end."""
    services = ("rec", "rec-worker")
    try:
        yield [name for service in services for name in await scale(folder, service, 2)]
    finally:
        await until_ready(folder)
        for service in services:
            await scale(folder, service, 1)


async def play(device: RemoteDevice, track: Any) -> Any:
    """Begins a track, whatever plays; the session."""
    request = pb.PlayRequest(track_id=track.id, device_id=device.device_id)
    return await until_acknowledged(device.client, device.client.playback.Play, request)


async def skipped_to(device: RemoteDevice, track: Any, following: Any) -> Any:
    """Begins a list of two tracks and skips the first of them; the session."""
    tracks = PlaySource.TrackList(track_ids=[track.id, following.id])
    request = pb.PlayRequest(source=PlaySource(tracks=tracks), device_id=device.device_id)
    client = device.client
    session = await until_acknowledged(client, client.playback.Play, request)
    skip = pb.SkipRequest(device_id=device.device_id, play_id=session.play_id)
    return await until_acknowledged(client, client.playback.Skip, skip)


async def stop(device: RemoteDevice, session: Any) -> None:
    request = pb.StopRequest(playback_id=session.playback_id)
    await until_acknowledged(device.client, device.client.playback.Stop, request)


async def heard_half(device: RemoteDevice, session: Any, track: Any) -> None:
    async def half() -> bool:
        return device.told_ms.get(session.play_id, 0) >= track.duration_ms // 2

    await until(half, "the device has not told of half the track")


async def save(client: MeshClient, track_id: str) -> None:
    request = library_service_pb2.SaveTracksRequest(track_ids=[track_id])
    await until_acknowledged(client, client.library.SaveTracks, request)


async def take_out(client: MeshClient, track_id: str) -> None:
    request = library_service_pb2.RemoveSavedTracksRequest(track_ids=[track_id])
    await until_acknowledged(client, client.library.RemoveSavedTracks, request)


async def listens_privately(client: MeshClient, *, private: bool) -> None:
    request = preferences.UpdatePreferencesRequest(
        preferences=preferences.Preferences(private_session=private)
    )
    await until_acknowledged(client, client.preferences.UpdatePreferences, request)


async def new_playlist(client: MeshClient, *track_ids: str) -> str:
    made = await client.call(
        client.playlists.CreatePlaylist, playlist_service_pb2.CreatePlaylistRequest(name="Mine")
    )
    request = playlist_service_pb2.AddTracksRequest(
        playlist_id=made.playlist_id, track_ids=track_ids
    )
    await until_acknowledged(client, client.playlists.AddTracks, request)
    return str(made.playlist_id)


async def user_of(client: MeshClient) -> str:
    return (await client.token()).user_id


async def test_what_a_user_does_is_learnt_and_what_is_private_is_not(
    mesh: RunningMesh, learnt: Learnt, tracks: Sequence[Any]
) -> None:
    short, other, *_, long = tracks
    async with listener(mesh, "learns-all") as device:
        client = device.client
        user = await user_of(client)
        await listens_privately(client, private=True)
        await stop(device, await play(device, other))
        await listens_privately(client, private=False)
        session = await play(device, short)
        await heard_half(device, session, short)
        await stop(device, session)
        await stop(device, await skipped_to(device, long, other))
        await save(client, short.id)
        await save(client, other.id)
        await take_out(client, short.id)
        block = social_service_pb2.BlockArtistRequest(artist_id=long.artist_id)
        await until_acknowledged(client, client.social.BlockArtist, block)
        follow = social_service_pb2.FollowRequest(artist_ids=[short.artist_id])
        await until_acknowledged(client, client.social.Follow, follow)
        playlist_id = await new_playlist(client, long.id, short.id)

    async def told() -> bool:
        return len(await learnt.events(user)) >= 8

    await until(told, "not all that the user did was learnt")

    async def artists() -> bool:
        taste = await learnt.listening.taste(user)
        return bool(taste.blocked_artists and taste.followed_artists)

    await until(artists, "nobody told who is blocked and followed")
    events = await learnt.events(user)
    assert Counter((event.kind, event.track_id) for event in events) == {
        (EventKind.PLAY, short.id): 1,
        (EventKind.SKIP, long.id): 1,
        (EventKind.LEFT, other.id): 1,
        (EventKind.SAVE, short.id): 1,
        (EventKind.SAVE, other.id): 1,
        (EventKind.UNSAVE, short.id): 1,
        (EventKind.ADDED_TO_PLAYLIST, long.id): 1,
        (EventKind.ADDED_TO_PLAYLIST, short.id): 1,
    }
    played = {event.track_id: event for event in events if event.kind in PLAYED}
    assert played[short.id].event_id == session.play_id
    assert played[short.id].heard_ms >= short.duration_ms // 2
    taste = await learnt.listening.taste(user)
    assert {(one.track_id, one.plays, one.skips) for one in taste.listened} == {
        (short.id, 1, 0),
        (long.id, 0, 1),
        (other.id, 0, 0),
    }
    assert (taste.saved, taste.blocked_artists) == ({other.id}, {long.artist_id})
    assert taste.followed_artists == {short.artist_id}
    assert set(await learnt.listening.heard_since(user, 0)) == {short.id, long.id, other.id}
    assert [played[one.id].context_kind for one in (short, long, other)] == ["", "TRACKS", "TRACKS"]
    kept = await learnt.playlists.playlist(playlist_id)
    assert kept is not None
    assert (kept.owner_id, kept.track_ids) == (user, (long.id, short.id))


async def kill_at_random(folder: Path, names: Sequence[str]) -> None:
    for _ in range(KILLS):
        await asyncio.sleep(random.uniform(0, 2))
        with suppress(ProcessLookupError):
            await kill(folder, random.choice(names))


async def listen_and_save(device: RemoteDevice, tracks: Sequence[Any]) -> list[str]:
    """Plays tracks one over the other, and saves each; the ids of the plays."""
    plays = []
    for _ in range(PLAYS):
        track = random.choice(tracks)
        session = await play(device, track)
        plays.append(str(session.play_id))
        await save(device.client, track.id)
        await take_out(device.client, track.id)
    await stop(device, session)
    return plays


async def test_of_what_users_do_nothing_is_lost_or_doubled_though_those_who_learn_die(
    mesh: RunningMesh, learnt: Learnt, tracks: Sequence[Any]
) -> None:
    async with two_instances(mesh.folder) as names:
        killing = asyncio.create_task(kill_at_random(mesh.folder, names))

        async def listening(name: str) -> tuple[str, list[str]]:
            async with listener(mesh, name) as device:
                return await user_of(device.client), await listen_and_save(device, tracks)

        done = await asyncio.gather(*map(listening, LISTENERS))
        await killing
        await until_ready(mesh.folder)
        for user, plays in done:

            async def told(user: str = user) -> bool:
                return len(await learnt.events(user)) >= 3 * PLAYS

            await until(told, "not all that was done was learnt", within_s=120)
            events = await learnt.events(user)
            kinds = Counter(event.kind for event in events)
            assert (kinds[EventKind.SAVE], kinds[EventKind.UNSAVE]) == (PLAYS, PLAYS)
            played = [event.event_id for event in events if event.kind in PLAYED]
            assert sorted(played) == sorted(plays)


async def test_an_erased_user_is_gone_from_all_that_was_learnt(
    mesh: RunningMesh, learnt: Learnt, tracks: Sequence[Any]
) -> None:
    async with listener(mesh, "learns-and-leaves") as device:
        user = await user_of(device.client)
        await stop(device, await play(device, tracks[0]))
        await save(device.client, tracks[0].id)
        playlist_id = await new_playlist(device.client, tracks[1].id)

        async def told() -> bool:
            return len(await learnt.events(user)) == 3

        await until(told, "not all that the user did was learnt")
    async with MeshClient(mesh.folder, LocalUser("operator", admin=True)) as admin:
        erase = identity_service_pb2.EraseUserRequest(user_id=user)
        await admin.call(admin.users.EraseUser, erase)

    async def forgotten() -> bool:
        return not await learnt.events(user)

    await until(forgotten, "the events of an erased user are still read")

    async def unknown() -> bool:
        return (
            await learnt.listening.taste(user) == Taste()
            and await learnt.playlists.playlist(playlist_id) is None
        )

    await until(unknown, "something of an erased user is still known")
