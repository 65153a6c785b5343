"""Discover Weekly, over a model that serves and without one, with stores that are real."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from segue.rec.v1 import recommendation_service_pb2 as pb
from segue.rec.v1 import recommended_track_pb2 as track_pb

from meshkit.clock import now_ms
from meshkit.faults import Unavailable
from meshkit.testing.at_once import at_once
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.pending_events import PostgresPendingEvents
from rec_svc.adapters.postgres.plays import PostgresPlays
from rec_svc.adapters.postgres.tracks import PostgresTracksReplica
from rec_svc.adapters.postgres.user_items import PostgresUserItems
from rec_svc.domain.recommendation_faults import unknown_error
from rec_svc.domain.tracks import Track
from rec_svc.domain.user_items import ItemChanged, ItemKind
from rec_svc.domain.weeks import Week
from rec_svc.ports.tracks import TrackChange
from rec_svc.usecases.chosen_models import ChosenModels
from rec_svc.usecases.recommendation.get_discover_weekly import GetDiscoverWeekly
from rec_svc.usecases.recommending import Listener, Recommending
from rec_svc.usecases.weekly_lists import MakeWeeklyList
from rec_svc.usecases.weekly_playlists import PutWeeklyLists
from tests.contracts.rec.listening_world import a_play
from tests.contracts.rec.tracks_suite import a_track
from tests.rpc.rec.harness import Instance, an_instance
from tests.rpc.rec.served_model import serve_groups

DAY_MS = 24 * 3_600_000
Kind = track_pb.RecommendationReason.Kind
Source = track_pb.RecommendationSource.Kind


async def told(instance: Instance, *tracks: Track) -> None:
    replica = PostgresTracksReplica(instance.pool)
    await replica.apply([TrackChange(one.id, 1, one) for one in tracks], "t")


async def played(instance: Instance, user_id: str, *tracks: Track, **how: bool) -> None:
    plays = PostgresPlays(instance.pool)
    await plays.apply([a_play(user_id, one.id, **how) for one in tracks], new_id())


async def kept(instance: Instance, user_id: str, kind: ItemKind, item_id: str) -> None:
    items = PostgresUserItems(instance.pool, kind)
    await items.apply([ItemChanged(user_id, item_id, now_ms(), now_ms(), True)], new_id())


async def weekly(instance: Instance, user_id: str, **token: Any) -> Any:
    request = pb.GetDiscoverWeeklyRequest()
    return await instance.recommend("GetDiscoverWeekly", request, user_id, **token)


def at(instance: Instance, clock: Callable[[], int]) -> GetDiscoverWeekly:
    """The use case as this instance has it, by another clock."""
    parts = instance.parts
    recommending = Recommending(
        parts.tracks,
        parts.listening,
        ChosenModels(parts.serving_model, parts.models, parts.artefacts, parts.new_tracks),
        parts.running,
        parts.exposures,
        clock=clock,
        new_id=new_id,
        chance=random.Random(1),
    )
    make = MakeWeeklyList(
        parts.tracks, parts.listening, parts.weekly_lists, recommending, clock, new_id
    )
    put = PutWeeklyLists(parts.weekly_lists, instance.managed, parts.tracks, parts.listening, clock)
    return GetDiscoverWeekly(
        parts.weekly_lists, make, put, parts.tracks, parts.listening, parts.exposures, clock
    )


@pytest.fixture
async def ambient(instance: Instance) -> list[Track]:
    """Forty tracks that some listeners like, beside forty that others do."""
    kinds = [[a_track(f"{name} {n}") for n in range(40)] for name in ("Ambient", "Metal")]
    await told(instance, *kinds[0], *kinds[1])
    await serve_groups(instance, kinds)
    return kinds[0]


async def test_thirty_tracks_that_were_not_heard_with_reasons_out_of_what_was(
    instance: Instance, ambient: list[Track]
) -> None:
    user_id = new_id()
    await played(instance, user_id, *ambient[:5])
    await played(instance, user_id, ambient[5], counted=False, skipped=True)
    await played(instance, user_id, ambient[6], counted=False)
    await kept(instance, user_id, ItemKind.SAVED_TRACK, ambient[7].id)
    answer = await weekly(instance, user_id)
    found = [one.id for one in answer.tracks]
    assert len(set(found)) == 30
    assert set(found) <= {one.id for one in ambient[8:]}
    assert (answer.source.kind, answer.is_short) == (Source.PERSONAL, False)
    liked = {one.id for one in (*ambient[:5], ambient[7])}
    for one in answer.tracks:
        assert 0 <= one.score <= 1
        assert one.reason_detail.kind == Kind.BECAUSE_OF_TRACK
        assert one.reason_detail.track_id in liked
    assert [one.score for one in answer.tracks] == sorted(
        (one.score for one in answer.tracks), reverse=True
    )
    assert answer.week == str(Week.at(now_ms()))
    assert answer.replaced_at.ToMilliseconds() == Week.at(now_ms()).ends_ms


async def test_the_list_of_a_week_stays_whatever_is_heard_and_whichever_model_serves(
    instance: Instance, ambient: list[Track]
) -> None:
    user_id = new_id()
    await played(instance, user_id, *ambient[:5])
    first = await weekly(instance, user_id)
    await played(instance, user_id, *ambient[5:20])
    await serve_groups(instance, [ambient[::-1]])
    assert await weekly(instance, user_id) == first
    assert (await weekly(instance, new_id())).shown_id != first.shown_id


async def test_two_instances_asked_at_once_tell_one_list(
    instance: Instance, ambient: list[Track], dsn: str, valkey_url: str, tls: Any
) -> None:
    user_id = new_id()
    await played(instance, user_id, *ambient[:5])
    async with an_instance(dsn, valkey_url, tls, instance.managed) as other:
        await other.parts.serving_model.look()
        asked = [weekly(one, user_id) for _ in range(4) for one in (instance, other)]
        answers = await at_once(asked)
    assert all(one == answers[0] for one in answers)
    assert len(answers[0].tracks) == 30
    assert len(instance.managed.versions[user_id]) == 1


async def test_what_may_not_be_recommended_any_more_is_left_out_while_the_list_stays(
    instance: Instance, ambient: list[Track]
) -> None:
    user_id = new_id()
    await played(instance, user_id, *ambient[:5])
    first = await weekly(instance, user_id, tier="premium")
    blocked, premium, gone = first.tracks[:3]
    await kept(instance, user_id, ItemKind.BLOCKED_ARTIST, blocked.artist_id)
    replica = PostgresTracksReplica(instance.pool)
    changed = a_track(id=premium.id, artist_id=premium.artist_id, premium=True)
    changes = [TrackChange(premium.id, 2, changed), TrackChange(gone.id, 2, None)]
    await replica.apply(changes, "u")
    free = await weekly(instance, user_id, tier="free")
    assert [one.id for one in free.tracks] == [one.id for one in first.tracks[3:]]
    assert (free.shown_id, free.is_short) == (first.shown_id, False)
    paid = await weekly(instance, user_id, tier="premium")
    assert [one.id for one in paid.tracks] == [
        one.id for one in first.tracks if one.id not in (blocked.id, gone.id)
    ]


async def test_a_reason_names_no_artist_who_was_blocked_and_no_track_that_left_since(
    instance: Instance, ambient: list[Track]
) -> None:
    user_id = new_id()
    await played(instance, user_id, ambient[0], ambient[1])
    await weekly(instance, user_id)
    await kept(instance, user_id, ItemKind.BLOCKED_ARTIST, ambient[0].artist_id)
    replica = PostgresTracksReplica(instance.pool)
    await replica.apply([TrackChange(ambient[1].id, 2, None)], "u")
    answer = await weekly(instance, user_id)
    assert len(answer.tracks) == 30
    assert {one.reason_detail.kind for one in answer.tracks} == {Kind.SIMILAR_LISTENERS}


async def test_an_artist_has_two_tracks_at_most_and_a_small_library_a_short_list(
    instance: Instance,
) -> None:
    user_id, artist_id = new_id(), new_id()
    ours = [a_track(f"Ours {n}", artist_id=artist_id) for n in range(9)]
    others = [a_track(f"Other {n}") for n in range(27)]
    await told(instance, *ours, *others)
    await played(instance, user_id, ours[0])
    answer = await weekly(instance, user_id)
    assert Counter(one.artist_id for one in answer.tracks)[artist_id] == 2
    assert (len(answer.tracks), answer.is_short) == (29, True)
    assert (answer.source.kind, answer.source.model_id) == (Source.CONTENT, "")
    await told(instance, a_track("One more"))
    assert not (await weekly(instance, new_id())).is_short


async def test_a_list_without_tracks_is_not_kept(instance: Instance) -> None:
    user_id = new_id()
    empty = await weekly(instance, user_id)
    assert (list(empty.tracks), empty.is_short, empty.shown_id) == ([], True, "")
    await told(instance, track := a_track())
    made = await weekly(instance, user_id)
    assert [one.id for one in made.tracks] == [track.id]
    assert made.source.kind == Source.POPULAR


async def test_a_new_week_has_another_list_over_the_end_of_a_year_of_53_weeks(
    instance: Instance, ambient: list[Track]
) -> None:
    listener = Listener(new_id(), premium=True)
    await played(instance, listener.user_id, *ambient[:4])
    last_ms = Week(2026, 53).ends_ms - 1
    old = await at(instance, lambda: last_ms)(listener)
    new = await at(instance, lambda: last_ms + 1)(listener)
    assert (str(old.week), str(new.week)) == ("2026-W53", "2027-W01")
    assert old.made.shown_id != new.made.shown_id
    assert await at(instance, lambda: last_ms)(listener) == old
    before = {one.track.id for one in old.made.tracks}
    # Thirty of one kind were not in the last list, with those of the other kind: none comes again.
    assert not before & {one.track.id for one in new.made.tracks}
    third = await at(instance, lambda: last_ms + 8 * 24 * 3_600_000)(listener)
    assert len(third.made.tracks) == 30
    # Sixteen were in neither list: all of them come before any comes again.
    earlier = before | {one.track.id for one in new.made.tracks}
    found = [one.track.id for one in third.made.tracks]
    assert not set(found[:16]) & earlier
    assert set(found[16:]) <= earlier


async def test_whoever_heard_all_that_is_popular_has_a_list_of_what_is_played_less(
    instance: Instance,
) -> None:
    user_id = new_id()
    popular, rare = [a_track() for _ in range(1_000)], [a_track() for _ in range(32)]
    replica = PostgresTracksReplica(instance.pool)
    await replica.apply([TrackChange(one.id, 1, one, 9) for one in popular], "t")
    await replica.apply([TrackChange(one.id, 1, one, 1) for one in rare], "u")
    await played(instance, user_id, *popular)
    answer = await weekly(instance, user_id)
    assert (len(answer.tracks), answer.is_short) == (30, False)
    assert {one.id for one in answer.tracks} <= {one.id for one in rare}


async def test_it_counts_as_shown_and_an_erased_user_has_none(
    instance: Instance, ambient: list[Track]
) -> None:
    user_id = new_id()
    await played(instance, user_id, *ambient[:4])
    answer = await weekly(instance, user_id)
    shown = pb.ReportShownRequest(shown_ids=[answer.shown_id])
    await instance.recommend("ReportShown", shown, user_id)
    async with instance.pool.connection() as connection:
        found = await connection.execute(
            "SELECT surface, shown_at_ms IS NOT NULL FROM exposures WHERE shown_id = %s",
            [answer.shown_id],
        )
        assert await found.fetchall() == [("discover-weekly", True)]
    await PostgresPendingEvents(instance.pool).erase(user_id)
    await instance.parts.weekly_lists.erase(user_id)
    assert await instance.parts.weekly_lists.find(user_id, Week.at(now_ms())) is None


async def test_the_playlist_has_the_list_of_the_week_and_each_week_another_version(
    instance: Instance, ambient: list[Track]
) -> None:
    listener = Listener(new_id(), premium=True)
    await played(instance, listener.user_id, *ambient[:4])
    begins_ms = Week(2026, 53).begins_ms
    old = await at(instance, lambda: begins_ms)(listener)
    for _ in range(2):
        new = await at(instance, lambda: begins_ms + 7 * DAY_MS)(listener)
    assert old.playlist_id == new.playlist_id != ""
    first, second = instance.managed.versions[listener.user_id]
    assert (first.title, first.key) == ("Discover Weekly", "discover-weekly")
    assert first.description == "Not heard yet. For the week from 28 December 2026."
    assert [tuple(one.track_ids) for one in (first, second)] == [
        tuple(one.track.id for one in week.made.tracks) for week in (old, new)
    ]


async def test_without_playlists_the_list_is_told_and_the_playlist_follows(
    instance: Instance, ambient: list[Track]
) -> None:
    listener, now = Listener(new_id(), premium=True), Week(2026, 53).begins_ms
    await played(instance, listener.user_id, *ambient[:4])
    put = at(instance, lambda: now)._put
    instance.managed.fault = Unavailable("away")
    told = await at(instance, lambda: now)(listener)
    assert (len(told.made.tracks), told.playlist_id) == (30, "")
    instance.managed.fault = None
    # Not at once: who comes back is not overrun by everybody who waits.
    assert not await put.some()
    assert listener.user_id not in instance.managed.versions
    now += 30_000
    await put.some()
    (version,) = instance.managed.versions[listener.user_id]
    assert list(version.track_ids) == [one.track.id for one in told.made.tracks]
    after = await at(instance, lambda: now)(listener)
    assert (after.made, bool(after.playlist_id)) == (told.made, True)


async def test_what_a_playlist_refuses_holds_up_nobody_else(
    instance: Instance, ambient: list[Track]
) -> None:
    now = Week(2026, 53).begins_ms
    refused_, other = Listener(new_id(), premium=True), Listener(new_id(), premium=True)
    instance.managed.fault = unknown_error("user", refused_.user_id)
    assert (await at(instance, lambda: now)(refused_)).playlist_id == ""
    instance.managed.fault = Unavailable("away")
    await at(instance, lambda: now)(other)
    instance.managed.fault = None
    now += 30_000
    await at(instance, lambda: now)._put.some()
    assert set(instance.managed.versions) == {other.user_id}


async def test_a_list_of_a_week_that_is_over_is_put_nowhere(
    instance: Instance, ambient: list[Track]
) -> None:
    listener, now = Listener(new_id(), premium=True), Week(2026, 53).ends_ms - 1
    instance.managed.fault = Unavailable("away")
    await at(instance, lambda: now)(listener)
    instance.managed.fault = None
    now += 60_000
    await at(instance, lambda: now)._put.some()
    assert instance.managed.versions == {}


async def test_a_playlist_gets_no_artist_who_was_blocked_before_it_was_put(
    instance: Instance, ambient: list[Track]
) -> None:
    listener, now = Listener(new_id(), premium=True), Week(2026, 53).begins_ms
    instance.managed.fault = Unavailable("away")
    told = await at(instance, lambda: now)(listener)
    instance.managed.fault = None
    blocked = told.made.tracks[0].track
    await kept(instance, listener.user_id, ItemKind.BLOCKED_ARTIST, blocked.artist_id)
    now += 30_000
    await at(instance, lambda: now)._put.some()
    (version,) = instance.managed.versions[listener.user_id]
    assert list(version.track_ids) == [one.track.id for one in told.made.tracks[1:]]


async def test_who_played_nothing_gets_what_goes_with_the_artists_that_they_named(
    instance: Instance, ambient: list[Track]
) -> None:
    user_id, named = new_id(), ambient[0]
    await instance.parts.favorites.set_favorite_artists(user_id, [named.artist_id])
    answer = await weekly(instance, user_id)
    assert len(answer.tracks) == 30
    assert {one.id for one in answer.tracks} <= {one.id for one in ambient[1:]}
    for one in answer.tracks:
        assert one.reason_detail.kind == Kind.ARTIST_YOU_FOLLOW
        assert (one.reason_detail.artist_id, one.reason_detail.track_id) == (named.artist_id, "")
    await kept(instance, user_id, ItemKind.BLOCKED_ARTIST, named.artist_id)
    after = await weekly(instance, user_id)
    assert {one.reason_detail.kind for one in after.tracks} == {Kind.SIMILAR_LISTENERS}
