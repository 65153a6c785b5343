"""Saved tracks and albums in a real PostgreSQL."""

from __future__ import annotations

import pytest

from meshkit import postgres
from playlist_svc.adapters.postgres.library import PostgresSavedAlbums, PostgresSavedTracks
from tests.contracts.playlist.library_suite import MOST, NOW, CollectionContract, an_album, new_ids


class TestPostgresSavedTracks(CollectionContract):
    @pytest.fixture
    def collection(self, pool: postgres.Pool) -> PostgresSavedTracks:
        return PostgresSavedTracks(pool, MOST)

    @pytest.fixture
    def other(self, pool: postgres.Pool) -> PostgresSavedTracks:
        return PostgresSavedTracks(pool, MOST)

    def thing(self, thing_id: str) -> str:
        return thing_id


class TestPostgresSavedAlbums(CollectionContract):
    @pytest.fixture
    def collection(self, pool: postgres.Pool) -> PostgresSavedAlbums:
        return PostgresSavedAlbums(pool, MOST)

    @pytest.fixture
    def other(self, pool: postgres.Pool) -> PostgresSavedAlbums:
        return PostgresSavedAlbums(pool, MOST)

    def thing(self, thing_id: str) -> object:
        return an_album(thing_id)


async def test_an_erased_user_leaves_no_row_behind(pool: postgres.Pool) -> None:
    tracks, albums = PostgresSavedTracks(pool), PostgresSavedAlbums(pool)
    user, *ids = new_ids(4)
    await tracks.save(user, ids, NOW)
    await albums.save(user, [an_album(one) for one in ids], NOW)
    await tracks.erase(user)
    assert (await albums.page(user, None, 1)).total == 3
    await albums.erase(user)
    async with pool.connection() as connection:
        for table in ("user_counts", "saved_tracks", "saved_albums"):
            found = await connection.execute(f"SELECT user_id FROM {table}".encode())
            assert await found.fetchall() == [], table
