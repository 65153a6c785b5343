"""What the playlist service tells, as the catalogue takes it."""

from __future__ import annotations

import pytest
from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1 import playlist_pb2

from catalog_svc.adapters.grpc.playlist_changes import change_of
from catalog_svc.domain.playlists import (
    FollowerCountChange,
    Playlist,
    PlaylistChange,
)


def test_a_public_playlist_is_taken_with_what_search_shows() -> None:
    message = playlist_pb2.Playlist(
        playlist_id="P1",
        title="Focus",
        description="Deep",
        is_public=True,
        owner="Ada",
        track_count=5,
        follower_count=6,
    )
    change = pb.WatchChangesResponse(resume_token="t", version=3, playlist=message)
    assert change_of(change) == PlaylistChange(
        "P1", 3, Playlist("P1", "Focus", "Deep", "Ada", 5, 6)
    )


@pytest.mark.parametrize(
    "change",
    [
        pb.WatchChangesResponse(
            version=4, playlist=playlist_pb2.Playlist(playlist_id="P1", title="Secret")
        ),
        pb.WatchChangesResponse(
            version=4, deleted=pb.WatchChangesResponse.PlaylistDeleted(playlist_id="P1")
        ),
    ],
)
def test_of_what_is_not_public_nothing_but_its_version_is_taken(
    change: pb.WatchChangesResponse,
) -> None:
    assert change_of(change) == PlaylistChange("P1", 4, None)


def test_followers_are_counted_whole() -> None:
    followers = pb.WatchChangesResponse.ArtistFollowers(artist_id="A1", followers_count=7.0)
    change = pb.WatchChangesResponse(version=2, artist_followers=followers)
    assert change_of(change) == FollowerCountChange("A1", 2, 7)


def test_a_step_without_a_change_brings_nothing() -> None:
    assert change_of(pb.WatchChangesResponse(resume_token="t")) is None
