"""What the catalogue hears of playlists, and what playlists hear of the catalogue."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from segue.catalog.v1 import catalog_service_pb2
from segue.playlist.v1 import playlist_pb2, social_service_pb2, transfer_service_pb2
from segue.playlist.v1 import playlist_service_pb2 as pb

from player.mesh_client import LocalUser, MeshClient
from tests.mesh.imported_music import all_tracks
from tests.mesh.mesh_processes import until
from tests.mesh.playlist_lists import read_view
from tests.running_mesh import RunningMesh

MATCH = transfer_service_pb2.ImportPlaylistResponse.Entry
VISIBILITY = playlist_pb2.Playlist
# Each instance of the catalogue has an index of its own, and the edge asks them in turn.
SEARCHES = 6
WITHIN_S = 10.0


@pytest_asyncio.fixture
async def client(mesh: RunningMesh) -> AsyncIterator[MeshClient]:
    async with MeshClient(mesh.folder, LocalUser("finder")) as client:
        yield client


async def titles_found(client: MeshClient, words: str, playlist_id: str) -> list[str | None]:
    """Under which title a playlist is found, by several searches; None where it is not."""
    request = catalog_service_pb2.SearchRequest(
        q=words, type=[catalog_service_pb2.SearchRequest.Type.PLAYLIST]
    )
    seen: list[str | None] = []
    for _ in range(SEARCHES):
        answer = await client.call(client.search.Search, request)
        found = {each.id: str(each.title) for each in answer.playlists}
        seen.append(found.get(playlist_id))
    return seen


async def until_found(client: MeshClient, words: str, playlist_id: str, title: str | None) -> None:
    """Returns when every instance finds a playlist under a title; None: when none finds it."""

    async def agreed() -> bool:
        return await titles_found(client, words, playlist_id) == [title] * SEARCHES

    await until(agreed, f"{words!r} does not lead to {title!r}", WITHIN_S)


async def test_a_playlist_is_found_while_it_is_public(client: MeshClient) -> None:
    async def update(**words: Any) -> None:
        request = pb.UpdatePlaylistRequest(
            playlist_id=playlist_id, playlist=playlist_pb2.Playlist(**words)
        )
        await client.call(client.playlists.UpdatePlaylist, request)

    create = pb.CreatePlaylistRequest(name="Zanzibar Sundown")
    playlist_id = (await client.call(client.playlists.CreatePlaylist, create)).playlist_id
    await update(visibility=VISIBILITY.PUBLIC)
    await until_found(client, "zanzibar sundown", playlist_id, "Zanzibar Sundown")
    await update(title="Quixotic Daybreak")
    await until_found(client, "quixotic daybreak", playlist_id, "Quixotic Daybreak")
    await until_found(client, "zanzibar sundown", playlist_id, None)
    await update(visibility=VISIBILITY.PRIVATE)
    await until_found(client, "quixotic daybreak", playlist_id, None)
    await update(visibility=VISIBILITY.PUBLIC)
    await until_found(client, "quixotic daybreak", playlist_id, "Quixotic Daybreak")
    delete = pb.DeletePlaylistRequest(playlist_id=playlist_id)
    await client.call(client.playlists.DeletePlaylist, delete)
    await until_found(client, "quixotic daybreak", playlist_id, None)
    recover = pb.RecoverPlaylistRequest(playlist_id=playlist_id)
    await client.call(client.playlists.RecoverPlaylist, recover)
    await until_found(client, "quixotic daybreak", playlist_id, "Quixotic Daybreak")


async def test_the_catalogue_tells_how_many_follow_an_artist(
    mesh: RunningMesh, client: MeshClient
) -> None:
    artist_id = (await all_tracks(client))[0].artist_id

    async def followers() -> float:
        request = catalog_service_pb2.GetArtistRequest(id=artist_id)
        answer = await client.call(client.catalog.GetArtist, request)
        return float(answer.artist.followers_count)

    async def until_followers(count: int) -> None:
        async def told() -> bool:
            return all([await followers() == count for _ in range(SEARCHES)])

        await until(told, f"the artist has not {count} followers", WITHIN_S)

    before = int(await followers())
    follow = social_service_pb2.FollowRequest(artist_ids=[artist_id])
    unfollow = social_service_pb2.UnfollowRequest(artist_ids=[artist_id])
    async with MeshClient(mesh.folder, LocalUser("another-fan")) as other:
        await client.call(client.social.Follow, follow)
        await client.call(client.social.Follow, follow)
        await until_followers(before + 1)
        await other.call(other.social.Follow, follow)
        await until_followers(before + 2)
        await client.call(client.social.Unfollow, unfollow)
        await other.call(other.social.Unfollow, unfollow)
        await until_followers(before)


async def exported(client: MeshClient, playlist_id: str) -> str:
    """A playlist as XSPF."""
    request = transfer_service_pb2.ExportPlaylistRequest(
        playlist_id=playlist_id, format=transfer_service_pb2.PlaylistFile.XSPF
    )
    call = client.transfer.ExportPlaylist(request, metadata=await client.metadata(), timeout=20)
    return b"".join([chunk.data async for chunk in call]).decode()


async def imported(client: MeshClient, content: str) -> list[Any]:
    """What an import told, up to its end."""
    request = transfer_service_pb2.ImportPlaylistRequest(content=content.encode())
    call = client.transfer.ImportPlaylist(request, metadata=await client.metadata(), timeout=20)
    told = [getattr(step, step.WhichOneof("event")) async for step in call]
    return told[:-1]


def of_another_player(xspf: str) -> str:
    """The file as another player has it: without ids, a title decorated, a recording unknown."""
    plain = re.sub("<identifier>.*?</identifier>", "", xspf)
    assert "segue:" not in plain
    decorated = plain.replace("Velvet Thunder", "Velvet Thunder (Remastered 2009)")
    unknown = decorated.replace("Paper Lanterns", "Concrete Elephants")
    assert unknown.count("Velvet Thunder (Remastered 2009)") == 1
    assert unknown.count("Concrete Elephants") == 1
    return unknown


async def test_a_list_of_another_player_is_matched_against_the_catalogue(
    client: MeshClient,
) -> None:
    tracks = {track.title: track.id for track in await all_tracks(client)}
    titles = ["Kaleidoscope Morning", "Velvet Thunder", "Paper Lanterns"]
    create = pb.CreatePlaylistRequest(name="Travelling", description="Far & away")
    playlist_id = (await client.call(client.playlists.CreatePlaylist, create)).playlist_id
    add = pb.AddTracksRequest(
        playlist_id=playlist_id, track_ids=[tracks[title] for title in titles]
    )
    await client.call(client.playlists.AddTracks, add)
    steps = await imported(client, of_another_player(await exported(client, playlist_id)))
    entries = [entry for step in steps[:-1] for entry in step.entries]
    assert [entry.match for entry in entries] == [MATCH.EXACT, MATCH.SIMILAR, MATCH.NONE]
    assert [entry.track_id for entry in entries] == [tracks[titles[0]], tracks[titles[1]], ""]
    assert entries[1].matched_title == "Velvet Thunder"
    assert (steps[-1].entry_count, steps[-1].matched_count) == (3, 2)
    copy = await read_view(client, steps[-1].playlist_id)
    assert [entry.track_id for entry in copy.entries] == [tracks[title] for title in titles[:2]]
    get = pb.GetPlaylistRequest(playlist_id=steps[-1].playlist_id)
    made = (await client.call(client.playlists.GetPlaylist, get)).playlist
    assert (made.title, made.description) == ("Travelling", "Far & away")
