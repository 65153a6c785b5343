"""Homes in PostgreSQL and Valkey keep what the stores of homes promise."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from meshkit import postgres
from meshkit.faults import Unavailable
from meshkit.testing import stores
from meshkit.ulids import new_id
from meshkit.valkey import open_client
from rec_svc.adapters.postgres.homes import PostgresHomes
from rec_svc.adapters.postgres.listening import PostgresListening
from rec_svc.adapters.postgres.pending_events import PostgresPendingEvents
from rec_svc.adapters.postgres.user_items import PostgresUserItems
from rec_svc.adapters.valkey.homes import ValkeyHomeCopies, key_of
from rec_svc.domain.user_items import ItemKind
from rec_svc.ports.homes import KeptHome, StoredHome
from tests.contracts.rec.homes_suite import (
    NOW_MS,
    HomeCopiesContract,
    HomesContract,
    HomesUnderTest,
    a_home,
)
from tests.contracts.rec.listening_world import item, item_gone


class TestPostgresHomes(HomesContract):
    @pytest.fixture
    def world(self, pool: postgres.Pool) -> HomesUnderTest:
        homes, listening = PostgresHomes(pool), PostgresListening(pool)

        async def change(user_id: str) -> None:
            await listening.set_favorite_artists(user_id, [])

        async def erase(user_id: str) -> None:
            await PostgresPendingEvents(pool).erase(user_id)
            await homes.erase(user_id)

        return HomesUnderTest(homes, change, erase)


class TestValkeyHomeCopies(HomeCopiesContract):
    @pytest.fixture
    async def copies(self, valkey_url: str) -> AsyncIterator[ValkeyHomeCopies]:
        async with stores.valkey_client(valkey_url) as client:
            yield ValkeyHomeCopies(client)


@pytest.mark.parametrize("kind", [ItemKind.BLOCKED_ARTIST, ItemKind.FOLLOWED_ARTIST])
async def test_who_blocks_or_follows_and_who_does_no_longer_has_no_home(
    pool: postgres.Pool, kind: ItemKind
) -> None:
    user_id, artist_id, homes = new_id(), new_id(), PostgresHomes(pool)
    items = PostgresUserItems(pool, kind)
    changes = (item(user_id, artist_id), item_gone(user_id, artist_id))
    for count, change in enumerate(changes):
        await homes.keep(user_id, a_home(), changed=count, replaces_ms=0)
        for _ in range(2):
            await items.apply([change], new_id())
        assert await homes.find(user_id) == StoredHome(count + 1)


async def test_a_saved_track_leaves_the_home(pool: postgres.Pool) -> None:
    user_id, homes = new_id(), PostgresHomes(pool)
    await homes.keep(user_id, a_home(), changed=0, replaces_ms=0)
    await PostgresUserItems(pool, ItemKind.SAVED_TRACK).apply([item(user_id, new_id())], "t")
    assert (await homes.find(user_id)).made_at_ms == NOW_MS


async def test_a_home_that_cannot_be_read_is_none_and_is_replaced(pool: postgres.Pool) -> None:
    user_id, homes = new_id(), PostgresHomes(pool)
    for body in (b"", b"{}", b'{"version": 0}', b'{"version": 1, "tracks": [[1]]}', b"\xff"):
        await homes.keep(user_id, a_home(), changed=0, replaces_ms=0)
        async with pool.connection() as connection:
            await connection.execute("UPDATE homes SET body = %s", [body])
        assert await homes.find(user_id) == StoredHome(0, NOW_MS, None)
        later = a_home(NOW_MS + 1)
        assert await homes.keep(user_id, later, changed=0, replaces_ms=NOW_MS) is not None
        assert (await homes.find(user_id)).kept == KeptHome(later, 0)
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM homes")


async def test_copies_end_by_themselves_and_damaged_ones_are_none(valkey_url: str) -> None:
    user_id = new_id()
    async with stores.valkey_client(valkey_url) as client:
        copies = ValkeyHomeCopies(client)
        await copies.put(user_id, KeptHome(a_home(), 0), 60_000)
        assert 0 < await client.pttl(key_of(user_id)) <= 60_000
        whole = await client.get(key_of(user_id))
        assert isinstance(whole, bytes)
        for body in (b"", b"1 1", b"x 1\n{}", whole[:-1], b"0 0\n{}"):
            await client.set(key_of(user_id), body)
            assert await copies.get(user_id) is None


async def test_while_valkey_is_away_there_are_no_copies_and_none_can_be_dropped() -> None:
    async with open_client("unix:///nowhere.sock") as client:
        copies = ValkeyHomeCopies(client)
        await copies.put(new_id(), KeptHome(a_home(), 0), 60_000)
        assert await copies.get(new_id()) is None
        with pytest.raises(Unavailable):
            await copies.drop([new_id()])
