"""Lists of a week in a real service of playlists: one playlist, and one version of each week."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceStub

from meshkit.clock import now_ms
from meshkit.faults import Unavailable
from meshkit.testing.at_once import at_once
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id
from playlist_svc.schema import SCHEMA as PLAYLIST_SCHEMA
from rec_svc.adapters.grpc.managed_playlists import PlaylistServiceManaged
from rec_svc.adapters.memory.managed_playlists import MemoryManagedPlaylists
from rec_svc.adapters.postgres.tracks import PostgresTracksReplica
from rec_svc.adapters.postgres.user_items import PostgresUserItems
from rec_svc.domain.kept_tracks import KeptTrack
from rec_svc.domain.recommended import ReasonKind
from rec_svc.domain.user_items import ItemKind
from rec_svc.domain.weekly_lists import KeptList
from rec_svc.domain.weeks import Week
from rec_svc.ports.managed_playlists import ManagedPlaylist, ManagedPlaylists
from rec_svc.ports.tracks import TrackChange
from rec_svc.usecases.weekly_playlists import PutWeeklyLists
from tests.contracts.rec.listening_world import item, item_gone
from tests.contracts.rec.tracks_suite import a_track
from tests.contracts.rec.weekly_lists_suite import a_list
from tests.rpc.playlist.sharing_harness import Instance as Playlists
from tests.rpc.playlist.sharing_harness import Shared
from tests.rpc.playlist.sharing_harness import an_instance as playlists_on
from tests.rpc.rec.harness import Instance

WEEK = Week(2026, 53)


@pytest.fixture
async def playlists(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Playlists]:
    template = await postgres_server.template("playlist", PLAYLIST_SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with playlists_on(Shared.of(dsn, tls)) as instance:
            yield instance


class DiedError(BaseException):
    """The end of a process, which nobody catches."""


class Diers:
    """Puts that are stored, and whose callers die before they hear of it."""

    def __init__(self, store: ManagedPlaylists) -> None:
        self._store = store

    async def put(self, wanted: ManagedPlaylist) -> str:
        await self._store.put(wanted)
        raise DiedError


def putting(instance: Instance, store: ManagedPlaylists, week: Week = WEEK) -> PutWeeklyLists:
    parts = instance.parts
    return PutWeeklyLists(
        parts.weekly_lists, store, parts.tracks, parts.listening, lambda: week.begins_ms
    )


def store_of(playlists: Playlists) -> PlaylistServiceManaged:
    channel = playlists.mesh.channel("rec", serves_as="playlist")
    return PlaylistServiceManaged(PlaylistInternalServiceStub(channel))


async def kept(instance: Instance, user_id: str, week: Week = WEEK) -> KeptList:
    """A list of three tracks that the catalogue has."""
    tracks = [a_track(str(n)) for n in range(3)]
    replica = PostgresTracksReplica(instance.pool)
    await replica.apply([TrackChange(one.id, 1, one) for one in tracks], new_id())
    chosen = tuple(KeptTrack(one.id, 0.5, ReasonKind.POPULAR) for one in tracks)
    made = a_list(user_id=user_id, week=week, tracks=chosen, made_at_ms=week.begins_ms)
    return await instance.parts.weekly_lists.keep(made)


async def versions(playlists: Playlists, user_id: str) -> list[list[str]]:
    """The tracks of each version of the one playlist of the user, the newest first."""
    owned = await playlists.call("PlaylistService/ListPlaylists", user_id)
    (playlist,) = owned.playlists
    assert (playlist.title, playlist.managed_by) == ("Discover Weekly", "rec")
    named: dict[str, Any] = {"playlist_id": playlist.playlist_id}
    listed = await playlists.call("SnapshotService/ListSnapshots", user_id, **named)
    found = []
    for one in listed.snapshots:
        of_it = named | {"snapshot_id": one.snapshot_id}
        tracks = await playlists.call("PlaylistService/ListTracks", user_id, **of_it)
        found.append([each.id for each in tracks.tracks])
    return found


async def test_who_died_before_the_id_was_noted_is_followed_by_one_who_finds_the_playlist(
    instance: Instance, playlists: Playlists
) -> None:
    user_id, store = new_id(), store_of(playlists)
    one = await kept(instance, user_id)
    for _ in range(2):
        with pytest.raises(DiedError):
            await putting(instance, Diers(store)).some()
    await putting(instance, store).some()
    assert await versions(playlists, user_id) == [list(one.list.track_ids)]
    noted = await instance.parts.weekly_lists.find(user_id, WEEK)
    assert noted is not None
    assert (bool(noted.playlist_id), noted.due_ms) == (True, None)


async def test_instances_at_once_make_one_playlist_with_one_version(
    instance: Instance, playlists: Playlists
) -> None:
    user_id = new_id()
    one = await kept(instance, user_id)
    await at_once([putting(instance, store_of(playlists))(one) for _ in range(6)])
    assert await versions(playlists, user_id) == [list(one.list.track_ids)]


async def test_a_week_that_comes_late_never_takes_the_place_of_a_later_one(
    instance: Instance, playlists: Playlists
) -> None:
    user_id, store, next_week = new_id(), store_of(playlists), Week(2027, 1)
    old, new = await kept(instance, user_id), await kept(instance, user_id, next_week)
    await putting(instance, store)(old)
    await putting(instance, store, next_week)(new)
    # One who slept over Monday, in the middle of a put, wakes up.
    await putting(instance, store)(old)
    newest_first = [list(new.list.track_ids), list(old.list.track_ids)]
    assert await versions(playlists, user_id) == newest_first


async def test_a_list_that_waited_for_playlists_is_put_when_they_are_back(
    instance: Instance, playlists: Playlists
) -> None:
    user_id, away = new_id(), MemoryManagedPlaylists()
    away.fault = Unavailable("away")
    one = await kept(instance, user_id)
    assert await putting(instance, away)(one) == ""
    await instance.parts.weekly_lists.put_off(user_id, WEEK, WEEK.begins_ms)
    await putting(instance, store_of(playlists)).some()
    assert await versions(playlists, user_id) == [list(one.list.track_ids)]


async def test_who_blocks_an_artist_loses_their_tracks_from_the_playlist_too(
    instance: Instance, playlists: Playlists
) -> None:
    user_id, store, week = new_id(), store_of(playlists), Week.at(now_ms())
    one = await kept(instance, user_id, week)
    parts = instance.parts
    put = PutWeeklyLists(parts.weekly_lists, store, parts.tracks, parts.listening, now_ms)
    whole = list(one.list.track_ids)
    await put.some()
    known = await parts.tracks.tracks(whole)
    items = PostgresUserItems(instance.pool, ItemKind.BLOCKED_ARTIST)
    await items.apply([item(user_id, known[whole[1]].artist_id)], new_id())
    await put.some()
    left = [whole[0], whole[2]]
    assert await versions(playlists, user_id) == [left, whole]
    await items.apply([item_gone(user_id, known[whole[1]].artist_id)], new_id())
    await put.some()
    # Whoever changes their mind has them back with the next list.
    assert await versions(playlists, user_id) == [left, whole]
