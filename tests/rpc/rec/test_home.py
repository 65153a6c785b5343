"""Home over a model that serves and without one: which shelves there are, of what, and why."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from segue.rec.v1 import recommendation_service_pb2 as pb
from segue.rec.v1 import recommended_track_pb2 as track_pb

from meshkit.clock import now_ms
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.plays import PostgresPlays
from rec_svc.adapters.postgres.tracks import PostgresTracksReplica
from rec_svc.adapters.postgres.user_items import PostgresUserItems
from rec_svc.domain.tracks import Track
from rec_svc.domain.user_items import ItemChanged, ItemKind
from rec_svc.ports.tracks import TrackChange
from tests.contracts.rec.listening_world import a_play
from tests.contracts.rec.tracks_suite import a_track
from tests.rpc.rec.harness import Instance
from tests.rpc.rec.served_model import serve_groups
from tests.rpc.rec.test_recommended_tracks import told

DAY_MS = 24 * 3_600_000
Kind = pb.Shelf.Kind
Reason = track_pb.RecommendationReason.Kind
Source = track_pb.RecommendationSource.Kind


async def home(instance: Instance, user_id: str, **token: Any) -> Any:
    """What the user sees first."""
    return await instance.recommend("GetHome", pb.GetHomeRequest(), user_id, **token)


async def played(
    instance: Instance, user_id: str, track: Track, times: int = 1, *, days_ago: float = 1
) -> None:
    """The user played a track so often, the last time so many days ago."""
    left_ms = now_ms() - round(days_ago * DAY_MS)
    plays = [a_play(user_id, track.id, left_ms) for _ in range(times)]
    await PostgresPlays(instance.pool).apply(plays, new_id())


async def keeps(
    instance: Instance, user_id: str, kind: ItemKind, item_id: str, version: int = 1
) -> None:
    """The user saves a track, follows or blocks an artist."""
    told_now = ItemChanged(user_id, item_id, version, now_ms(), kept=True)
    await PostgresUserItems(instance.pool, kind).apply([told_now], new_id())


def shelf(answer: Any, kind: Any) -> Any:
    """The first shelf of a kind."""
    return next(one for one in answer.shelves if one.kind == kind)


def titles(one: Any) -> set[str]:
    return {track.title for track in one.tracks}


@pytest.fixture
async def groups(instance: Instance) -> list[list[Track]]:
    """Two kinds of tracks, each heard by listeners of their own, with a model that knows it."""
    kinds = [
        [a_track(f"{name} {n}", added_at_ms=now_ms() - 90 * DAY_MS) for n in range(20)]
        for name in ("Ambient", "Metal")
    ]
    await told(instance, *kinds[0], *kinds[1])
    await serve_groups(instance, kinds)
    return kinds


async def test_because_of_what_was_played_there_is_a_shelf_of_what_goes_with_it(
    instance: Instance, groups: list[list[Track]]
) -> None:
    user_id, (ambient, _) = new_id(), groups
    await played(instance, user_id, ambient[0], 3)
    answer = await home(instance, user_id)
    because = shelf(answer, Kind.BECAUSE_YOU_PLAYED)
    assert because.track_id == ambient[0].id
    assert because.title == "Because you played “Ambient 0”"
    assert because.source.kind == Source.PERSONAL
    assert because.source.model_id
    assert titles(because) <= {track.title for track in ambient[1:]}
    for track in because.tracks:
        assert track.reason_detail.kind == Reason.BECAUSE_OF_TRACK
        assert track.reason_detail.track_id == ambient[0].id
        assert 0 <= track.score <= 1


async def test_people_like_you_are_those_who_play_the_same_and_reasons_name_what_was_played(
    instance: Instance, groups: list[list[Track]]
) -> None:
    user_id, (_, metal) = new_id(), groups
    for track in metal[:5]:
        await played(instance, user_id, track)
    alike = shelf(await home(instance, user_id), Kind.POPULAR_WITH_PEOPLE_LIKE_YOU)
    assert alike.source.kind == Source.PERSONAL
    ours = {track.id for track in metal[:5]}
    for track in alike.tracks:
        assert track.id not in ours
        detail = track.reason_detail
        assert detail.kind in (Reason.BECAUSE_OF_TRACK, Reason.SIMILAR_LISTENERS)
        assert detail.track_id in ours or detail.kind == Reason.SIMILAR_LISTENERS


async def test_shelves_and_their_tracks_are_bounded_and_no_track_stands_twice(
    instance: Instance, groups: list[list[Track]]
) -> None:
    user_id, (ambient, metal) = new_id(), groups
    for track in (*ambient[:4], *metal[:4]):
        await played(instance, user_id, track, 2, days_ago=2)
    await played(instance, user_id, ambient[5], 4, days_ago=31)
    await told(instance, *(a_track(f"Pop {n}") for n in range(30)), streams=5)
    answer = await home(instance, user_id)
    assert 1 <= len(answer.shelves) <= 6
    assert all(1 <= len(one.tracks) <= 12 for one in answer.shelves)
    stand = Counter(track.id for one in answer.shelves for track in one.tracks)
    assert set(stand.values()) == {1}
    assert len({one.shown_id for one in answer.shelves}) == len(answer.shelves)
    assert sum(one.kind == Kind.BECAUSE_YOU_PLAYED for one in answer.shelves) <= 3


async def test_of_one_artist_two_tracks_stand_on_a_shelf_at_most(instance: Instance) -> None:
    artist_id = new_id()
    await told(instance, *(a_track(artist_id=artist_id) for _ in range(5)), a_track())
    answer = await home(instance, new_id())
    (popular,) = answer.shelves
    assert Counter(one.artist_id for one in popular.tracks)[artist_id] == 2
    assert len(popular.tracks) == 3


async def test_new_is_what_followed_artists_brought_within_sixty_days_and_was_not_played(
    instance: Instance, groups: list[list[Track]]
) -> None:
    user_id, artist_id = new_id(), new_id()
    ages = {"Fresh": 1, "Near": 59, "Old": 61}
    brought = {
        name: a_track(name, artist_id=artist_id, added_at_ms=now_ms() - days * DAY_MS)
        for name, days in ages.items()
    }
    await told(instance, *brought.values())
    await keeps(instance, user_id, ItemKind.FOLLOWED_ARTIST, artist_id)
    await played(instance, user_id, groups[0][0])
    new = shelf(await home(instance, user_id), Kind.NEW_FROM_ARTISTS)
    assert [one.title for one in new.tracks] == ["Fresh", "Near"]
    assert new.source.kind == Source.CONTENT
    assert {one.reason_detail.kind for one in new.tracks} == {Reason.ARTIST_YOU_FOLLOW}
    assert {one.reason_detail.artist_id for one in new.tracks} == {artist_id}
    other_id = new_id()
    await keeps(instance, other_id, ItemKind.FOLLOWED_ARTIST, artist_id)
    await played(instance, other_id, brought["Fresh"])
    new = shelf(await home(instance, other_id), Kind.NEW_FROM_ARTISTS)
    assert titles(new) == {"Near"}


async def test_whoever_played_nothing_is_shown_the_artists_that_they_named_however_old(
    instance: Instance, groups: list[list[Track]]
) -> None:
    user_id, (ambient, _) = new_id(), groups
    request = pb.SetFavoriteArtistsRequest(artist_ids=[ambient[0].artist_id])
    await instance.recommend("SetFavoriteArtists", request, user_id)
    answer = await home(instance, user_id)
    assert titles(shelf(answer, Kind.NEW_FROM_ARTISTS)) == {"Ambient 0"}
    alike = shelf(answer, Kind.POPULAR_WITH_PEOPLE_LIKE_YOU)
    assert titles(alike) <= {track.title for track in ambient[1:]}
    details = [one.reason_detail for one in alike.tracks]
    assert {detail.artist_id for detail in details} == {ambient[0].artist_id}
    assert {detail.track_id for detail in details} == {""}


async def test_back_in_rotation_comes_what_was_played_often_and_not_for_a_month(
    instance: Instance, groups: list[list[Track]]
) -> None:
    user_id, (ambient, _) = new_id(), groups
    await played(instance, user_id, ambient[0], 2, days_ago=30.1)
    await played(instance, user_id, ambient[1], 5, days_ago=90)
    await played(instance, user_id, ambient[2], 1, days_ago=90)
    await played(instance, user_id, ambient[3], 9, days_ago=29)
    back = shelf(await home(instance, user_id), Kind.BACK_IN_ROTATION)
    assert [one.title for one in back.tracks] == ["Ambient 1", "Ambient 0"]
    assert {one.reason_detail.kind for one in back.tracks} == {Reason.BACK_IN_ROTATION}
    assert back.source.model_id == ""


async def test_where_nothing_is_known_it_is_what_many_listen_to_and_says_so(
    instance: Instance,
) -> None:
    assert list((await home(instance, new_id())).shelves) == []
    quiet, loud = a_track("Quiet"), a_track("Loud")
    await told(instance, quiet, streams=1)
    await told(instance, loud, streams=9)
    (popular,) = (await home(instance, new_id())).shelves
    assert popular.kind == Kind.POPULAR
    assert popular.source.kind == Source.POPULAR
    assert [one.title for one in popular.tracks] == ["Loud", "Quiet"]


async def test_without_a_model_a_played_track_leads_to_others_of_its_artist(
    instance: Instance,
) -> None:
    user_id, one = new_id(), a_track("One")
    await told(instance, one, a_track("Two", artist_id=one.artist_id), a_track("Else"))
    await played(instance, user_id, one)
    because = shelf(await home(instance, user_id), Kind.BECAUSE_YOU_PLAYED)
    assert because.source.kind == Source.CONTENT
    assert titles(because) == {"Two"}


async def test_blocked_artists_premium_tracks_and_those_that_left_stand_on_no_shelf(
    instance: Instance, groups: list[list[Track]]
) -> None:
    user_id, (ambient, metal) = new_id(), groups
    await played(instance, user_id, ambient[0])
    await played(instance, user_id, metal[0])
    await keeps(instance, user_id, ItemKind.BLOCKED_ARTIST, ambient[3].artist_id)
    await keeps(instance, user_id, ItemKind.BLOCKED_ARTIST, metal[0].artist_id)
    premium = a_track("Ambient 4", id=ambient[4].id, premium=True)
    await PostgresTracksReplica(instance.pool).apply(
        [TrackChange(premium.id, 2, premium), TrackChange(ambient[5].id, 2, None)], "u"
    )
    free = await home(instance, user_id, tier="free")
    stand = {track.id for one in free.shelves for track in one.tracks}
    assert not stand & {track.id for track in (*ambient[3:6], metal[0])}
    named = {track.reason_detail.track_id for one in free.shelves for track in one.tracks}
    assert metal[0].id not in named | {one.track_id for one in free.shelves}
    paid = await home(instance, user_id, tier="premium")
    assert premium.id in {track.id for one in paid.shelves for track in one.tracks}


async def test_a_shelf_counts_as_shown_once_its_user_says_so(
    instance: Instance, groups: list[list[Track]]
) -> None:
    user_id = new_id()
    (popular,) = (await home(instance, user_id)).shelves
    request = pb.ReportShownRequest(shown_ids=[popular.shown_id])
    await instance.recommend("ReportShown", request, user_id)
    async with instance.pool.connection() as connection:
        found = await connection.execute(
            "SELECT surface, track_ids, shown_at_ms IS NOT NULL FROM exposures WHERE shown_id = %s",
            [popular.shown_id],
        )
        assert await found.fetchall() == [("home", [one.id for one in popular.tracks], True)]
