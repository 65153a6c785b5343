"""Radios: started, listed, deleted, and what they give."""

from __future__ import annotations

from typing import Any

import pytest
from segue.rec.v1 import radio_internal_service_pb2 as internal_pb
from segue.rec.v1 import radio_service_pb2 as pb
from segue.rec.v1 import recommended_track_pb2 as track_pb

from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.user_items import PostgresUserItems
from rec_svc.domain.tracks import Track
from rec_svc.domain.user_items import ItemChanged, ItemKind
from tests.contracts.rec.tracks_suite import a_track
from tests.rpc.rec.harness import Instance
from tests.rpc.rec.radio_calls import following, start
from tests.rpc.rec.served_model import serve_groups
from tests.rpc.rec.test_recommended_tracks import told

Kind = track_pb.RecommendationReason.Kind
Source = track_pb.RecommendationSource.Kind


@pytest.fixture
async def groups(instance: Instance) -> list[list[Track]]:
    """Two kinds of tracks, each heard by listeners of their own, with a model that knows it."""
    kinds = [[a_track(f"{name} {n}") for n in range(12)] for name in ("Ambient", "Metal")]
    await told(instance, *kinds[0], *kinds[1])
    await serve_groups(instance, kinds)
    return kinds


async def test_a_radio_begins_with_its_seed_and_goes_on_with_what_is_like_it(
    instance: Instance, groups: list[list[Track]]
) -> None:
    ambient, _ = groups
    user_id = new_id()
    radio = await start(instance, user_id, track_id=ambient[0].id)
    assert radio.title == "Ambient 0 radio"
    assert radio.seed.track_id == ambient[0].id
    answer = await following(instance, user_id, radio.radio_id, limit=6)
    assert answer.tracks[0].id == ambient[0].id
    assert answer.tracks[0].reason_detail.kind == Kind.STARTED_FROM
    assert {one.artist for one in answer.tracks}
    for one in answer.tracks[1:]:
        assert "Ambient" in one.title
        assert one.reason_detail.track_id == ambient[0].id
        assert 0 <= one.score <= 1
    assert answer.source.kind == Source.PERSONAL
    assert answer.source.model_id
    assert answer.repeated_count == 0


async def test_nothing_comes_twice_until_everything_has_come_and_then_the_oldest_does(
    instance: Instance, groups: list[list[Track]]
) -> None:
    user_id = new_id()
    radio = await start(instance, user_id, track_id=groups[0][0].id)
    first = [await following(instance, user_id, radio.radio_id, limit=10) for _ in range(2)]
    given = [one.id for answer in first for one in answer.tracks]
    assert len(set(given)) == 20
    last = await following(instance, user_id, radio.radio_id, limit=10)
    assert last.repeated_count == 6
    again = [one for one in last.tracks if one.id in given]
    assert {one.reason_detail.kind for one in again} == {Kind.REPEATED}
    assert {one.id for one in again} == set(given[:6])


async def test_a_block_of_a_context_is_the_same_however_often_it_is_asked_for(
    instance: Instance, groups: list[list[Track]]
) -> None:
    user_id, context_id = new_id(), new_id()
    radio = await start(instance, user_id, track_id=groups[0][0].id)

    async def block(number: int, **fields: Any) -> Any:
        request = internal_pb.ExtendRadioRequest(
            radio_id=radio.radio_id, context_id=context_id, block=number, **fields
        )
        return await instance.extend(request, user_id)

    one = await block(1)
    assert len(one.track_ids) == 20
    assert one.title == "Ambient 0 radio"
    assert await block(1, skipped_track_ids=one.track_ids[:3]) == one
    other = await block(2)
    assert other.shown_id != one.shown_id
    assert set(list(other.track_ids)[:4]).isdisjoint(one.track_ids)


async def test_a_radio_is_its_users_alone(instance: Instance) -> None:
    track, user_id = a_track(), new_id()
    await told(instance, track)
    radio = await start(instance, user_id, track_id=track.id)
    asked = pb.GetRadioRequest(radio_id=radio.radio_id)
    assert await instance.radio("GetRadio", asked, user_id) == pb.GetRadioResponse(radio=radio)
    someone = new_id()
    for call in (
        instance.radio("GetRadio", asked, someone),
        following(instance, someone, radio.radio_id),
        instance.extend(
            internal_pb.ExtendRadioRequest(radio_id=radio.radio_id, context_id=new_id(), block=1),
            someone,
        ),
    ):
        fault = await refused(call)
        assert (fault.reason, fault.metadata["resource"]) == ("NOT_FOUND", "radio")
    await instance.radio("DeleteRadio", pb.DeleteRadioRequest(radio_id=radio.radio_id), someone)
    listed = await instance.radio("ListRadios", pb.ListRadiosRequest(), user_id)
    assert list(listed.radios) == [radio]
    await instance.radio("DeleteRadio", pb.DeleteRadioRequest(radio_id=radio.radio_id), user_id)
    assert (await refused(following(instance, user_id, radio.radio_id))).reason == "NOT_FOUND"


async def test_a_radio_from_what_cannot_be_played_is_refused_with_the_reason(
    instance: Instance,
) -> None:
    user_id = new_id()
    premium, blocked = a_track(premium=True), a_track()
    await told(instance, premium, blocked)
    blocks = PostgresUserItems(instance.pool, ItemKind.BLOCKED_ARTIST)
    await blocks.apply([ItemChanged(user_id, blocked.artist_id, 1, 1, True)], "t")
    empty, private = new_id(), new_id()
    instance.orders.put(user_id, empty, [])
    instance.orders.put(new_id(), private, [premium.id])
    for seed, reason in (
        ({"track_id": new_id()}, "NOT_FOUND"),
        ({"artist_id": new_id()}, "NOT_FOUND"),
        ({"playlist_id": private}, "NOT_FOUND"),
        ({"user_id": new_id()}, "NOT_FOUND"),
        ({"track_id": premium.id}, "PLAN_REQUIRED"),
        ({"track_id": blocked.id}, "RADIO_SEED_UNPLAYABLE"),
        ({"artist_id": blocked.artist_id}, "RADIO_SEED_UNPLAYABLE"),
        ({"artist_id": premium.artist_id}, "RADIO_SEED_UNPLAYABLE"),
        ({"playlist_id": empty}, "RADIO_SEED_UNPLAYABLE"),
        ({}, "INVALID_FIELD"),
    ):
        request = pb.StartRadioRequest(**seed)
        fault = await refused(instance.radio("StartRadio", request, user_id, tier="free"))
        assert fault.reason == reason, seed
