"""The artists that users name as favourites, and those that they are asked about."""

from __future__ import annotations

import pytest
from segue.rec.v1 import recommendation_service_pb2 as pb

from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.tracks import PostgresTracksReplica
from rec_svc.adapters.postgres.user_items import PostgresUserItems
from rec_svc.domain.tracks import Track
from rec_svc.domain.user_items import ItemChanged, ItemKind
from rec_svc.ports.tracks import TrackChange
from tests.contracts.rec.tracks_suite import a_track
from tests.rpc.rec.harness import Instance

USER = new_id()


async def told(instance: Instance, *tracks: Track, streams: int = 0) -> None:
    """The catalogue tells of tracks."""
    replica = PostgresTracksReplica(instance.pool)
    await replica.apply([TrackChange(one.id, 1, one, streams) for one in tracks], "t")


async def set_artists(instance: Instance, *artist_ids: str) -> list[str]:
    request = pb.SetFavoriteArtistsRequest(artist_ids=artist_ids)
    answer = await instance.recommend("SetFavoriteArtists", request, USER)
    return [one.name for one in answer.artists]


async def artists(instance: Instance, user_id: str = USER) -> tuple[list[str], list[str]]:
    """Those that were named, and those that are suggested."""
    request = pb.GetFavoriteArtistsRequest()
    answer = await instance.recommend("GetFavoriteArtists", request, user_id)
    return [one.name for one in answer.artists], [one.name for one in answer.suggestions]


async def test_artists_are_named_in_order_and_the_most_played_others_are_suggested(
    instance: Instance,
) -> None:
    air, moby, blur, can = (a_track(artist=name) for name in ("Air", "Moby", "Blur", "Can"))
    await told(instance, air, moby, can)
    await told(instance, blur, a_track(artist="Blur", artist_id=blur.artist_id), streams=9)
    assert (await artists(instance))[1][0] == "Blur"
    named = await set_artists(instance, moby.artist_id, air.artist_id, moby.artist_id)
    assert named == ["Moby", "Air"]
    assert await artists(instance) == (["Moby", "Air"], ["Blur", "Can"])
    assert (await artists(instance, new_id()))[0] == []
    assert await set_artists(instance) == []
    assert (await artists(instance))[0] == []


async def test_a_retry_names_nobody_anew_and_its_id_is_for_one_request(
    instance: Instance,
) -> None:
    air, moby = a_track(artist="Air"), a_track(artist="Moby")
    await told(instance, air, moby)
    first = pb.SetFavoriteArtistsRequest(artist_ids=[air.artist_id], request_id="r1")
    await instance.recommend("SetFavoriteArtists", first, USER)
    await set_artists(instance, moby.artist_id)
    again = await instance.recommend("SetFavoriteArtists", first, USER)
    assert [one.name for one in again.artists] == ["Air"]
    assert (await artists(instance))[0] == ["Moby"]
    other = pb.SetFavoriteArtistsRequest(request_id="r1")
    fault = await refused(instance.recommend("SetFavoriteArtists", other, USER))
    assert fault.reason == "REQUEST_ID_REUSED"


async def test_an_artist_without_tracks_is_refused_and_nothing_is_named(
    instance: Instance,
) -> None:
    air, unknown = a_track(artist="Air"), new_id()
    await told(instance, air)
    fault = await refused(set_artists(instance, air.artist_id, unknown))
    assert (fault.reason, fault.metadata) == ("NOT_FOUND", {"resource": "artist", "id": unknown})
    assert (await artists(instance))[0] == []


@pytest.mark.parametrize("artist_ids", [["x"], [new_id() for _ in range(51)]], ids=["id", "many"])
async def test_what_is_no_id_or_more_than_fifty_is_refused(
    instance: Instance, artist_ids: list[str]
) -> None:
    fault = await refused(set_artists(instance, *artist_ids))
    assert fault.reason == "INVALID_FIELD"


async def test_whoever_left_the_catalogue_is_left_out_and_who_is_blocked_is_not_suggested(
    instance: Instance,
) -> None:
    air, moby, blur = (a_track(artist=name) for name in ("Air", "Moby", "Blur"))
    await told(instance, air, moby, blur)
    await set_artists(instance, air.artist_id)
    await PostgresTracksReplica(instance.pool).apply([TrackChange(air.id, 2, None)], "u")
    blocked = PostgresUserItems(instance.pool, ItemKind.BLOCKED_ARTIST)
    await blocked.apply([ItemChanged(USER, moby.artist_id, 1, 1, kept=True)], "t")
    assert await artists(instance) == ([], ["Blur"])


async def test_reading_and_naming_need_scopes_of_their_own(instance: Instance) -> None:
    naming = pb.SetFavoriteArtistsRequest()
    reading = instance.recommend("SetFavoriteArtists", naming, USER, scopes=["recommendation.read"])
    assert (await refused(reading)).reason == "SCOPE_MISSING"
    asking = pb.GetFavoriteArtistsRequest()
    other = instance.recommend("GetFavoriteArtists", asking, USER, scopes=["catalog.read"])
    assert (await refused(other)).reason == "SCOPE_MISSING"
