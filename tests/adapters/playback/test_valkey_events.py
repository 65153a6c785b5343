"""Events and presence over a real Valkey: leases, inboxes, and what gets lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from meshkit.background import running
from meshkit.faults import Unavailable
from meshkit.testing import stores
from meshkit.testing.stores import PATIENCE_S
from playback_svc.adapters.valkey.events import LEASE_MS, ValkeyEventBus
from playback_svc.ports.events import CommandQueued, Event, SettingsChanged
from tests.contracts.playback.events_suite import EventBusContract, Instance, until
from tests.contracts.playback.samples import new_id

FAST_S = 0.02


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with stores.valkey_client(valkey_url) as client:
        yield client


@asynccontextmanager
async def instance(
    client: Redis,
    turn_s: float = FAST_S,
    *,
    wait_s: float = PATIENCE_S,
    silent_s: float = PATIENCE_S,
) -> AsyncIterator[Instance]:
    events = ValkeyEventBus(
        client,
        f"here/{new_id()}",
        turn_s=turn_s,
        stored_within_s=wait_s,
        silent_s=silent_s,
    )
    async with running(events.run):
        yield Instance(events)


@pytest.fixture
async def one(client: Redis) -> AsyncIterator[Instance]:
    async with instance(client) as one:
        yield one


@pytest.fixture
async def two(client: Redis) -> AsyncIterator[Instance]:
    async with instance(client) as two:
        yield two


@pytest.fixture
def user() -> str:
    return new_id()


def held(user: str) -> str:
    return f"held:{{{user}}}"


async def inbox(client: Redis) -> bytes:
    """The inbox of the only instance."""
    (channel,) = await client.pubsub_channels("playback:inbox:*")
    assert isinstance(channel, bytes)
    return channel


class TestValkeyEvents(EventBusContract):
    @pytest.fixture(autouse=True)
    def store(self, client: Redis) -> None:
        self.client = client

    async def crash_holding(self, two: Instance, user: str, device_id: str) -> None:
        await self.client.hset(held(user), mapping={"dead": 1, f"dead/{device_id}": 1})


async def test_leases_that_ran_out_are_tidied_up_by_whoever_tells(
    client: Redis, one: Instance, two: Instance, user: str
) -> None:
    await two.live.watch(user)
    await client.hset(held(user), mapping={"dead": 1, "dead/phone": 1, "odd": "x"})
    one.live.send(SettingsChanged(user))
    await two.next()
    assert len(await client.hgetall(held(user))) == 1


async def test_a_lease_runs_out_a_minute_from_now_and_its_key_later(
    client: Redis, two: Instance, user: str
) -> None:
    seconds, microseconds = await client.time()
    now_ms = seconds * 1000 + microseconds // 1000
    await two.live.watch(user)
    (until_ms,) = map(int, (await client.hgetall(held(user))).values())
    assert now_ms + LEASE_MS <= until_ms
    assert await client.pexpiretime(held(user)) > until_ms


async def test_an_instance_that_ends_gives_its_leases_back_and_tells_what_is_left(
    client: Redis, two: Instance, user: str
) -> None:
    await two.live.watch(user)
    async with instance(client) as leaving:
        await asyncio.gather(leaving.live.watch(user), leaving.live.connect(user, "phone"))
        leaving.live.disconnect(user, "phone")
        leaving.live.send(SettingsChanged(user))
    assert await two.next() == SettingsChanged(user)
    assert len(await client.hgetall(held(user))) == 1
    assert await client.keys("playback:inbox:*") == [await inbox(client)]


def failing(one: Instance, monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Event]:
    """Has nothing told until the first event is set; the second is, once telling failed."""
    live, there, failed = one.live, asyncio.Event(), asyncio.Event()
    assert isinstance(live, ValkeyEventBus)
    tell = live._tell

    async def tells(event: list[Event]) -> None:
        if not there.is_set():
            failed.set()
            raise OSError
        await tell(event)

    monkeypatch.setattr("playback_svc.adapters.valkey.events._RETRY_S", FAST_S)
    monkeypatch.setattr(live, "_tell", tells)
    return [there, failed]


async def test_events_that_could_not_be_told_are_told_in_their_order_later(
    client: Redis, one: Instance, two: Instance, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two.live.watch(user)
    there, failed = failing(one, monkeypatch)
    one.live.send(CommandQueued(user, "phone", 1))
    one.live.send(CommandQueued(user, "phone", 2))
    await failed.wait()
    one.live.send(CommandQueued(user, "phone", 3))
    there.set()
    assert [await two.next() for _ in range(3)] == [
        CommandQueued(user, "phone", n) for n in (1, 2, 3)
    ]


async def test_of_too_many_news_the_oldest_are_dropped_and_that_is_said_once(
    client: Redis, two: Instance, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two.live.watch(user)
    monkeypatch.setattr("playback_svc.adapters.valkey.events._BOUND", 3)
    async with instance(client) as one:
        there, failed = failing(one, monkeypatch)
        with capture_logs() as logs:
            one.live.send(CommandQueued(user, "phone", 1))
            one.live.send(CommandQueued(user, "phone", 2))
            await failed.wait()
            for number in range(3, 8):
                one.live.send(CommandQueued(user, "phone", number))
            there.set()
            heard = [await two.next() for _ in range(3)]
        assert heard == [CommandQueued(user, "phone", number) for number in (5, 6, 7)]
        assert sum("events are lost" in log["event"] for log in logs) == 1


async def test_malformed_news_are_logged_and_ignored(client: Redis, user: str) -> None:
    async with instance(client) as alone:
        await alone.live.watch(user)
        with capture_logs() as logs:
            for line in (b"what is this", b"\xff\xfe", f"M {user} phone many".encode()):
                await client.publish(await inbox(client), line)
            await client.publish(await inbox(client), f"M {user} phone 3")
            assert await alone.next() == CommandQueued(user, "phone", 3)
    assert [log["event"] for log in logs] == ["an event is malformed and ignored"] * 3


async def test_a_lost_connection_is_a_gap_after_which_news_are_heard(
    client: Redis, one: Instance, two: Instance, user: str
) -> None:
    await two.live.watch(user)
    await client.client_kill_filter(_type="pubsub")
    await two.gap()
    one.live.send(SettingsChanged(user))
    assert await two.next() == SettingsChanged(user)


async def test_a_lease_that_is_gone_is_a_gap_and_comes_back(
    client: Redis, one: Instance, two: Instance, user: str
) -> None:
    await two.live.watch(user)
    await two.live.connect(other := new_id(), "phone")
    await client.delete(held(user))
    await two.gap()
    one.live.send(SettingsChanged(user))
    assert await two.next() == SettingsChanged(user)
    assert (await one.live.connected_devices([other]))[other] == {"phone"}


async def test_a_store_that_forgot_everything_is_a_gap_even_where_nothing_was_held(
    client: Redis, valkey_url: str
) -> None:
    async with instance(client) as idle:

        async def marked() -> bool:
            return await client.dbsize() == 1

        await until(marked)
        assert idle.gaps.empty()
        stores.flush_valkey(valkey_url)
        await idle.gap()


async def test_leases_and_news_come_back_with_a_store_that_was_started_anew(
    tmp_path: Path, user: str
) -> None:
    path = tmp_path / "valkey.sock"
    with ExitStack() as first:
        path.symlink_to(first.enter_context(stores.valkey_server()).removeprefix("unix://"))
        async with (
            stores.valkey_client(f"unix://{path}") as client,
            instance(client) as one,
            instance(client) as two,
        ):
            await two.live.watch(user)
            await two.live.connect(user, "phone")
            first.close()
            one.live.send(CommandQueued(user, "phone", 1))
            path.unlink()
            with stores.valkey_server() as url:
                path.symlink_to(url.removeprefix("unix://"))
                await two.gap()
                one.live.send(CommandQueued(user, "phone", 2))
                while await two.next() != CommandQueued(user, "phone", 2):
                    """The first may have been told yet."""
                assert (await one.live.connected_devices([user]))[user] == {"phone"}


async def test_whoever_came_while_the_store_was_away_is_told_when_it_is_there(
    tmp_path: Path, user: str
) -> None:
    path = tmp_path / "valkey.sock"
    async with (
        stores.valkey_client(f"unix://{path}") as client,
        instance(client) as one,
        instance(client, wait_s=0.1) as two,
    ):
        with capture_logs() as logs:
            await two.live.watch(user)
            one.live.send(SettingsChanged(user))
            with pytest.raises(Unavailable):
                await one.live.connected_devices([user])
        assert {"valkey.failed_open"} <= {log["event"] for log in logs}
        assert one.heard.get_nowait() == SettingsChanged(user)
        with stores.valkey_server() as url:
            path.symlink_to(url.removeprefix("unix://"))
            await two.gap()
            one.live.send(SettingsChanged(user))
            assert await two.next() == SettingsChanged(user)


async def test_a_silent_inbox_is_a_dead_one(client: Redis, user: str) -> None:
    async with instance(client, turn_s=0.6, silent_s=0.2) as quiet:
        await quiet.live.watch(user)
        await quiet.gap()


async def test_thousands_are_held_and_renewed_without_a_gap(
    client: Redis, one: Instance, two: Instance
) -> None:
    users = [new_id() for _ in range(5_000)]
    # Their leases go to the store by hundreds.
    await asyncio.gather(*map(two.live.watch, users))

    async def leases() -> list[int]:
        async with client.pipeline(transaction=False) as pipeline:
            for user in users:
                pipeline.hvals(held(user))
            return [int(over) for (over,) in await pipeline.execute()]

    async def stored() -> bool:
        return await client.dbsize() >= len(users)

    await until(stored)
    latest = max(await leases())

    async def renewed() -> bool:
        return min(await leases()) > latest

    await until(renewed)
    assert two.gaps.empty()
    one.live.send(SettingsChanged(users[-1]))
    assert await two.next() == SettingsChanged(users[-1])
    for user in users:
        two.live.unwatch(user)

    async def given_up() -> bool:
        return await client.dbsize() == 2

    await until(given_up)
    assert len(await client.keys("playback:inbox:*")) == 2
