"""What other services tell, as recommendations take it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from segue.catalog.v1 import catalog_internal_service_pb2, catalog_pb2
from segue.playback.v1 import history_service_pb2, play_source_pb2, playback_internal_service_pb2
from segue.playlist.v1 import playlist_internal_service_pb2 as playlist_pb

from meshkit import ulids
from meshkit.timestamps import timestamp_of_ms
from meshkit.ulids import new_id
from rec_svc.adapters.grpc.catalogue_changes import change_of as track_change
from rec_svc.adapters.grpc.item_changes import (
    blocked_artist_of,
    followed_artist_of,
    saved_track_of,
)
from rec_svc.adapters.grpc.membership_changes import change_of as playlist_change
from rec_svc.adapters.grpc.play_changes import play_of
from rec_svc.domain.events import EventKind, day_of, event_id, shard_of
from rec_svc.domain.playlists import Playlist, PlaylistChange
from rec_svc.domain.tracks import Track
from rec_svc.domain.user_items import ItemChanged, UserForgotten
from rec_svc.ports.tracks import TrackChange

NOON_MS = int(datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp() * 1000)
Told = catalog_internal_service_pb2.WatchChangesResponse
Plays = playback_internal_service_pb2.WatchPlaysResponse
Ref = play_source_pb2.ContextRef
Saves = playlist_pb.WatchSavedTracksResponse
Blocks = playlist_pb.WatchBlockedArtistsResponse
Follows = playlist_pb.WatchFollowedArtistsResponse
Members = playlist_pb.WatchMembershipResponse


def a_track(**fields: object) -> catalog_pb2.Track:
    known: dict[str, object] = {"id": new_id(), "state": catalog_pb2.Track.READY}
    return catalog_pb2.Track(**(known | fields))  # type: ignore[arg-type]


def test_a_track_is_taken_with_all_that_lists_show() -> None:
    told = a_track(
        title="One",
        artist="The Föhn",
        artist_id=new_id(),
        album="South",
        album_id=new_id(),
        duration_ms=200_000,
        year=1998,
        genres=["Jazz", "Folk"],
        artwork_path="/a/s",
        access=catalog_pb2.Track.PREMIUM,
        created_at=timestamp_of_ms(NOON_MS),
        streams_total=7,
    )
    track = Track(
        id=told.id,
        title="One",
        artist="The Föhn",
        artist_id=told.artist_id,
        album="South",
        album_id=told.album_id,
        duration_ms=200_000,
        year=1998,
        genre="Jazz",
        artwork_path="/a/s",
        premium=True,
        added_at_ms=NOON_MS,
    )
    assert track_change(Told(track=told, version=3)) == TrackChange(told.id, 3, track, 7)


@pytest.mark.parametrize("state", [catalog_pb2.Track.PENDING, catalog_pb2.Track.FAILED])
def test_what_nobody_can_hear_is_taken_as_gone(state: catalog_pb2.Track.State.ValueType) -> None:
    told = a_track(state=state)
    change = track_change(Told(track=told, version=3))
    assert change is not None
    assert (change.id, change.version, change.track) == (told.id, 3, None)


def test_of_the_catalogue_only_tracks_are_taken() -> None:
    removed = Told.Removed(kind=Told.Removed.TRACK, id=new_id())
    assert track_change(Told(removed=removed, version=4)) == TrackChange(removed.id, 4, None)
    removed.kind = Told.Removed.ALBUM
    for told in (
        Told(removed=removed),
        Told(album=catalog_pb2.Album(id=new_id())),
        Told(artist=catalog_pb2.Artist(id=new_id())),
        Told(caught_up_at=Timestamp()),
        Told(resume_token="t"),
    ):
        assert track_change(told) is None


def a_play(**fields: object) -> Plays:
    known: dict[str, object] = {
        "play_id": new_id(),
        "track_id": new_id(),
        "started_at": timestamp_of_ms(NOON_MS),
        "ended_at": timestamp_of_ms(NOON_MS + 3_000),
        "heard_ms": 2_900,
    }
    play = history_service_pb2.Play(**(known | fields))  # type: ignore[arg-type]
    return Plays(play=play, user_id=new_id())


@pytest.mark.parametrize(
    ("outcome", "counted", "kind"),
    [
        ("COMPLETED", True, EventKind.PLAY),
        ("SKIPPED", True, EventKind.PLAY),
        ("LEFT", True, EventKind.PLAY),
        ("SKIPPED", False, EventKind.SKIP),
        ("LEFT", False, EventKind.LEFT),
        ("EXPIRED", False, EventKind.LEFT),
        ("COMPLETED", False, EventKind.LEFT),
    ],
)
def test_a_play_is_what_was_heard_of_it(outcome: str, kind: EventKind, *, counted: bool) -> None:
    told = a_play(outcome=history_service_pb2.Play.Outcome.Value(outcome), counted=counted)
    play = play_of(told)
    assert play is not None
    event = play.event()
    assert (event.event_id, event.user_id, event.track_id) == (
        told.play.play_id,
        told.user_id,
        told.play.track_id,
    )
    assert (event.kind, event.completed) == (kind, outcome == "COMPLETED")
    assert (play.begun_ms, event.at_ms, event.heard_ms) == (NOON_MS, NOON_MS + 3_000, 2_900)
    assert (event.context_kind, event.context_id, event.shown_id) == ("", "", "")


@pytest.mark.parametrize("kind", list(Ref.Kind.keys())[1:])
def test_a_play_tells_where_it_came_from(kind: str) -> None:
    context = Ref(kind=Ref.Kind.Value(kind), id=new_id())
    origin = play_source_pb2.PlayOrigin(context=context, shown_id=new_id())
    play = play_of(a_play(origin=origin))
    assert play is not None
    assert (play.context_kind, play.context_id) == (kind, context.id)
    assert play.shown_id == origin.shown_id


def test_private_and_unreadable_plays_are_left_out() -> None:
    assert play_of(a_play(private_session=True)) is None
    assert play_of(a_play(play_id="?")) is None
    assert play_of(a_play(track_id="")) is None
    assert play_of(Plays(resume_token="t")) is None


def test_saves_and_blocks_are_taken_with_their_moment() -> None:
    user, thing, at = new_id(), new_id(), timestamp_of_ms(NOON_MS)
    put = ItemChanged(user, thing, 5, NOON_MS, kept=True)
    gone = ItemChanged(user, thing, 6, NOON_MS, kept=False)
    saved = Saves.Saved(user_id=user, track_id=thing, saved_at=at)
    removed = Saves.Removed(user_id=user, track_id=thing, removed_at=at)
    assert saved_track_of(Saves(version=5, saved=saved)) == put
    assert saved_track_of(Saves(version=6, removed=removed)) == gone
    forgotten = Saves.Forgotten(user_id=user)
    assert saved_track_of(Saves(forgotten=forgotten)) == UserForgotten(user)
    assert saved_track_of(Saves(caught_up_at=at)) is None
    blocked = Blocks.Blocked(user_id=user, artist_id=thing, blocked_at=at)
    unblocked = Blocks.Unblocked(user_id=user, artist_id=thing, unblocked_at=at)
    assert blocked_artist_of(Blocks(version=5, blocked=blocked)) == put
    assert blocked_artist_of(Blocks(version=6, unblocked=unblocked)) == gone
    erased = Blocks.Forgotten(user_id=user)
    assert blocked_artist_of(Blocks(forgotten=erased)) == UserForgotten(user)
    assert blocked_artist_of(Blocks(resume_token="t")) is None
    followed = Follows.Followed(user_id=user, artist_id=thing, followed_at=at)
    unfollowed = Follows.Unfollowed(user_id=user, artist_id=thing, unfollowed_at=at)
    assert followed_artist_of(Follows(version=5, followed=followed)) == put
    assert followed_artist_of(Follows(version=6, unfollowed=unfollowed)) == gone
    assert followed_artist_of(Follows(resume_token="t")) is None


def test_a_playlist_is_taken_as_it_was_when_its_version_was_made() -> None:
    tracks = (new_id(), new_id())
    snapshot_id = event_id(NOON_MS, "a version")
    told = Members.Tracks(
        playlist_id=new_id(),
        owner_id=new_id(),
        is_public=True,
        managed_by="rec",
        snapshot_id=snapshot_id,
        track_ids=b"".join(map(ulids.to_raw, tracks)),
    )
    playlist = Playlist(told.playlist_id, told.owner_id, True, "rec", tracks)
    expected = PlaylistChange(told.playlist_id, 7, NOON_MS, playlist)
    assert playlist_change(Members(version=7, tracks=told)) == expected
    gone = Members(version=8, deleted=Members.Deleted(playlist_id=told.playlist_id))
    change = playlist_change(gone)
    assert change is not None
    assert (change.id, change.version, change.playlist) == (told.playlist_id, 8, None)
    assert playlist_change(Members(tracks=Members.Tracks(track_ids=b"short"))) is None
    assert playlist_change(Members(resume_token="t")) is None


def test_the_id_of_an_event_is_a_ulid_of_its_moment_and_the_same_each_time() -> None:
    made = event_id(NOON_MS, "SAVE", "one", "other")
    assert ulids.is_ulid(made)
    assert ulids.time_ms(ulids.to_raw(made)) == NOON_MS
    assert made == event_id(NOON_MS, "SAVE", "one", "other")
    others = {event_id(NOON_MS + 1, "SAVE", "one", "other"), event_id(NOON_MS, "SAVE", "oneother")}
    assert made not in others
    assert day_of(NOON_MS) == date(2026, 11, 30)


def test_users_spread_over_shards_and_keep_theirs() -> None:
    users = [new_id() for _ in range(400)]
    shards = [shard_of(user, 8) for user in users]
    assert shards == [shard_of(user, 8) for user in users]
    assert {shards.count(shard) > 20 for shard in range(8)} == {True}
