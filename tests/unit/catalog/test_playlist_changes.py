"""What the playlist service tells, as the catalogue takes it."""

from __future__ import annotations

import pytest
from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1 import playlist_pb2

from catalog_svc.adapters.grpc.playlist_changes import change_of
from catalog_svc.domain.playlists import (
    FollowerCountChange,
    ListingVersion,
    Playlist,
    PlaylistChange,
    newest_changes,
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


def test_a_later_listing_goes_before_any_version() -> None:
    assert ListingVersion(1, 9).before(ListingVersion(2, 1))
    assert ListingVersion(1, 1).before(ListingVersion(1, 2))
    assert not ListingVersion(1, 2).before(ListingVersion(1, 2))
    assert not ListingVersion(2, 1).before(ListingVersion(1, 9))


def test_the_newest_word_on_each_thing_stands() -> None:
    news = [
        PlaylistChange("B", 1, None),
        PlaylistChange("A", 5, None),
        PlaylistChange("A", 4, None),
    ]
    assert newest_changes(news) == [news[1], news[0]]
