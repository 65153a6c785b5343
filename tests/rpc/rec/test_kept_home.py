"""Home from where it is kept: which way is told, what a change does, which store may be away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from segue.rec.v1 import recommendation_service_pb2 as pb

from meshkit.testing import stores
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.homes import PostgresHomes
from rec_svc.adapters.postgres.pending_events import PostgresPendingEvents
from rec_svc.adapters.postgres.tracks import PostgresTracksReplica
from rec_svc.adapters.valkey.homes import key_of
from rec_svc.domain.tracks import Track
from rec_svc.domain.user_items import ItemKind
from rec_svc.ports.homes import KEPT_MS
from rec_svc.ports.tracks import TrackChange
from rec_svc.usecases.kept_homes import DropCopies
from tests.contracts.rec.homes_suite import a_home
from tests.contracts.rec.tracks_suite import a_track
from tests.rpc.rec.harness import Instance, an_instance
from tests.rpc.rec.served_model import serve_groups
from tests.rpc.rec.test_home import home, keeps, played
from tests.rpc.rec.test_recommended_tracks import told

Origin = pb.GetHomeResponse.Origin


@pytest.fixture
async def library(instance: Instance) -> list[Track]:
    """Some tracks that can be heard."""
    tracks = [a_track(f"One {n}") for n in range(4)]
    await told(instance, *tracks)
    return tracks


def ids(answer: pb.GetHomeResponse) -> set[str]:
    return {track.id for shelf in answer.shelves for track in shelf.tracks}


def lists(answer: pb.GetHomeResponse) -> list[str]:
    return [shelf.shown_id for shelf in answer.shelves]


async def exposures(instance: Instance, user_id: str) -> int:
    async with instance.pool.connection() as connection:
        found = await connection.execute(
            "SELECT count(*) FROM exposures WHERE user_id = %s", [user_id]
        )
        row = await found.fetchone()
    assert row is not None
    return int(row[0])


async def test_home_is_computed_once_then_from_the_cache_and_without_it_from_the_database(
    instance: Instance, library: list[Track], valkey_url: str
) -> None:
    user_id = new_id()
    made = await home(instance, user_id)
    again = await home(instance, user_id)
    async with stores.valkey_client(valkey_url) as client:
        left_ms = await client.pttl(key_of(user_id))
        await client.flushall()
    stored = await home(instance, user_id)
    cached = await home(instance, user_id)
    answers = (made, again, stored, cached)
    origins = [Origin.COMPUTED, Origin.CACHE, Origin.DATABASE, Origin.CACHE]
    assert [one.origin for one in answers] == origins
    assert {tuple(lists(one)) for one in answers} == {tuple(lists(made))}
    assert {one.made_at.ToMilliseconds() for one in answers} == {made.made_at.ToMilliseconds()}
    assert 0 < left_ms <= KEPT_MS
    assert await exposures(instance, user_id) == len(made.shelves)


async def test_asked_at_once_by_two_instances_one_home_is_made(
    instance: Instance, library: list[Track], dsn: str, valkey_url: str, tls: Path
) -> None:
    user_id = new_id()
    async with an_instance(dsn, valkey_url, tls) as other:
        asked = [home(one, user_id) for one in (instance, other) for _ in range(3)]
        answers = await asyncio.gather(*asked)
    assert {tuple(lists(one)) for one in answers} == {tuple(lists(answers[0]))}
    assert await exposures(instance, user_id) == len(answers[0].shelves)


async def test_what_left_or_became_premium_since_is_left_out_of_a_home_that_is_kept(
    instance: Instance, library: list[Track]
) -> None:
    user_id = new_id()
    assert ids(await home(instance, user_id)) == {track.id for track in library}
    premium = a_track("One 1", id=library[1].id, premium=True)
    await PostgresTracksReplica(instance.pool).apply(
        [TrackChange(library[0].id, 2, None), TrackChange(premium.id, 2, premium)], "u"
    )
    free = await home(instance, user_id, tier="free")
    assert free.origin == Origin.CACHE
    assert ids(free) == {track.id for track in library[2:]}
    paid = await home(instance, user_id, tier="premium")
    assert paid.origin == Origin.CACHE
    assert ids(paid) == {track.id for track in library[1:]}


async def test_a_blocked_artist_is_gone_at_once_and_the_home_is_made_anew(
    instance: Instance, library: list[Track], valkey_url: str
) -> None:
    user_id = new_id()
    first = await home(instance, user_id)
    await keeps(instance, user_id, ItemKind.BLOCKED_ARTIST, library[0].artist_id)
    after = await home(instance, user_id)
    assert after.origin == Origin.COMPUTED
    assert ids(after) == {track.id for track in library[1:]}
    assert not set(lists(first)) & set(lists(after))
    assert (await home(instance, user_id)).origin == Origin.CACHE


async def test_naming_favourites_makes_the_home_anew(
    instance: Instance, library: list[Track]
) -> None:
    user_id = new_id()
    await home(instance, user_id)
    request = pb.SetFavoriteArtistsRequest(artist_ids=[library[3].artist_id])
    await instance.recommend("SetFavoriteArtists", request, user_id)
    after = await home(instance, user_id)
    assert after.origin == Origin.COMPUTED
    assert pb.Shelf.Kind.NEW_FROM_ARTISTS in [one.kind for one in after.shelves]


async def test_another_model_makes_the_home_anew(instance: Instance, library: list[Track]) -> None:
    user_id = new_id()
    await played(instance, user_id, library[0])
    await home(instance, user_id)
    model = await serve_groups(instance, [library])
    after = await home(instance, user_id)
    assert after.origin == Origin.COMPUTED
    assert model.model_id in {one.source.model_id for one in after.shelves}
    assert (await home(instance, user_id)).origin == Origin.CACHE


async def test_copies_of_who_changed_something_or_was_erased_are_dropped(
    instance: Instance, library: list[Track], valkey_url: str
) -> None:
    users = [new_id() for _ in range(3)]
    for user_id in users:
        await home(instance, user_id)
    homes = PostgresHomes(instance.pool)
    await keeps(instance, users[0], ItemKind.BLOCKED_ARTIST, new_id())
    await PostgresPendingEvents(instance.pool).erase(users[1])
    await homes.erase(users[1])
    await DropCopies(instance.parts.homes, instance.parts.home_copies)()
    async with stores.valkey_client(valkey_url) as client:
        keys = await client.keys("recommendations:*")
    assert keys == [key_of(users[2]).encode()]
    await homes.gone(users, after_s=0)
    async with instance.pool.connection() as connection:
        rows = await (await connection.execute("SELECT user_id FROM homes")).fetchall()
    assert {row[0] for row in rows} == {users[0], users[2]}


async def test_an_erased_user_whose_token_is_left_gets_a_home_that_nobody_keeps(
    instance: Instance, library: list[Track], valkey_url: str
) -> None:
    user_id = new_id()
    await PostgresPendingEvents(instance.pool).erase(user_id)
    for _ in range(2):
        answer = await home(instance, user_id)
        assert answer.origin == Origin.COMPUTED
        assert answer.shelves
    assert await exposures(instance, user_id) == 0
    async with stores.valkey_client(valkey_url) as client:
        assert await client.keys("*") == []
    assert (await PostgresHomes(instance.pool).find(user_id)).kept is None


async def test_without_valkey_home_comes_from_the_database(dsn: str, tls: Path) -> None:
    async with an_instance(dsn, "unix:///nowhere.sock", tls) as instance:
        await told(instance, a_track())
        user_id = new_id()
        made, again = [await home(instance, user_id) for _ in range(2)]
    assert [made.origin, again.origin] == [Origin.COMPUTED, Origin.DATABASE]
    assert lists(made) == lists(again)


async def test_without_postgresql_home_comes_from_the_cache_or_is_what_is_popular(
    instance: Instance, library: list[Track], dsn: str, valkey_url: str, tls: Path
) -> None:
    known, stranger, premium = new_id(), new_id(), a_track("Dear", premium=True)
    await told(instance, premium)
    await keeps(instance, known, ItemKind.BLOCKED_ARTIST, library[0].artist_id)
    first = await home(instance, known)
    async with an_instance(dsn, valkey_url, tls) as other:
        await other.pool.close()
        cached = await home(other, known)
        popular = await home(other, stranger, tier="free")
        paid = await home(other, stranger, tier="premium")
    assert cached.origin == Origin.CACHE
    assert lists(cached) == lists(first)
    assert popular.origin == Origin.POPULAR
    (shelf,) = popular.shelves
    assert (shelf.kind, shelf.shown_id) == (pb.Shelf.Kind.POPULAR, "")
    # Whom this user blocks nobody can say: so nobody is there whom anyone does.
    assert ids(popular) == {track.id for track in library[1:]}
    assert ids(paid) == {premium.id, *ids(popular)}


async def test_a_home_that_is_a_day_old_is_made_anew(
    instance: Instance, library: list[Track]
) -> None:
    user_id, homes = new_id(), PostgresHomes(instance.pool)
    old = a_home(made_at_ms=0)
    assert await homes.keep(user_id, old, changed=0, replaces_ms=0)
    assert (await home(instance, user_id)).origin == Origin.COMPUTED
