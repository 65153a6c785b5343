"""What is learnt from, in a real PostgreSQL with real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshkit import postgres
from meshkit.consuming import Replica
from meshkit.testing.replica_suite import PlaceContract, ReplicaContract, ReplicaUnderTest
from meshkit.ulids import new_id
from rec_svc.adapters.postgres import plays as postgres_plays
from rec_svc.adapters.postgres import user_items as postgres_user_items
from rec_svc.adapters.postgres.tracks import PostgresTracks, PostgresTracksReplica
from rec_svc.domain.plays import Play
from rec_svc.domain.user_items import ItemKind
from tests.adapters.rec.stores import listening_stores
from tests.contracts.rec.listening_suite import ListeningContract, items_replica_of
from tests.contracts.rec.listening_world import NOON_MS, ListeningStores, a_play, item, item_gone
from tests.contracts.rec.playlists_suite import PlaylistsContract, playlists_replica_of
from tests.contracts.rec.tracks_suite import TracksContract, TracksUnderTest, replica_of


@pytest.fixture
def world(pool: postgres.Pool) -> TracksUnderTest:
    return TracksUnderTest(PostgresTracks(pool), PostgresTracksReplica(pool))


@pytest.fixture
def stores(pool: postgres.Pool, tmp_path: Path) -> ListeningStores:
    return listening_stores(pool, tmp_path)


class TestPostgresTracks(TracksContract): ...


class TestPostgresTracksReplica(ReplicaContract):
    @pytest.fixture
    def replica(self, world: TracksUnderTest) -> ReplicaUnderTest:
        return replica_of(world)

    @pytest.fixture
    def place(self, replica: ReplicaUnderTest) -> Replica[object]:
        return replica.replica


class TestPostgresListening(ListeningContract):
    async def test_ids_of_plays_are_kept_for_as_long_as_plays_are_told_and_no_longer(
        self, pool: postgres.Pool, stores: ListeningStores, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(postgres_plays, "_FORGOTTEN_AT_ONCE", 2)
        user, one = new_id(), new_id()
        await stores.plays.apply([a_play(user, one) for _ in range(5)], "a")
        async with pool.connection() as connection:
            await connection.execute("UPDATE known_plays SET told_at = now() - interval '36 days'")
        young = [a_play(user, one) for _ in range(2)]
        await stores.plays.apply(young, "b")
        assert (await stores.plays.prune(), await stores.plays.prune()) == (5, 0)
        await stores.plays.apply(young, "c")
        assert (await stores.listening.taste(user)).listened[0].plays == 7

    async def test_that_an_item_is_gone_is_kept_for_as_long_as_changes_are_told_and_no_longer(
        self, stores: ListeningStores, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(postgres_user_items, "_FORGOTTEN_AT_ONCE", 2)
        monkeypatch.setattr(postgres_user_items, "now_ms", lambda: NOON_MS + 35 * 86_400_000)
        saved, user = stores.items[ItemKind.SAVED_TRACK], new_id()
        old = [item_gone(user, new_id(), at_ms=NOON_MS - 1) for _ in range(5)]
        young, kept = item_gone(user, new_id()), item(user, new_id(), at_ms=NOON_MS - 1)
        await saved.apply([*old, young, kept], "t")
        assert (await saved.prune(), await saved.prune()) == (5, 0)
        await saved.apply([item(user, young.item_id), item(user, old[0].item_id)], "t")
        taste = await stores.listening.taste(user)
        assert taste.saved == {kept.item_id, old[0].item_id}


class TestPostgresPlays(PlaceContract):
    @pytest.fixture
    def place(self, stores: ListeningStores) -> Replica[Play]:
        return stores.plays


class TestPostgresItems(ReplicaContract):
    @pytest.fixture
    def replica(self, stores: ListeningStores) -> ReplicaUnderTest:
        return items_replica_of(stores)

    @pytest.fixture
    def place(self, replica: ReplicaUnderTest) -> Replica[object]:
        return replica.replica


class TestPostgresPlaylists(PlaylistsContract): ...


class TestPostgresPlaylistsReplica(ReplicaContract):
    @pytest.fixture
    def replica(self, stores: ListeningStores) -> ReplicaUnderTest:
        return playlists_replica_of(stores)

    @pytest.fixture
    def place(self, replica: ReplicaUnderTest) -> Replica[object]:
        return replica.replica
