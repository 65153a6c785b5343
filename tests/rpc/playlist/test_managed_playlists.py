"""Playlists that a service makes, and the feed of which tracks are in which playlist."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceStub

from meshkit.contracts import contract_of, services
from meshkit.faults import Fault
from meshkit.testing.at_once import at_once
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id, to_raw
from playlist_svc.schema import SCHEMA
from tests.rpc.playlist.harness import refused
from tests.rpc.playlist.sharing_harness import Instance, Shared, an_instance

UNTOUCHED = {
    # Following changes nothing of the playlist; what was never deleted needs no recovery.
    "PlaylistService/FollowPlaylist",
    "PlaylistService/UnfollowPlaylist",
    "PlaylistService/RecoverPlaylist",
}
EDITS: dict[str, dict[str, Any]] = {
    "PlaylistService/UpdatePlaylist": {"playlist": {"title": "Mine"}},
    "PlaylistService/DeletePlaylist": {},
    "PlaylistService/AddTracks": {"track_ids": [new_id()]},
    "PlaylistService/RemoveTracks": {"item_ids": [new_id()]},
    "PlaylistService/MoveTracks": {"item_ids": [new_id()]},
    "PlaylistService/ReplaceTracks": {"items": []},
    "PlaylistService/SortTracks": {"by": "TITLE"},
    "SnapshotService/Undo": {},
    "SnapshotService/Redo": {},
    "SnapshotService/Restore": {"snapshot_id": new_id()},
    "SharingService/SetCollaborator": {"user_id": new_id(), "role": "EDITOR"},
    "SharingService/RemoveCollaborator": {"user_id": new_id()},
    "SharingService/TransferOwnership": {"user_id": new_id()},
    "SharingService/CreateShare": {},
    "SharingService/RevokeShare": {"share_id": new_id()},
}


@pytest.fixture
async def one(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Instance]:
    template = await postgres_server.template("playlist", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with an_instance(Shared.of(dsn, tls)) as instance:
            yield instance


class Rec:
    """The service that recommends."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._stub = PlaylistInternalServiceStub(instance.mesh.channel("rec", serves_as="playlist"))
        self.token = ""

    async def put(self, user: str, track_ids: list[str], **fields: Any) -> Any:
        wanted = {"title": "Discover", "key": "weekly", "edition": 1, "user_id": user}
        wanted |= {"track_ids": track_ids, **fields}
        request = pb.PutManagedPlaylistRequest(**wanted)  # type: ignore[arg-type]
        return await self._stub.PutManagedPlaylist(request, timeout=20)

    async def told(self, count: int, token: str = "") -> list[Any]:
        """The next ``count`` changes; ``token`` resumes after them."""
        call = self._stub.WatchMembership(pb.WatchMembershipRequest(resume_token=token), timeout=20)
        found: list[Any] = []
        async for step in call:
            self.token = step.resume_token
            if step.WhichOneof("event"):
                found.append(step)
            if len(found) >= count and step.resume_token:
                break
        call.cancel()
        return found


def packed(*track_ids: str) -> bytes:
    return b"".join(map(to_raw, track_ids))


async def fault_of(put: Any) -> Fault:
    from grpc.aio import AioRpcError

    from meshkit import status

    try:
        answer = await put
    except AioRpcError as error:
        return status.fault_of(error)
    raise AssertionError(answer)


async def test_a_service_makes_a_playlist_and_replaces_it(one: Instance) -> None:
    rec, ada, (first, second, third) = Rec(one), new_id(), [new_id() for _ in range(3)]
    made = await rec.put(ada, [first, second, first], description="weekly")
    read = await one.call("PlaylistService/GetPlaylist", ada, playlist_id=made.playlist_id)
    playlist = read.playlist
    assert (playlist.managed_by, playlist.owner_id, playlist.is_public) == ("rec", ada, False)
    assert (playlist.title, playlist.description, playlist.track_count) == ("Discover", "weekly", 2)
    before = await one.call("PlaylistService/ListTracks", ada, playlist_id=made.playlist_id)
    after = await rec.put(ada, [third, first], edition=2, title="Week 2")
    assert after.playlist_id == made.playlist_id
    listed = await one.call("PlaylistService/ListTracks", ada, playlist_id=made.playlist_id)
    assert listed.snapshot_id == after.snapshot_id != made.snapshot_id
    assert [track.id for track in listed.tracks] == [third, first]
    assert listed.tracks[1].item_id == before.tracks[0].item_id
    own = await one.call("PlaylistService/ListPlaylists", ada)
    assert [each.title for each in own.playlists] == ["Week 2"]
    earlier = await one.call(
        "PlaylistService/ListTracks",
        ada,
        playlist_id=made.playlist_id,
        snapshot_id=made.snapshot_id,
    )
    assert [track.id for track in earlier.tracks] == [first, second]


async def test_an_edition_is_put_once_and_an_earlier_one_never_over_a_later_one(
    one: Instance,
) -> None:
    rec, ada, track = Rec(one), new_id(), new_id()
    made = await rec.put(ada, [track], edition=2)
    assert await rec.put(ada, [new_id()], edition=2) == made
    assert await rec.put(ada, [new_id()], edition=1, title="Old") == made
    same = await rec.put(ada, [track], edition=3)
    assert same == made
    assert await rec.put(ada, [new_id()], edition=3) == made
    assert (await rec.put(ada, [new_id()], edition=4)).snapshot_id != made.snapshot_id


async def test_of_a_user_and_a_key_there_is_one_playlist_however_many_put_it_at_once(
    one: Instance,
) -> None:
    rec, ada, ben = Rec(one), new_id(), new_id()
    first, second = new_id(), new_id()
    puts = [rec.put(ada, [track], edition=n) for n in (1, 2) for track in (first, second)]
    made = await at_once([*puts, *(rec.put(ada, [first], edition=3) for _ in range(4))])
    (playlist_id,) = {each.playlist_id for each in made}
    listed = await one.call("SnapshotService/ListSnapshots", ada, playlist_id=playlist_id)
    assert len(listed.snapshots) <= 3
    others = await rec.put(ben, [first]), await rec.put(ada, [first], key="on-repeat")
    assert len({playlist_id, *(each.playlist_id for each in others)}) == 3
    own = await one.call("PlaylistService/ListPlaylists", ada)
    assert len(own.playlists) == 2


async def test_what_is_wrong_with_a_put_is_named(one: Instance) -> None:
    rec, ada = Rec(one), new_id()
    for wrong, field in (
        ({"title": ""}, "title"),
        ({"description": "x" * 2_001}, "description"),
        ({"key": ""}, "key"),
        ({"key": "Weekly"}, "key"),
        ({"key": "x" * 65}, "key"),
        ({"edition": 0}, "edition"),
        ({"edition": -1}, "edition"),
        ({"user_id": ""}, "user_id"),
    ):
        fault = await fault_of(rec.put(**{"user": ada, "track_ids": [], **wrong}))  # type: ignore[arg-type]
        assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", field)


def test_every_edit_is_tried() -> None:
    edits = {
        f"{service.name}/{method.name}"
        for service in services()
        if service.full_name.startswith("segue.playlist.") and "Internal" not in service.name
        for method in service.methods
        if "playlist_id" in method.input_type.fields_by_name and not contract_of(method).read_only
    }
    assert edits - UNTOUCHED == set(EDITS)


async def test_no_person_changes_what_a_service_makes(one: Instance) -> None:
    rec, ada, ben, track = Rec(one), new_id(), new_id(), new_id()
    playlist_id = (await rec.put(ada, [track])).playlist_id
    before = await one.call("PlaylistService/GetPlaylist", ada, playlist_id=playlist_id)
    for method, fields in EDITS.items():
        fault = await refused(one.call(method, ada, playlist_id=playlist_id, **fields))
        assert (fault.code, fault.reason) == ("FAILED_PRECONDITION", "PLAYLIST_IS_MANAGED"), method
        stranger = await refused(one.call(method, ben, playlist_id=playlist_id, **fields))
        assert stranger.code == "NOT_FOUND", method
    read = await one.call("PlaylistService/GetPlaylist", ada, playlist_id=playlist_id)
    assert read == before


async def test_which_tracks_are_in_which_playlist_is_told_and_then_each_change(
    one: Instance,
) -> None:
    rec, ada, (first, second) = Rec(one), new_id(), [new_id() for _ in range(2)]
    managed = (await rec.put(ada, [first, second])).playlist_id
    own = (await one.call("PlaylistService/CreatePlaylist", ada, name="Mine")).playlist_id
    listed = await rec.told(2)
    assert {each.tracks.playlist_id: each.tracks.track_ids for each in listed} == {
        managed: packed(first, second),
        own: b"",
    }
    assert {each.tracks.managed_by for each in listed} == {"rec", ""}
    token, fields = rec.token, {"playlist_id": own}
    await one.call("PlaylistService/AddTracks", ada, **fields, track_ids=[second])  # type: ignore[arg-type]
    (added,) = await rec.told(1, token)
    assert (added.tracks.track_ids, added.tracks.owner_id) == (packed(second), ada)
    await one.call("PlaylistService/DeletePlaylist", ada, **fields)  # type: ignore[arg-type]
    (gone,) = await rec.told(1, rec.token)
    assert (gone.deleted.playlist_id, gone.version > added.version) == (own, True)
