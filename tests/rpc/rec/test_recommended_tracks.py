"""What goes with a playlist or a track, over a model that serves and without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from segue.rec.v1 import recommendation_service_pb2 as pb
from segue.rec.v1 import recommended_track_pb2 as track_pb

from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.tracks import PostgresTracksReplica
from rec_svc.adapters.postgres.user_items import PostgresUserItems
from rec_svc.domain.fold_in import Regularisation
from rec_svc.domain.interactions import TrackIndex
from rec_svc.domain.model import Model
from rec_svc.domain.scorers import ItemFactors
from rec_svc.domain.tracks import Track
from rec_svc.domain.user_items import ItemChanged, ItemKind
from rec_svc.ports.tracks import TrackChange
from tests.contracts.rec.tracks_suite import a_track
from tests.rpc.rec.harness import Instance, an_instance
from tests.rpc.rec.served_model import serve, serve_groups

Kind = track_pb.RecommendationReason.Kind
Source = track_pb.RecommendationSource.Kind


async def told(instance: Instance, *tracks: Track, streams: int = 0) -> None:
    """The catalogue tells of tracks."""
    replica = PostgresTracksReplica(instance.pool)
    await replica.apply([TrackChange(one.id, 1, one, streams) for one in tracks], "t")


async def beside(instance: Instance, *track_ids: str, user_id: str = "", **more: Any) -> Any:
    """What goes with a playlist of those tracks, which the user may open."""
    user_id = user_id or new_id()
    playlist_id, limit = new_id(), more.pop("limit", 0)
    instance.orders.put(user_id, playlist_id, track_ids)
    request = pb.ListPlaylistRecommendationsRequest(playlist_id=playlist_id, limit=limit)
    return await instance.recommend("ListPlaylistRecommendations", request, user_id, **more)


@pytest.fixture
async def groups(instance: Instance) -> list[list[Track]]:
    """Two kinds of tracks, each heard by listeners of their own, with a model that knows it."""
    kinds = [[a_track(f"{name} {n}") for n in range(8)] for name in ("Ambient", "Metal")]
    await told(instance, *kinds[0], *kinds[1])
    await serve_groups(instance, kinds)
    return kinds


async def test_a_track_that_came_after_the_training_is_recommended_for_its_artist_and_says_so(
    instance: Instance, groups: list[list[Track]]
) -> None:
    ambient, metal = groups
    new = a_track(artist=ambient[0].artist, artist_id=ambient[0].artist_id)
    await told(instance, new)
    await beside(instance, ambient[0].id)
    await instance.parts.new_tracks.look()
    answer = await beside(instance, *[track.id for track in ambient[:7]], limit=5)
    found = {one.id: one for one in answer.tracks}[new.id]
    assert found.reason_detail.kind == Kind.NEW
    assert found.reason_detail.artist_id == new.artist_id
    assert found.reason == f"New from {new.artist}"
    assert 0 < found.score <= 1
    assert not {one.id for one in answer.tracks[:2]} & {track.id for track in metal}
    # A list of nothing but new tracks goes by their artists.
    alone = await beside(instance, new.id, limit=5)
    assert {one.id for one in alone.tracks} <= {track.id for track in ambient}
    assert alone.source.kind == Source.PERSONAL


async def test_a_share_of_places_is_for_trying_out_and_the_chance_of_each_is_logged(
    dsn: str, valkey_url: str, tls: Path
) -> None:
    async with an_instance(dsn, valkey_url, tls, explore_percent=30) as instance:
        ambient, metal = [[a_track(f"{name} {n}") for n in range(12)] for name in ("A", "M")]
        blocked, premium = a_track("Blocked"), a_track("Premium", premium=True)
        group = [*ambient, blocked, premium]
        await told(instance, *group, *metal)
        await serve_groups(instance, [group, metal])
        user_id = new_id()
        blocks = PostgresUserItems(instance.pool, ItemKind.BLOCKED_ARTIST)
        await blocks.apply([ItemChanged(user_id, blocked.artist_id, 1, 1, True)], "t")
        answer = await beside(
            instance, *[one.id for one in ambient[:2]], user_id=user_id, tier="free", limit=10
        )
        explored = [
            place
            for place, one in enumerate(answer.tracks)
            if one.reason_detail.kind == Kind.EXPLORED
        ]
        assert len(answer.tracks) == 10
        assert len(explored) == 3
        assert not {one.id for one in answer.tracks} & {blocked.id, premium.id}
        async with instance.pool.connection() as connection:
            row = await connection.execute(
                "SELECT propensities FROM exposures WHERE shown_id = %s", [answer.shown_id]
            )
            (propensities,) = await row.fetchone() or ()
        # Seven of the ten others of the kind stay; three are drawn from what is left.
        left = 10 + len(metal) - 7
        assert [propensities[place] for place in explored] == pytest.approx([3 / left] * 3)
        assert all(propensities[place] == 1 for place in set(range(10)) - set(explored))


async def test_what_listeners_of_the_list_like_is_recommended_and_the_reason_is_of_the_list(
    instance: Instance, groups: list[list[Track]]
) -> None:
    ambient, _ = groups
    held = [track.id for track in ambient[:3]]
    answer = await beside(instance, *held, limit=5)
    assert answer.source.kind == Source.PERSONAL
    assert answer.source.model_id
    assert {one.id for one in answer.tracks} == {track.id for track in ambient[3:]}
    assert [one.score for one in answer.tracks] == sorted(
        (one.score for one in answer.tracks), reverse=True
    )
    for one in answer.tracks:
        assert 0 <= one.score <= 1
        assert one.reason_detail.kind == Kind.BECAUSE_OF_TRACK
        assert one.reason_detail.track_id in held
        assert "Ambient" in one.reason


async def test_a_list_has_at_most_as_many_tracks_as_asked_and_twenty_by_itself(
    instance: Instance,
) -> None:
    await told(instance, *(a_track() for _ in range(30)))
    assert len((await beside(instance, new_id())).tracks) == 20
    assert len((await beside(instance, new_id(), limit=1)).tracks) == 1
    assert len((await beside(instance, new_id(), limit=100)).tracks) == 30
    for limit in (-1, 101):
        fault = await refused(beside(instance, new_id(), limit=limit))
        assert fault.reason == "INVALID_FIELD"


async def test_blocked_artists_premium_tracks_and_those_that_left_are_not_recommended(
    instance: Instance, groups: list[list[Track]]
) -> None:
    ambient, _ = groups
    user_id = new_id()
    blocks = PostgresUserItems(instance.pool, ItemKind.BLOCKED_ARTIST)
    await blocks.apply([ItemChanged(user_id, ambient[3].artist_id, 1, 1, True)], "t")
    premium = a_track(id=ambient[4].id, title="Ambient 4", premium=True)
    replica = PostgresTracksReplica(instance.pool)
    await replica.apply(
        [TrackChange(premium.id, 2, premium), TrackChange(ambient[5].id, 2, None)], "u"
    )
    held = [track.id for track in ambient[:3]]
    free = await beside(instance, *held, user_id=user_id, tier="free")
    assert not {one.id for one in free.tracks} & {track.id for track in ambient[3:6]}
    assert {track.id for track in ambient[6:]} <= {one.id for one in free.tracks}
    paid = await beside(instance, *held, user_id=user_id, tier="premium")
    assert premium.id in {one.id for one in paid.tracks}


async def test_a_reason_names_no_blocked_artist(
    instance: Instance, groups: list[list[Track]]
) -> None:
    ambient, _ = groups
    user_id = new_id()
    blocks = PostgresUserItems(instance.pool, ItemKind.BLOCKED_ARTIST)
    await blocks.apply([ItemChanged(user_id, ambient[0].artist_id, 1, 1, True)], "t")
    answer = await beside(instance, ambient[0].id, user_id=user_id, limit=3)
    assert {one.reason_detail.kind for one in answer.tracks} == {Kind.SIMILAR_LISTENERS}


async def test_without_a_model_others_of_the_artists_come_first_and_then_the_most_played(
    instance: Instance,
) -> None:
    ours, other = a_track(artist="Air"), a_track(artist="Moby")
    also = [a_track(artist="Air", artist_id=ours.artist_id) for _ in range(3)]
    await told(instance, ours, *also)
    await told(instance, other, streams=9)
    answer = await beside(instance, ours.id)
    assert answer.source.kind == Source.CONTENT
    assert answer.source.model_id == ""
    kinds = [one.reason_detail.kind for one in answer.tracks]
    assert kinds == [Kind.BECAUSE_OF_TRACK, Kind.BECAUSE_OF_TRACK, Kind.POPULAR]
    assert answer.tracks[0].reason_detail.track_id == ours.id
    assert [one.artist for one in answer.tracks] == ["Air", "Air", "Moby"]


async def test_where_all_is_of_one_artist_the_track_that_is_named_counts_still(
    instance: Instance,
) -> None:
    first = a_track(artist="Air")
    others = [a_track(artist="Air", artist_id=first.artist_id) for _ in range(3)]
    await told(instance, first, *others)
    whole = await beside(instance, first.id, others[0].id, limit=1)
    (named,) = [one.reason_detail.track_id for one in whole.tracks]
    (kept,) = {first.id, others[0].id} - {named}
    without = await beside(instance, kept, limit=1)
    assert without.tracks[0].score < whole.tracks[0].score


async def test_an_empty_list_and_an_empty_catalogue_have_answers(instance: Instance) -> None:
    assert list((await beside(instance)).tracks) == []
    track = a_track()
    await told(instance, track)
    answer = await beside(instance)
    assert [one.id for one in answer.tracks] == [track.id]
    assert answer.source.kind == Source.POPULAR


async def test_a_list_that_the_user_may_not_open_is_not_found(instance: Instance) -> None:
    playlist_id = new_id()
    instance.orders.put(new_id(), playlist_id, [])
    request = pb.ListPlaylistRecommendationsRequest(playlist_id=playlist_id)
    fault = await refused(instance.recommend("ListPlaylistRecommendations", request, new_id()))
    assert fault.reason == "NOT_FOUND"


async def test_what_is_like_a_track_is_of_its_kind_and_an_unknown_one_is_not_found(
    instance: Instance, groups: list[list[Track]]
) -> None:
    _, metal = groups
    request = pb.ListSimilarTracksRequest(track_id=metal[0].id, limit=7)
    answer = await instance.recommend("ListSimilarTracks", request, new_id())
    assert {one.id for one in answer.tracks} == {track.id for track in metal[1:]}
    unknown = pb.ListSimilarTracksRequest(track_id=new_id())
    fault = await refused(instance.recommend("ListSimilarTracks", unknown, new_id()))
    assert (fault.reason, fault.metadata["resource"]) == ("NOT_FOUND", "track")


async def test_a_list_counts_as_shown_once_and_to_whom_it_was_made_for_alone(
    instance: Instance,
) -> None:
    user_id = new_id()
    shown_id = (await beside(instance, user_id=user_id)).shown_id
    for someone in (new_id(), user_id, user_id):
        request = pb.ReportShownRequest(shown_ids=[shown_id, new_id()])
        await instance.recommend("ReportShown", request, someone)
    async with instance.pool.connection() as connection:
        found = await connection.execute(
            "SELECT shown_at_ms IS NOT NULL FROM exposures WHERE shown_id = %s", [shown_id]
        )
        assert await found.fetchall() == [(True,)]
    for shown_ids in ([], [new_id() for _ in range(101)]):
        request = pb.ReportShownRequest(shown_ids=shown_ids)
        fault = await refused(instance.recommend("ReportShown", request, user_id))
        assert fault.reason == "INVALID_FIELD"


async def test_a_long_list_is_gone_by_its_first_thousand_and_nothing_of_it_is_recommended(
    instance: Instance,
) -> None:
    near, far = [[a_track() for _ in range(count)] for count in (1_050, 50)]
    await told(instance, *near, *far)
    rng = np.random.default_rng(1)
    factors = rng.normal(0, 0.1, (1_100, 4)).astype(np.float32)
    factors[:1_050, 0] += 1
    factors[1_050:, 1] += 1
    ids = [track.id for track in (*near, *far)]
    model = Model(
        new_id(),
        1,
        TrackIndex(ids),
        np.arange(1_100, dtype=np.int32),
        np.ones(1_100, np.float32),
        ItemFactors(factors, Regularisation(ridge=0.1, negatives=0.1)),
    )
    await serve(instance, model)
    answer = await beside(instance, *ids[:1_020], limit=20)
    assert answer.source.kind == Source.PERSONAL
    assert len(answer.tracks) == 20
    assert {one.id for one in answer.tracks} <= set(ids[1_020:1_050])
    assert {one.reason_detail.track_id for one in answer.tracks} <= {*ids[:1_000], ""}
