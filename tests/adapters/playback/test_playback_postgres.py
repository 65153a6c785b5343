"""The session store in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from meshkit import postgres
from meshkit.faults import Unavailable
from meshkit.migrations import migrate
from meshkit.testing import stores
from meshkit.testing.answer_suite import AnswersContract, AnswersUnderTest
from meshkit.testing.stores import PostgresServer
from playback_svc.adapters.postgres.mailboxes import PostgresMailboxes
from playback_svc.adapters.postgres.player_states import PostgresPlayerStates
from playback_svc.adapters.postgres.told_plans import PostgresToldPlans
from playback_svc.adapters.postgres.upkeep import PostgresUpkeep
from playback_svc.domain.play_queue import PlayQueue
from playback_svc.domain.player_state import Version
from playback_svc.ports.player_states import Change, PutState
from playback_svc.schema import SCHEMA
from tests.contracts.playback.answers import answers_of
from tests.contracts.playback.mailboxes_suite import MailboxesContract
from tests.contracts.playback.player_states_devices import DevicesContract
from tests.contracts.playback.player_states_preferences import StoredPreferencesContract
from tests.contracts.playback.player_states_suite import PlayerStatesContract
from tests.contracts.playback.player_states_whole import WholeStatesContract
from tests.contracts.playback.samples import NOW, TRACK, device, new_id, playing
from tests.contracts.playback.told_plans_suite import ToldPlansContract, ToldUnderTest
from tests.contracts.playback.upkeep_suite import UpkeepContract


async def migrated(dsn: str) -> None:
    await migrate(dsn, schema=SCHEMA.name, sources=SCHEMA.sources)


@pytest.fixture
async def pool(postgres_server: PostgresServer) -> AsyncIterator[postgres.Pool]:
    template = await postgres_server.template("playback", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with stores.open_pool(dsn, schema=SCHEMA.name, max_size=8) as pool:
            yield pool


class TestPostgresPlayerStates(PlayerStatesContract):
    @pytest.fixture
    def store(self, pool: postgres.Pool) -> PostgresPlayerStates:
        return PostgresPlayerStates(pool)


class MailingPostgres(PostgresPlayerStates, PostgresMailboxes):
    """Both ports on one pool, as the suites want them."""


@pytest.fixture
def upkeep(pool: postgres.Pool) -> PostgresUpkeep:
    return PostgresUpkeep(pool)


class TestPostgresUpkeep(UpkeepContract):
    @pytest.fixture
    def store(self, pool: postgres.Pool) -> MailingPostgres:
        return MailingPostgres(pool)


class TestPostgresToldPlans(ToldPlansContract):
    @pytest.fixture
    def under_test(self, pool: postgres.Pool) -> ToldUnderTest:
        return ToldUnderTest(PostgresToldPlans(pool), PostgresPlayerStates(pool))


class TestPostgresWholeStates(WholeStatesContract):
    @pytest.fixture
    def store(self, pool: postgres.Pool) -> PostgresPlayerStates:
        return PostgresPlayerStates(pool)


class TestPostgresStoredPreferences(StoredPreferencesContract):
    @pytest.fixture
    def store(self, pool: postgres.Pool) -> PostgresPlayerStates:
        return PostgresPlayerStates(pool)


class TestPostgresDevices(DevicesContract):
    @pytest.fixture
    def store(self, pool: postgres.Pool) -> MailingPostgres:
        return MailingPostgres(pool)


class TestPostgresAnswers(AnswersContract):
    @pytest.fixture
    def answers(self, pool: postgres.Pool) -> AnswersUnderTest:
        return answers_of(PostgresPlayerStates(pool))


class TestPostgresMailboxes(MailboxesContract):
    @pytest.fixture
    def store(self, pool: postgres.Pool) -> MailingPostgres:
        return MailingPostgres(pool)


async def test_rows_of_the_version_before_are_read(pool: postgres.Pool) -> None:
    user, session_id = new_id(), new_id()
    async with pool.connection() as connection:
        await connection.execute(
            """
            INSERT INTO player_state (user_id, epoch, revision, session_id, device_id, track_id,
                track_title, track_artist, track_duration_ms, track_premium, descriptor, rungs,
                status, position_ms, position_at, moving, started_at, last_seq, bitrate_kbps)
            VALUES (%s, 3, 7, %s, 'kitchen', %s, 'Ouverture', 'The Föhn', 180000, false, 'd',
                '[["128", 128]]', 'PLAYING', 5, to_timestamp(5), true, to_timestamp(4), 2, 128)
            """,
            (user, session_id, TRACK.track_id),
        )
        await connection.execute(
            "INSERT INTO devices (user_id, device_id, registered_at, seen_at)"
            " VALUES (%s, 'kitchen', to_timestamp(1), to_timestamp(2))",
            (user,),
        )
    store = MailingPostgres(pool)
    found = await store.read(user, None, NOW)
    state = found.state
    assert state is not None
    assert (state.version, state.session_id) == (Version(3, 7), session_id)
    assert (state.play_id, state.play_started_at_ms, state.heard_ms) == (session_id, 4_000, 0)
    assert (state.queue, state.private, state.skips_count) == (PlayQueue(), False, 0)
    assert (state.rung, state.bitrate_kbps) == ("", 128)
    assert found.devices == (device(registered_at_ms=1_000, seen_at_ms=2_000),)
    after = playing(state)
    assert await store.commit(Change(user, (PutState(after, state.version), *found.devices)), NOW)
    assert (await store.read(user, None, NOW)).state == after


async def test_playing_on_an_unknown_device_registers_it(pool: postgres.Pool) -> None:
    store, user, state = PostgresPlayerStates(pool), new_id(), playing()
    await store.commit(Change(user, (PutState(state, None), device("kitchen"))), NOW)
    after, seen = playing(state), device("kitchen", NOW + 5, registered_at_ms=NOW + 5)
    await store.commit(Change(user, (PutState(after, state.version), seen)), NOW)
    async with pool.connection() as connection:
        found = await connection.execute(
            "SELECT device_id, extract(epoch FROM seen_at - registered_at) FROM devices"
        )
        assert [(row[0], float(row[1])) for row in await found.fetchall()] == [("kitchen", 0.005)]


async def test_a_store_that_is_away_says_so() -> None:
    async with postgres.open_pool(
        "host=/nowhere dbname=x", schema=SCHEMA.name, acquire_timeout_s=0.2
    ) as pool:
        store = PostgresPlayerStates(pool)
        with pytest.raises(Unavailable):
            await store.read(new_id(), None, NOW)
        with pytest.raises(Unavailable):
            await store.commit(Change(new_id(), (PutState(playing(), None),)), NOW)
