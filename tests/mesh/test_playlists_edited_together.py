"""Two who edit different things of one playlist at once both keep what they did."""

from __future__ import annotations

import asyncio

from segue.playlist.v1 import playlist_pb2
from segue.playlist.v1 import playlist_service_pb2 as pb

from player.mesh_client import MeshClient
from tests.mesh.imported_music import all_tracks
from tests.mesh.mesh_processes import scale
from tests.mesh.playlist_lists import read_history, read_playlist, read_view, shared_playlist, users
from tests.running_mesh import RunningMesh

ROUNDS = 60


async def rename(client: MeshClient, playlist_id: str, base: str, title: str) -> str:
    wanted = playlist_pb2.Playlist(snapshot_id=base, title=title)
    request = pb.UpdatePlaylistRequest(playlist_id=playlist_id, playlist=wanted)
    return str((await client.call(client.playlists.UpdatePlaylist, request)).snapshot_id)


async def describe(client: MeshClient, playlist_id: str, base: str, description: str) -> str:
    wanted = playlist_pb2.Playlist(snapshot_id=base, description=description)
    request = pb.UpdatePlaylistRequest(playlist_id=playlist_id, playlist=wanted)
    return str((await client.call(client.playlists.UpdatePlaylist, request)).snapshot_id)


async def append(client: MeshClient, playlist_id: str, base: str, track_id: str) -> str:
    request = pb.AddTracksRequest(playlist_id=playlist_id, snapshot_id=base, track_ids=[track_id])
    return str((await client.call(client.playlists.AddTracks, request)).snapshot_id)


async def test_a_rename_beside_a_description_and_an_append_loses_nothing(
    mesh: RunningMesh,
) -> None:
    try:
        await scale(mesh.folder, "playlist", 2)
        async with users(mesh.folder, "round-ann", "round-ben") as (ann, ben):
            playlist_id = await shared_playlist([ann, ben], "Round 0")
            track_ids = [track.id for track in await all_tracks(ann)]
            acknowledged: list[str] = []
            for number in range(1, ROUNDS + 1):
                # Half of the time they say what they have seen, which is soon not the newest.
                seen = await read_playlist(ann, playlist_id)
                base = seen.snapshot_id if number % 2 else ""
                acknowledged += await asyncio.gather(
                    rename(ann, playlist_id, base, f"Round {number}"),
                    describe(ben, playlist_id, base, f"About round {number}"),
                    append(ann, playlist_id, base, track_ids[number % len(track_ids)]),
                    append(ben, playlist_id, base, track_ids[-number % len(track_ids)]),
                )
                kept = await read_playlist(ben, playlist_id)
                assert (kept.title, kept.description, kept.track_count) == (
                    f"Round {number}",
                    f"About round {number}",
                    2 * number,
                )
            history = await read_history(ann, playlist_id)
            entries = (await read_view(ann, playlist_id)).entries
    finally:
        await scale(mesh.folder, "playlist", 1)
    assert len(set(acknowledged)) == 4 * ROUNDS
    assert {each.snapshot_id for each in history[1:]} == set(acknowledged)
    assert len(entries) == len({each.item_id for each in entries}) == 2 * ROUNDS
    assert kept.total_duration_ms == sum(each.duration_ms for each in entries)
