"""Neither PostgreSQL nor Valkey keeps anything of an erased user, whatever interrupts it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from redis.asyncio import Redis

from meshkit import feeds_postgres, postgres
from meshkit.erasure import ErasingReplica, UserChange, UserErasure
from meshkit.erasure_postgres import PostgresPendingErasures
from meshkit.replicas_postgres import PostgresReplica
from meshkit.testing.stores import PostgresServer
from playback_svc.adapters.postgres import user_records
from playback_svc.adapters.postgres.deliveries import PostgresDeliveries
from playback_svc.adapters.postgres.denials import PostgresDenials
from playback_svc.adapters.postgres.mailboxes import PostgresMailboxes
from playback_svc.adapters.postgres.player_states import PostgresPlayerStates
from playback_svc.adapters.postgres.plays import PostgresPlays
from playback_svc.adapters.postgres.told_plans import PostgresToldPlans
from playback_svc.adapters.postgres.user_records import PostgresUserRecords
from playback_svc.adapters.valkey.positions import ValkeyPositions
from playback_svc.adapters.valkey.preferences import ValkeyPreferences
from playback_svc.adapters.valkey.skips import ValkeySkipWindows
from playback_svc.domain.preferences import Preferences
from playback_svc.ports.skips import SkipAttempt
from playback_svc.schema import SCHEMA
from playback_svc.usecases.user_erasure import PlaybackOfUser
from tests.contracts.playback.samples import NOW, beat, new_id, playing
from tests.contracts.playback.user_records_suite import RecordsUnderTest, UserRecordsContract

_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'playback' AND data_type IN ('text', 'jsonb', 'bytea') ORDER BY 1, 2
"""
# Whom to erase once more when the last token has expired; and of the session, which names nobody
# any more, that its paths are taken back.
LEFT = {"pending_erasures.user_id", "denials.session_id", "change_feed.id"}


class MailingPostgres(PostgresPlayerStates, PostgresMailboxes):
    """Both ports on one pool, as the suites want them."""


@pytest.fixture
async def dsn(postgres_server: PostgresServer) -> AsyncIterator[str]:
    template = await postgres_server.template("playback", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        yield dsn


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[postgres.Pool]:
    async with postgres.open_pool(dsn, schema=SCHEMA.name, max_size=8) as pool:
        yield pool


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(valkey_url)
    yield client
    await client.aclose()


@pytest.fixture
async def under_test(dsn: str, pool: postgres.Pool) -> AsyncIterator[RecordsUnderTest]:
    async def entered(user_id: str, play: object) -> None:
        """The store itself tells the feed."""

    async def denied() -> list[str]:
        return [one.id for one in await PostgresDenials(pool).in_force("", NOW, 9)]

    async with feeds_postgres.open_feed(dsn, schema=SCHEMA.name, pool=pool) as feed:
        yield RecordsUnderTest(
            PostgresUserRecords(pool),
            MailingPostgres(pool),
            PostgresPlays(pool),
            PostgresDeliveries(pool),
            feed,
            entered,
            denied,
            PostgresToldPlans(pool),
        )


class TestPostgresUserRecords(UserRecordsContract): ...


@dataclass(frozen=True)
class World:
    """Stores in which users have lived, and what erases them."""

    stores: RecordsUnderTest
    pool: postgres.Pool
    client: Redis

    @property
    def erasing(self) -> ErasingReplica:
        """What an instance has, with caches of its own."""
        holder = PlaybackOfUser(
            self.stores.records,
            ValkeyPositions(self.client, lambda: NOW),
            ValkeyPreferences(self.client),
            ValkeySkipWindows(self.client, self.clock),
        )
        erasure = UserErasure([holder], PostgresPendingErasures(self.pool))
        return ErasingReplica(PostgresReplica(self.pool, "identity"), erasure)

    @staticmethod
    def clock() -> int:
        """The clock of skips is Valkey's: any guess will do."""
        return NOW

    async def live(self, user_id: str) -> tuple[str, str]:
        """Has a user do all that leaves a trace; their id and that of their session."""
        session_id = await self.stores.live(user_id)
        state = playing()
        position = beat(state, session_id=session_id)
        await ValkeyPositions(self.client, lambda: NOW).put([position])
        await ValkeyPreferences(self.client).put(user_id, Preferences(version=1))
        skips = ValkeySkipWindows(self.client, self.clock)
        await skips.take(SkipAttempt(user_id, "r1", b"x" * 32), 3)
        return user_id, session_id

    async def places_of(self, *ids: str) -> set[str]:
        """Columns and keys that hold one of the ids anywhere."""
        found = {
            key.decode()
            for key in await self.client.keys()
            if any(id_ in key.decode() for id_ in ids)
        }
        async with self.pool.connection() as connection:
            for table, column in await (await connection.execute(_COLUMNS)).fetchall():
                for id_ in ids:
                    statement = f"SELECT count(*) FROM {table} WHERE strpos({column}::text, %s) > 0"
                    row = await (await connection.execute(statement.encode(), [id_])).fetchone()
                    if row and row[0]:
                        found.add(f"{table}.{column}")
        return found


@pytest.fixture
def world(under_test: RecordsUnderTest, pool: postgres.Pool, client: Redis) -> World:
    return World(under_test, pool, client)


def erased(user_id: str) -> UserChange:
    return UserChange(user_id, None)


async def test_no_table_and_no_key_holds_anything_of_an_erased_user(world: World) -> None:
    gone, stays = await world.live(new_id()), await world.live(new_id())
    before, others = await world.places_of(*gone), await world.places_of(*stays)
    assert {one for one in before if "." in one} >= {
        "answers.user_id",
        "blobs.user_id",
        "commands.user_id",
        "counted_deliveries.subject",
        "delivered_bytes.user_id",
        "delivered_segments.session_id",
        "devices.user_id",
        "latest_plays.user_id",
        "player_state.user_id",
        "plays.user_id",
        "preferences.user_id",
        "sessions.user_id",
    }
    assert len([one for one in before if "." not in one]) == 3
    await world.erasing.apply([erased(gone[0])], "t1")
    assert await world.places_of(*gone) == LEFT
    assert await world.places_of(gone[0]) == {"pending_erasures.user_id"}
    assert await world.places_of(*stays) == others


class Killed(BaseException):
    """The process ends here."""


class Killer:
    """Ends the process before write number ``at``, counted from 1; never for 0."""

    def __init__(self) -> None:
        self.at = 0
        self._writes = 0

    def reset(self, at: int) -> None:
        """Counts anew."""
        self.at, self._writes = at, 0

    def strike(self) -> None:
        """Counts a write."""
        self._writes += 1
        if self._writes == self.at:
            raise Killed


@pytest.fixture
def killer(world: World, monkeypatch: pytest.MonkeyPatch) -> Killer:
    """Every transaction and every command of Valkey is a write."""
    killer, transaction, command = Killer(), postgres.transaction, world.client.execute_command

    @asynccontextmanager
    async def killing(pool: postgres.Pool) -> AsyncIterator[postgres.Connection]:
        killer.strike()
        async with transaction(pool) as connection:
            yield connection

    async def killing_command(*arguments: Any, **options: Any) -> Any:
        killer.strike()
        return await command(*arguments, **options)

    monkeypatch.setattr(postgres, "transaction", killing)
    monkeypatch.setattr(world.client, "execute_command", killing_command)
    monkeypatch.setattr(user_records, "ROWS_AT_ONCE", 2)
    return killer


async def test_who_was_killed_between_any_two_writes_erases_the_rest_later(
    world: World, killer: Killer
) -> None:
    killed = 0
    while True:
        killer.reset(0)
        ids = await world.live(new_id())
        place = await world.erasing.resume_token()
        killer.reset(killed + 1)
        try:
            await world.erasing.apply([erased(ids[0])], f"t{killed}")
        except Killed:
            killed += 1
        else:
            break
        killer.reset(0)
        assert await world.erasing.resume_token() == place
        await world.erasing.apply([erased(ids[0])], f"t{killed}")
        assert await world.places_of(*ids) == LEFT
    assert killed > 15


async def test_two_instances_that_erase_the_same_user_at_once_end_in_nothing(world: World) -> None:
    ids = await world.live(new_id())
    await asyncio.gather(*(world.erasing.apply([erased(ids[0])], "t1") for _ in range(4)))
    assert await world.places_of(*ids) == LEFT
