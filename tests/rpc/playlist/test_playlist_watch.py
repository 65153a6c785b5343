"""Live views of a playlist, and the feed of all of them, over gRPC."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from segue.mesh.v1.stream_end_pb2 import StreamEnd
from segue.playlist.v1 import playlist_internal_service_pb2 as internal_pb
from segue.playlist.v1 import playlist_pb2
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceStub

from meshkit.ulids import to_raw
from playlist_svc.adapters.codecs import heads
from playlist_svc.domain.access import Role
from playlist_svc.domain.social import Artist
from playlist_svc.usecases import resume_tokens
from playlist_svc.usecases.resume_tokens import WatchPosition
from tests.rpc.playlist.harness import UNKNOWN, Instance, User, View, World, an_instance, refused


async def test_a_view_tells_the_state_and_then_each_change(ann: User) -> None:
    playlist_id = await ann.made("ab")
    view = ann.watch(playlist_id)
    first = await view.read()
    assert first.update.playlist == await ann.get(playlist_id)
    assert (list(first.update.snapshots), list(first.update.changes)) == ([], [])
    assert not first.update.reload
    await ann.add(playlist_id, "c", position=0)
    second = await view.read()
    assert second.update.playlist.track_count == 3
    assert [one.summary for one in second.update.snapshots] == ["added 'c' by Artist of c"]
    (change,) = second.update.changes
    assert (change.kind, change.track.title, change.to_position) == (
        playlist_pb2.Change.ADDED,
        "c",
        0,
    )
    await ann.update(playlist_id, title="New")
    third = await view.read()
    assert [one.new_text for one in third.update.changes] == ["New"]


async def test_a_view_tells_what_makes_no_version_too(ann: User) -> None:
    playlist_id = await ann.made("a")
    view = ann.watch(playlist_id)
    await view.read()
    await ann.update(playlist_id, visibility=playlist_pb2.Playlist.PUBLIC)
    second = await view.read()
    assert second.update.playlist.is_public
    assert (list(second.update.snapshots), list(second.update.changes)) == ([], [])


async def test_a_resumed_view_begins_with_what_changed_since(ann: User) -> None:
    playlist_id = await ann.made("ab")
    view = ann.watch(playlist_id)
    token = (await view.read()).resume_token
    view.call.cancel()
    await ann.add(playlist_id, "x")
    await ann.add(playlist_id, "y")
    first = await ann.watch(playlist_id, token).read()
    assert [one.track.title for one in first.update.changes] == ["x", "y"]
    assert len(first.update.snapshots) == 2
    again = await ann.watch(playlist_id, first.resume_token).read()
    assert (list(again.update.snapshots), list(again.update.changes)) == ([], [])
    assert again.resume_token == first.resume_token


async def test_more_than_a_message_holds_says_reload(ann: User, world: World) -> None:
    playlist_id = await ann.made("a")
    view = ann.watch(playlist_id)
    token = (await view.read()).resume_token
    track_id = await world.track("x")
    await ann.call("AddTracks", playlist_id=playlist_id, track_ids=[track_id] * 500)
    told = await view.read()
    assert (len(told.update.changes), told.update.reload) == (500, False)
    await ann.add(playlist_id, "y")
    await view.read()
    resumed = await ann.watch(playlist_id, token).read()
    assert (list(resumed.update.changes), resumed.update.reload) == ([], True)
    assert len(resumed.update.snapshots) == 2


async def test_a_token_that_is_none_of_this_playlist_is_refused(ann: User) -> None:
    playlist_id, other = await ann.made("a"), await ann.made("a")
    token = (await ann.watch(other).read()).resume_token
    flipped = base64.urlsafe_b64encode(
        bytes([*base64.urlsafe_b64decode(token)[:-1], 0x55])
    ).decode()
    for wrong in (token, flipped, "?", "é", token[:-4]):
        fault = await refused(ann.watch(playlist_id, wrong).read())
        assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", "resume_token")


async def test_a_token_of_what_is_not_kept_has_expired(ann: User) -> None:
    playlist_id = await ann.made("a")
    for seen in (WatchPosition(0, 1), WatchPosition(9, 1), WatchPosition(1, 999)):
        token = resume_tokens.encode(playlist_id, seen)
        fault = await refused(ann.watch(playlist_id, token).read())
        assert fault.reason == "RESUME_TOKEN_EXPIRED"


async def test_who_may_not_see_may_not_watch(ann: User, ben: User) -> None:
    playlist_id = await ann.made("a")
    assert (await refused(ben.watch(playlist_id).read())).reason == "NOT_FOUND"
    assert (await refused(ben.watch(UNKNOWN).read())).reason == "NOT_FOUND"


async def ended(view: View) -> Any:
    """The last message of a view that the server must end well."""
    last = await view.read()
    while (message := await view.read()) is not None:
        last = message
    return last


async def test_a_view_ends_when_the_playlist_is_deleted(ann: User) -> None:
    playlist_id = await ann.made("a")
    view = ann.watch(playlist_id)
    first = await view.read()
    await ann.call("DeletePlaylist", playlist_id=playlist_id)
    last = await ended(view)
    assert (last.end.reason, last.resume_token) == (StreamEnd.DELETED, first.resume_token)
    assert not last.end.HasField("reconnect_after")


async def test_a_view_ends_when_the_watcher_may_not_see_any_more(
    ann: User, ben: User, world: World
) -> None:
    playlist_id = await ann.made("a")
    await world.join(playlist_id, ben.user_id, Role.VIEWER)
    view = ben.watch(playlist_id)
    await view.read()
    await world.join(playlist_id, ben.user_id, None)
    last = await ended(view)
    assert last.end.reason == StreamEnd.ACCESS_LOST
    assert not last.end.HasField("reconnect_after")


async def test_an_edit_through_one_instance_is_seen_through_another(
    world: World, ann: User
) -> None:
    playlist_id = await ann.made("a")
    async with an_instance(world) as second:
        view = second.user("ann", ann.user_id).watch(playlist_id)
        await view.read()
        await ann.add(playlist_id, "b")
        assert [one.track.title for one in (await view.read()).update.changes] == ["b"]
        view.call.cancel()


async def test_the_tail_mends_a_cache_that_missed_a_head(world: World, ann: User) -> None:
    playlist_id = await ann.made("a")
    view = ann.watch(playlist_id)
    await view.read()
    held = world.cache.kept[playlist_id]
    newer = replace(held, title="Told by the feed", version=held.version + 1)

    world.store.feed.append(heads.change_of(newer))
    assert (await view.read()).update.playlist.title == "Told by the feed"
    assert (await ann.get(playlist_id)).title == "Told by the feed"


class Feed:
    """The internal feed, as another service reads it."""

    def __init__(self, instance: Instance, token: str = "") -> None:
        channel = instance.mesh.channel("catalog", serves_as="playlist")
        stub: Any = PlaylistInternalServiceStub(channel)
        self.view = View(stub.WatchChanges(internal_pb.WatchChangesRequest(resume_token=token)))

    async def until_token(self) -> list[Any]:
        """The steps up to the first with a token, that one last."""
        steps = [await self.view.read()]
        while not steps[-1].resume_token:
            steps.append(await self.view.read())
        return steps


async def test_the_feed_tells_what_is_public_and_then_what_changes(
    instance: Instance, world: World, ann: User
) -> None:
    await ann.made("a")
    public = await ann.made("ab", public=True)
    artist = Artist(UNKNOWN, "An artist")
    await world.social.follow(ann.user_id, [], [artist], 1)
    feed = Feed(instance)
    *listed, begun = await feed.until_token()
    assert [step.WhichOneof("event") for step in listed] == ["playlist", "artist_followers"]
    playlist, followers = listed[0].playlist, listed[1].artist_followers
    assert (playlist.playlist_id, playlist.owner, playlist.track_count) == (public, "ann", 2)
    assert not playlist.artwork_paths
    assert (followers.artist_id, followers.followers_count) == (UNKNOWN, 1)
    assert begun.WhichOneof("event") is None
    await ann.update(public, title="New")
    renamed = await feed.view.read()
    assert renamed.playlist.title == "New"
    assert renamed.version > listed[0].version
    await ann.call("DeletePlaylist", playlist_id=public)
    deleted = await feed.view.read()
    assert (deleted.deleted.playlist_id, deleted.version) == (public, renamed.version + 1)
    resumed = await Feed(instance, renamed.resume_token).view.read()
    assert resumed == deleted


async def test_the_feed_tells_followers_of_artists(
    instance: Instance, world: World, ann: User
) -> None:
    feed = Feed(instance)
    await feed.until_token()
    await world.social.follow(ann.user_id, [], [Artist(UNKNOWN, "An artist")], 1)
    step = await feed.view.read()
    assert step.artist_followers == internal_pb.WatchChangesResponse.ArtistFollowers(
        artist_id=UNKNOWN, followers_count=1
    )
    assert step.version == 1


async def test_the_feed_refuses_a_token_of_before_a_restore(
    instance: Instance, world: World
) -> None:
    (step,) = await Feed(instance).until_token()
    world.store.feed.start_epoch()
    fault = await refused(Feed(instance, step.resume_token).view.read())
    assert fault.reason == "RESUME_TOKEN_EXPIRED"


async def test_users_do_not_read_the_feed(ann: User) -> None:
    view = View(
        ann._stubs[2][1].WatchChanges(internal_pb.WatchChangesRequest(), metadata=ann.metadata)
    )
    assert (await refused(view.read())).code == "PERMISSION_DENIED"


@pytest.mark.parametrize("seen", [WatchPosition(1, 1), WatchPosition(4_000_000_000, 2**60)])
def test_a_token_carries_what_was_seen(seen: WatchPosition) -> None:
    token = resume_tokens.encode(UNKNOWN, seen)
    assert resume_tokens.decode(UNKNOWN, token) == seen
    assert to_raw(UNKNOWN) in base64.urlsafe_b64decode(token)
    assert "=" not in token
