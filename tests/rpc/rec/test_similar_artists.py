"""Artists like another one: by the model, by genre, and else whoever is played most."""

from __future__ import annotations

from typing import Any

from segue.rec.v1 import recommendation_service_pb2 as pb
from segue.rec.v1 import recommended_track_pb2 as track_pb

from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from rec_svc.domain.user_items import ItemKind
from tests.contracts.rec.tracks_suite import a_track
from tests.rpc.rec.harness import Instance
from tests.rpc.rec.served_model import serve_groups
from tests.rpc.rec.test_home import keeps
from tests.rpc.rec.test_recommended_tracks import told

Source = track_pb.RecommendationSource.Kind


async def like(instance: Instance, artist_id: str, user_id: str = "", limit: int = 0) -> Any:
    """The artists like one."""
    request = pb.ListSimilarArtistsRequest(artist_id=artist_id, limit=limit)
    return await instance.recommend("ListSimilarArtists", request, user_id or new_id())


def names(answer: Any) -> list[str]:
    return [artist.name for artist in answer.artists]


async def test_who_shares_listeners_comes_first_and_once(instance: Instance) -> None:
    pairs = [(f"{name} {n}", new_id()) for name in ("Ambient", "Metal") for n in range(4)]
    kinds = [
        [a_track(artist=name, artist_id=id_) for name, id_ in pairs[start : start + 4] * 2]
        for start in (0, 4)
    ]
    await told(instance, *kinds[0], *kinds[1])
    model = await serve_groups(instance, kinds)
    answer = await like(instance, pairs[0][1], limit=3)
    assert sorted(names(answer)) == ["Ambient 1", "Ambient 2", "Ambient 3"]
    assert (answer.source.kind, answer.source.model_id) == (Source.PERSONAL, model.model_id)
    everyone = await like(instance, pairs[0][1])
    assert sorted(names(everyone)) == sorted(name for name, _ in pairs[1:])


async def test_without_a_model_those_of_the_genre_come_before_those_played_most(
    instance: Instance,
) -> None:
    ours = a_track(artist="Air", genre="Downtempo")
    await told(instance, ours, a_track(artist="Moby", genre="Downtempo"))
    await told(instance, a_track(artist="Slayer", genre="Metal"), streams=9)
    answer = await like(instance, ours.artist_id)
    assert names(answer) == ["Moby", "Slayer"]
    assert (answer.source.kind, answer.source.model_id) == (Source.CONTENT, "")


async def test_of_an_artist_without_a_genre_it_is_who_is_played_most(instance: Instance) -> None:
    ours = a_track(artist="Air")
    await told(instance, ours)
    assert list((await like(instance, ours.artist_id)).artists) == []
    await told(instance, a_track(artist="Moby"))
    answer = await like(instance, ours.artist_id)
    assert (names(answer), answer.source.kind) == (["Moby"], Source.POPULAR)


async def test_blocked_artists_are_left_out_and_unknown_ones_not_found(instance: Instance) -> None:
    user_id, ours, blocked = new_id(), a_track(artist="Air"), a_track(artist="Moby")
    await told(instance, ours, blocked, a_track(artist="Zero 7"))
    await keeps(instance, user_id, ItemKind.BLOCKED_ARTIST, blocked.artist_id)
    assert names(await like(instance, ours.artist_id, user_id)) == ["Zero 7"]
    fault = await refused(like(instance, new_id()))
    assert (fault.reason, fault.metadata["resource"]) == ("NOT_FOUND", "artist")


async def test_at_most_as_many_as_asked_are_told(instance: Instance) -> None:
    tracks = [a_track(artist=f"Artist {n}") for n in range(52)]
    await told(instance, *tracks)
    counts = [len((await like(instance, tracks[0].artist_id, limit=n)).artists) for n in (0, 1, 50)]
    assert counts == [20, 1, 50]
    for limit in (-1, 51):
        fault = await refused(like(instance, tracks[0].artist_id, limit=limit))
        assert fault.reason == "INVALID_FIELD"
