"""Links and blocks in a real PostgreSQL, attempts in a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from meshkit import postgres, valkey
from meshkit.testing import stores
from meshkit.testing.stores import PostgresServer
from playlist_svc.adapters.content_cache import ContentCache
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.adapters.postgres.playlists import PostgresPlaylists
from playlist_svc.adapters.postgres.sharing import PostgresBlocks, PostgresShares
from playlist_svc.adapters.postgres.social import PostgresSocial
from playlist_svc.adapters.valkey.attempts import ValkeyAttemptLimiter
from playlist_svc.ports.sharing import MOST_ATTEMPTS
from playlist_svc.schema import SCHEMA
from tests.contracts.playlist.sharing_samples import (
    NOW,
    a_playlist,
    a_share,
    code_digest,
    held,
    new_id,
)
from tests.contracts.playlist.sharing_suite import AttemptsContract, BlocksContract, SharesContract


@pytest.fixture
async def pool(postgres_server: PostgresServer) -> AsyncIterator[postgres.Pool]:
    template = await postgres_server.template("playlist", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with stores.open_pool(dsn, schema=SCHEMA.name, max_size=4) as opened:
            yield opened


@pytest.fixture
def playlists(pool: postgres.Pool) -> PostgresPlaylists:
    return PostgresPlaylists(pool, ContentCache(), MemoryHeads())


@pytest.fixture
def shares(pool: postgres.Pool) -> PostgresShares:
    return PostgresShares(pool)


class TestPostgresShares(SharesContract):
    async def test_only_the_digest_of_a_code_is_kept(
        self, pool: postgres.Pool, playlists: PostgresPlaylists, shares: PostgresShares
    ) -> None:
        head = await a_playlist(playlists, new_id())
        share = a_share(head.playlist_id)
        await self.add(playlists, shares, share, 7)
        async with pool.connection() as connection:
            cursor = await connection.execute("SELECT * FROM share_links")
            columns = [column.name for column in cursor.description or ()]
            (row,) = await cursor.fetchall()
        kept = dict(zip(columns, row, strict=True))
        assert bytes(kept.pop("code_sha256")) == code_digest(7)
        assert not [name for name in kept if "code" in name]

    async def test_links_need_the_store_that_holds_their_playlist(
        self, shares: PostgresShares
    ) -> None:
        elsewhere = MemoryPlaylists()
        head = await a_playlist(elsewhere, new_id())
        with pytest.raises(TypeError):
            await held(
                elsewhere,
                head.playlist_id,
                lambda writing: shares.add(writing, a_share(head.playlist_id), code_digest(1)),
            )


class TestPostgresBlocks(BlocksContract):
    @pytest.fixture
    def social(self, pool: postgres.Pool) -> PostgresSocial:
        return PostgresSocial(pool)

    @pytest.fixture
    def blocks(self, pool: postgres.Pool) -> PostgresBlocks:
        return PostgresBlocks(pool)


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with stores.valkey_client(valkey_url) as opened:
        yield opened


class TestValkeyAttempts(AttemptsContract):
    @pytest.fixture
    def attempts(self, client: Redis) -> ValkeyAttemptLimiter:
        return ValkeyAttemptLimiter(client)

    async def test_instances_count_together(self, client: Redis) -> None:
        one, other = ValkeyAttemptLimiter(client), ValkeyAttemptLimiter(client)
        for _ in range(MOST_ATTEMPTS // 2):
            assert await one.begin("someone", NOW) == 0
            assert await other.begin("someone", NOW) == 0
        assert await one.begin("someone", NOW) > 0

    async def test_what_is_kept_is_bounded_ends_by_itself_and_names_nobody(
        self, client: Redis
    ) -> None:
        attempts = ValkeyAttemptLimiter(client)
        for _ in range(MOST_ATTEMPTS * 3):
            await attempts.begin("address 203.0.113.7", NOW)
            await attempts.failed("address 203.0.113.7", NOW)
        (key,) = await client.keys()
        assert b"203.0.113.7" not in key
        assert await client.llen(key) == MOST_ATTEMPTS
        assert 0 < await client.pttl(key) <= 60_000

    async def test_without_valkey_everyone_is_let_in(self) -> None:
        async with valkey.open_client("unix:///nowhere.sock") as away:
            attempts = ValkeyAttemptLimiter(away)
            await attempts.failed("someone", NOW)
            assert await attempts.begin("someone", NOW) == 0
