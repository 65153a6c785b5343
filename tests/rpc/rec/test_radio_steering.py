"""What radios give after skips, saves, plays, blocks and changes of the catalogue."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from segue.rec.v1 import recommended_track_pb2 as track_pb

from meshkit.ulids import new_id
from rec_svc.adapters.postgres.tracks import PostgresTracksReplica
from rec_svc.domain.tracks import Track
from rec_svc.ports.tracks import TrackChange
from tests.contracts.rec.tracks_suite import a_track
from tests.rpc.rec.harness import Instance
from tests.rpc.rec.radio_calls import blocked, extended, following, played, saved, start
from tests.rpc.rec.served_model import serve_groups
from tests.rpc.rec.test_recommended_tracks import told

Kind = track_pb.RecommendationReason.Kind
Source = track_pb.RecommendationSource.Kind


@pytest.fixture
async def groups(instance: Instance) -> list[list[Track]]:
    """Three kinds of tracks; listeners of their own like the first two, and those of either like
    the first four of the third, too."""
    names = ("Ambient", "Metal", "Chanson")
    kinds = [[a_track(f"{name} {n}") for n in range(16)] for name in names]
    await told(instance, *kinds[0], *kinds[1], *kinds[2])
    ambient, metal, chanson = kinds
    await serve_groups(instance, [ambient, metal, chanson, ambient[:4] + metal[:4]])
    return kinds


def of_kind(answer: Any, kind: list[Track]) -> int:
    """How many tracks of an answer are of a kind."""
    return len({one.id for one in answer.tracks} & {track.id for track in kind})


async def test_a_skip_that_playback_tells_steers_the_next_block_at_once(
    instance: Instance, groups: list[list[Track]]
) -> None:
    ambient, metal, _ = groups
    user_id = new_id()
    # A radio of the two kinds alike.
    playlist_id = new_id()
    instance.orders.put(user_id, playlist_id, [ambient[0].id, metal[0].id])
    radio = await start(instance, user_id, playlist_id=playlist_id)
    metals = {track.id for track in metal}
    skipped = [track.id for track in metal[4:7]]
    neutral = await extended(instance, user_id, radio.radio_id)
    other = await start(instance, user_id, playlist_id=playlist_id)
    steered = await extended(instance, user_id, other.radio_id, skipped_track_ids=skipped)
    first = list(steered.track_ids)[:10]
    assert set(list(neutral.track_ids)[:10]) & metals
    assert len(set(first) & metals) < len(set(list(neutral.track_ids)[:10]) & metals)
    assert not set(steered.track_ids) & set(skipped)


async def test_skips_and_saves_that_the_feeds_tell_steer_what_comes_next(
    instance: Instance, groups: list[list[Track]]
) -> None:
    ambient, metal, chanson = groups
    user_id = new_id()
    playlist_id = new_id()
    instance.orders.put(user_id, playlist_id, [ambient[0].id, metal[0].id])

    async def second_block(*, skip: list[Track], save: list[Track]) -> Any:
        listener = new_id()
        instance.orders.put(listener, playlist_id, [ambient[0].id, metal[0].id])
        radio = await start(instance, listener, playlist_id=playlist_id)
        first = await following(instance, listener, radio.radio_id, limit=12)
        ids = [one.id for one in first.tracks]
        skips = [one.id for one in skip if one.id in ids][:2]
        saves = [one.id for one in save if one.id in ids][:2]
        assert bool(skips) == bool(skip)
        assert bool(saves) == bool(save)
        await played(instance, listener, *skips, radio_id=radio.radio_id, skipped=True)
        await saved(instance, listener, *saves)
        return await following(instance, listener, radio.radio_id, limit=8)

    less = await second_block(skip=metal, save=[])
    more = await second_block(skip=ambient, save=metal)
    assert of_kind(less, metal) < of_kind(more, metal)
    assert of_kind(more, ambient) < of_kind(less, ambient)
    assert of_kind(more, chanson) <= of_kind(more, metal)


async def test_a_skip_in_one_radio_changes_no_other(
    instance: Instance, groups: list[list[Track]]
) -> None:
    ambient, _, _ = groups
    user_id = new_id()
    one = await start(instance, user_id, track_id=ambient[8].id)
    first = await following(instance, user_id, one.radio_id, limit=3)
    await played(instance, user_id, first.tracks[2].id, radio_id=one.radio_id, skipped=True)
    other = await start(instance, user_id, track_id=ambient[8].id)
    answer = await following(instance, user_id, other.radio_id, limit=9)
    # Skipped a moment ago, it is not given, but those like it are.
    assert first.tracks[2].id not in {track.id for track in answer.tracks}
    assert of_kind(answer, ambient) == 9


async def test_what_was_played_within_two_days_is_not_given_and_what_was_earlier_is(
    instance: Instance, groups: list[list[Track]]
) -> None:
    ambient, _, _ = groups
    user_id = new_id()
    lately, before = ambient[9:12], ambient[12:15]
    await played(instance, user_id, *(track.id for track in lately), hours_ago=47.9)
    await played(instance, user_id, *(track.id for track in before), hours_ago=48.1)
    radio = await start(instance, user_id, track_id=ambient[8].id)
    answer = await following(instance, user_id, radio.radio_id, limit=13)
    given = {one.id for one in answer.tracks}
    assert not given & {track.id for track in lately}
    assert {track.id for track in before} <= given
    assert answer.repeated_count == 0


async def test_who_is_blocked_what_the_plan_leaves_out_and_what_left_are_given_no_more(
    instance: Instance, groups: list[list[Track]]
) -> None:
    ambient, _, _ = groups
    user_id = new_id()
    radio = await start(instance, user_id, track_id=ambient[0].id)
    await blocked(instance, user_id, ambient[1].artist_id)
    premium = a_track(id=ambient[2].id, title="Ambient 2", premium=True)
    replica = PostgresTracksReplica(instance.pool)
    await replica.apply(
        [TrackChange(premium.id, 2, premium), TrackChange(ambient[3].id, 2, None)], "u"
    )
    seen: set[str] = set()
    for _ in range(3):
        answer = await following(instance, user_id, radio.radio_id, limit=20, tier="free")
        seen |= {one.id for one in answer.tracks}
    assert not seen & {track.id for track in ambient[1:4]}
    assert len(seen) == 45
    paid = await following(instance, user_id, radio.radio_id, limit=1)
    assert [one.id for one in paid.tracks] == [premium.id]


async def test_two_of_an_artist_at_most_and_never_one_right_after_the_other(
    instance: Instance,
) -> None:
    artists = [new_id() for _ in range(6)]
    tracks = [a_track(artist_id=artist) for artist in artists for _ in range(6)]
    await told(instance, *tracks)
    await serve_groups(instance, [tracks])
    user_id = new_id()
    radio = await start(instance, user_id, artist_id=artists[0])
    last = ""
    for _ in range(3):
        answer = await following(instance, user_id, radio.radio_id)
        named = [one.artist_id for one in answer.tracks]
        assert len(named) == 12
        assert max(named.count(artist) for artist in artists) == 2
        assert all(one != other for one, other in pairwise([last, *named]))
        last = named[-1]


async def test_without_a_model_the_same_artist_and_genre_come_first_and_then_what_is_popular(
    instance: Instance,
) -> None:
    seed = a_track("Seed", genre="jazz")
    same = [a_track(f"Same {n}", artist_id=seed.artist_id, genre="folk") for n in range(3)]
    jazz = [a_track(f"Jazz {n}", genre="jazz") for n in range(3)]
    other = [a_track(f"Other {n}", genre="rock") for n in range(3)]
    await told(instance, seed, *same, *jazz, *other)
    user_id = new_id()
    radio = await start(instance, user_id, track_id=seed.id)
    answer = await following(instance, user_id, radio.radio_id)
    assert answer.source.kind == Source.CONTENT
    assert answer.source.model_id == ""
    titles = [one.title.split()[0] for one in answer.tracks]
    assert sorted(titles[:2]) == ["Jazz", "Seed"] or titles[:2] == ["Seed", "Same"]
    assert titles.count("Same") == 1
    assert titles.count("Jazz") == 3
    assert titles[-3:] == ["Other"] * 3
    kinds = {one.title: one.reason_detail for one in answer.tracks}
    assert kinds["Jazz 0"].kind == Kind.BECAUSE_OF_TRACK
    assert kinds["Jazz 0"].track_id == seed.id
    assert kinds["Other 0"].kind == Kind.POPULAR


async def test_without_a_model_a_skip_puts_its_artist_and_genre_last(instance: Instance) -> None:
    seed = a_track("Seed")
    rock = [a_track("Rock", genre="rock") for _ in range(4)]
    folk = [a_track("Folk", genre="folk") for _ in range(4)]
    await told(instance, seed)
    await told(instance, *rock, streams=9)
    await told(instance, *folk, streams=5)
    user_id = new_id()
    radio = await start(instance, user_id, track_id=seed.id)
    first = await following(instance, user_id, radio.radio_id, limit=2)
    assert [one.title for one in first.tracks] == ["Seed", "Rock"]
    await played(instance, user_id, first.tracks[1].id, radio_id=radio.radio_id, skipped=True)
    answer = await following(instance, user_id, radio.radio_id, limit=7)
    assert [one.title for one in answer.tracks] == ["Folk"] * 4 + ["Rock"] * 3


async def test_a_radio_of_the_user_goes_by_what_they_hear_and_a_new_one_by_what_is_popular(
    instance: Instance, groups: list[list[Track]]
) -> None:
    _, metal, _ = groups
    user_id = new_id()
    await played(instance, user_id, *(track.id for track in metal[8:11]), hours_ago=99)
    radio = await start(instance, user_id, user_id=user_id)
    assert radio.title == "Your radio"
    answer = await following(instance, user_id, radio.radio_id, limit=8)
    assert of_kind(answer, metal) == 8
    stranger = new_id()
    radio = await start(instance, stranger, user_id=stranger)
    answer = await following(instance, stranger, radio.radio_id, limit=8)
    assert answer.source.kind == Source.POPULAR
    assert len(answer.tracks) == 8


async def test_where_nothing_may_be_played_any_more_nothing_is_given(instance: Instance) -> None:
    track, user_id = a_track(), new_id()
    await told(instance, track)
    radio = await start(instance, user_id, track_id=track.id)
    await blocked(instance, user_id, track.artist_id)
    answer = await following(instance, user_id, radio.radio_id)
    assert (list(answer.tracks), answer.repeated_count) == ([], 0)
    assert list((await extended(instance, user_id, radio.radio_id)).track_ids) == []


async def test_a_block_that_is_asked_for_again_has_and_names_no_artist_who_was_blocked_since(
    instance: Instance, groups: list[list[Track]]
) -> None:
    ambient, user_id = groups[0], new_id()
    radio = await start(instance, user_id, track_id=ambient[0].id)
    again = {"limit": 8, "request_id": "next"}
    first = await following(instance, user_id, radio.radio_id, **again)
    seed, gone, *rest = first.tracks
    assert seed.id == ambient[0].id
    assert {one.reason_detail.track_id for one in rest} == {seed.id}
    for artist_id in (seed.artist_id, gone.artist_id):
        await blocked(instance, user_id, artist_id)
    answer = await following(instance, user_id, radio.radio_id, **again)
    assert [one.id for one in answer.tracks] == [one.id for one in rest]
    assert {one.reason_detail.kind for one in answer.tracks} == {Kind.SIMILAR_LISTENERS}
    assert not any(seed.title in one.reason for one in answer.tracks)
