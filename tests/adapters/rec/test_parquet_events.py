"""Events in real files: each once, whatever dies, and nothing of who was erased."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prometheus_client import REGISTRY

from meshkit import postgres
from meshkit.clock import now_ms, unix_ms
from meshkit.faults import Unavailable
from meshkit.ulids import new_id
from rec_svc.adapters.parquet import event_files, event_upkeep
from rec_svc.adapters.parquet import events as parquet_events_module
from rec_svc.adapters.parquet.event_upkeep import EventUpkeep
from rec_svc.adapters.parquet.events import ParquetEvents
from rec_svc.adapters.postgres import pending_events
from rec_svc.domain.events import Event, EventKind, day_of
from tests.adapters.rec.stores import parquet_events

DAY_MS = 86_400_000
NOW_MS = now_ms()
AT_ONCE = timedelta(0)


def an_event(user_id: str | None = None, at_ms: int = NOW_MS, **fields: object) -> Event:
    known: dict[str, object] = {"kind": EventKind.PLAY, "heard_ms": 31_000}
    return Event(
        event_id=new_id(),
        user_id=user_id or new_id(),
        track_id=new_id(),
        at_ms=at_ms,
        **(known | fields),  # type: ignore[arg-type]
    )


async def enter(pool: postgres.Pool, *events: Event) -> None:
    async with postgres.transaction(pool) as connection:
        await pending_events.append(connection, events)


async def read(events: ParquetEvents, from_ms: int = NOW_MS, to_ms: int = NOW_MS) -> list[Event]:
    batches = events.read(day_of(from_ms), day_of(to_ms))
    return [event async for batch in batches for event in batch.events()]


def ids(events: Sequence[Event]) -> list[str]:
    return sorted(event.event_id for event in events)


@pytest.fixture
def events(pool: postgres.Pool, tmp_path: Path) -> ParquetEvents:
    return parquet_events(pool, tmp_path)


@pytest.fixture
def upkeep(events: ParquetEvents) -> EventUpkeep:
    return EventUpkeep(events, settled=AT_ONCE)


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "rec" / "events").rglob("*.parquet"))


def unreadable() -> float:
    return REGISTRY.get_sample_value("segue_rec_event_files_unreadable_total") or 0.0


async def test_events_come_back_whole_by_their_days(
    pool: postgres.Pool, events: ParquetEvents
) -> None:
    midnight_ms = unix_ms(datetime.combine(day_of(NOW_MS), datetime.min.time(), UTC))
    told = [
        an_event(at_ms=midnight_ms - 1),
        an_event(
            at_ms=midnight_ms,
            completed=True,
            context_kind="ALBUM",
            context_id=new_id(),
            shown_id=new_id(),
        ),
        an_event(at_ms=midnight_ms + DAY_MS - 1, kind=EventKind.UNSAVE, heard_ms=0),
        an_event(at_ms=midnight_ms + DAY_MS),
    ]
    await enter(pool, *told)
    found = await read(events)
    assert sorted(found, key=lambda one: one.at_ms) == told[1:3]
    assert ids(await read(events, midnight_ms - 1, midnight_ms + DAY_MS)) == ids(told)
    assert await read(events, NOW_MS - 9 * DAY_MS, NOW_MS - 2 * DAY_MS) == []


async def test_a_file_holds_a_day_and_a_shard_of_its_users(
    pool: postgres.Pool, events: ParquetEvents, tmp_path: Path
) -> None:
    users = [new_id() for _ in range(40)]
    told = [an_event(user, at_ms) for user in users for at_ms in (NOW_MS, NOW_MS - DAY_MS)]
    await enter(pool, *told)
    await events.write_waiting()
    parts: dict[str, set[str]] = {}
    for path in files(tmp_path):
        table = pq.read_table(path)
        assert {day_of(at).isoformat() for at in table["at_ms"].to_pylist()} == {path.parent.name}
        parts.setdefault(path.name[:8], set()).update(table["user_id"].to_pylist())
    assert len(parts) > 1
    assert sorted(user for part in parts.values() for user in part) == sorted(users)
    assert await events.pending.waiting() == 0


async def test_batches_are_bounded(
    pool: postgres.Pool, events: ParquetEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_events_module, "_BATCH_EVENTS", 7)
    monkeypatch.setattr(event_files, "BATCH_ROWS", 3)
    user = new_id()
    told = [an_event(user) for _ in range(50)]
    await enter(pool, *told)
    sizes, found = [], []
    async for batch in events.read(day_of(NOW_MS), day_of(NOW_MS)):
        sizes.append(len(batch))
        found += batch.events()
    assert ids(found) == ids(told)
    assert max(sizes) == 3


class Killed(BaseException):
    """The process is gone."""


class MortalEvents(ParquetEvents):
    """Dies at the steps of writing that ``dies`` names: before or after a file, or at the end."""

    def __init__(self, events: ParquetEvents, folder: Path, chance: random.Random) -> None:
        super().__init__(folder.as_uri(), events.pending)
        self.objects.put = self._put  # type: ignore[method-assign]
        self._chance = chance

    async def _put(self, name: str, content: bytes) -> None:
        if self._chance.random() < 0.2:
            raise Killed
        await type(self.objects).put(self.objects, name, content)
        if self._chance.random() < 0.2:
            raise Killed


@pytest.mark.parametrize("seed", range(3))
async def test_writers_that_are_killed_at_any_point_lose_and_double_nothing(
    pool: postgres.Pool,
    events: ParquetEvents,
    upkeep: EventUpkeep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr(parquet_events_module, "_BATCH_EVENTS", 40)
    monkeypatch.setattr(event_upkeep, "MOST_FILES", 2)
    chance = random.Random(seed)
    told = [an_event(at_ms=NOW_MS - chance.randrange(3) * DAY_MS) for _ in range(400)]

    async def entering() -> None:
        for at in range(0, len(told), 20):
            await enter(pool, *told[at : at + 20])

    async def writing(number: int) -> None:
        mortal = MortalEvents(events, tmp_path, random.Random(seed * 10 + number))
        for _ in range(12):
            with suppress(Killed):
                await mortal.write_waiting()
                await EventUpkeep(mortal)()

    await asyncio.gather(entering(), *(writing(number) for number in range(3)))
    span = NOW_MS - 3 * DAY_MS, NOW_MS
    assert ids(await read(events, *span)) == ids(told)
    await upkeep()
    assert ids(await read(events, *span)) == ids(told)


async def test_while_files_are_put_together_each_event_is_read_once(
    pool: postgres.Pool,
    events: ParquetEvents,
    upkeep: EventUpkeep,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_upkeep, "MOST_FILES", 1)
    users = [new_id() for _ in range(3)]
    told: list[Event] = []
    for _ in range(6):
        told += (some := [an_event(user) for user in users for _ in range(5)])
        await enter(pool, *some)
        found: list[Event] = []
        async for batch in events.read(day_of(NOW_MS), day_of(NOW_MS)):
            await upkeep.compact()
            found += batch.events()
        assert ids(found) == ids(told)


async def test_the_files_of_a_day_that_is_over_become_one_a_shard(
    pool: postgres.Pool, events: ParquetEvents, upkeep: EventUpkeep, tmp_path: Path
) -> None:
    user = new_id()
    told = [an_event(user, at_ms) for at_ms in (NOW_MS, NOW_MS - DAY_MS) for _ in range(3)]
    for event in told:
        await enter(pool, event)
        await events.write_waiting()
    assert len(files(tmp_path)) == 6
    await upkeep()
    assert len(files(tmp_path)) == 4
    before = files(tmp_path)
    await upkeep()
    assert files(tmp_path) == before
    assert ids(await read(events, NOW_MS - DAY_MS, NOW_MS)) == ids(told)


async def test_what_is_told_again_after_a_restore_is_read_once_and_put_together_once(
    pool: postgres.Pool, events: ParquetEvents, upkeep: EventUpkeep, tmp_path: Path
) -> None:
    event = an_event(at_ms=NOW_MS - DAY_MS)
    for _ in range(2):
        await enter(pool, event)
        await events.write_waiting()
    assert len(files(tmp_path)) == 2
    assert await read(events, event.at_ms, event.at_ms) == [event]
    await upkeep()
    (path,) = files(tmp_path)
    assert pq.read_table(path).num_rows == 1


async def test_who_is_erased_is_gone_from_reads_at_once_and_from_files_when_they_are_rewritten(
    pool: postgres.Pool, events: ParquetEvents, upkeep: EventUpkeep, tmp_path: Path
) -> None:
    gone, stays = new_id(), new_id()
    written = [an_event(user, NOW_MS - day * DAY_MS) for user in (gone, stays) for day in (0, 5)]
    await enter(pool, *written)
    await events.write_waiting()
    waits = an_event(gone), an_event(stays)
    await enter(pool, *waits)
    kept = ids([*written[2:], waits[1]])
    await events.pending.erase(gone)
    assert ids(await read(events, NOW_MS - 5 * DAY_MS, NOW_MS)) == kept
    assert gone.encode() in b"".join(path.read_bytes() for path in files(tmp_path))
    await upkeep()
    assert gone.encode() not in b"".join(_texts(path) for path in files(tmp_path))
    assert ids(await read(events, NOW_MS - 5 * DAY_MS, NOW_MS)) == kept
    await enter(pool, an_event(gone))
    assert ids(await read(events, NOW_MS - 5 * DAY_MS, NOW_MS)) == kept


def _texts(path: Path) -> bytes:
    return " ".join(pq.read_table(path)["user_id"].to_pylist()).encode()


async def test_files_are_rewritten_once_nothing_can_be_on_its_way_to_them(
    pool: postgres.Pool, events: ParquetEvents, upkeep: EventUpkeep
) -> None:
    user = new_id()
    await enter(pool, an_event(user))
    await events.write_waiting()
    await events.pending.erase(user)
    await EventUpkeep(events)()
    assert await events.pending.to_rewrite(AT_ONCE) == {user}
    await upkeep()
    assert await events.pending.to_rewrite(AT_ONCE) == frozenset()
    await events.pending.erase(user)
    assert await events.pending.to_rewrite(AT_ONCE) == {user}


async def test_who_is_erased_while_events_are_read_is_in_no_later_batch(
    pool: postgres.Pool, events: ParquetEvents
) -> None:
    user = new_id()
    days = [NOW_MS - day * DAY_MS for day in range(4)]
    await enter(pool, *(an_event(user, at_ms) for at_ms in days))
    found = 0
    async for batch in events.read(day_of(days[-1]), day_of(NOW_MS)):
        found += len(batch)
        await events.pending.erase(user)
    assert found == 1


async def test_days_over_their_time_go_and_are_not_written(
    pool: postgres.Pool, events: ParquetEvents, upkeep: EventUpkeep, tmp_path: Path
) -> None:
    old, young = (an_event(at_ms=NOW_MS - days * DAY_MS) for days in (401, 400))
    await enter(pool, old, young)
    await events.write_waiting()
    assert [path.parent.name for path in files(tmp_path)] == [day_of(young.at_ms).isoformat()]
    assert await events.pending.waiting() == 0
    events.kept_days = 399
    await upkeep()
    assert files(tmp_path) == []


def _foreign(path: Path) -> None:
    pq.write_table(pa.table({"user_id": ["01"]}), path)


def _unmarked(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({}), path)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _cut_to_nothing(path: Path) -> None:
    path.write_bytes(b"")


def _bit_turned(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [_foreign, _unmarked, _cut, _cut_to_nothing, _bit_turned])
async def test_a_damaged_or_foreign_file_is_told_and_left_out_whole(
    pool: postgres.Pool, events: ParquetEvents, upkeep: EventUpkeep, tmp_path: Path, damage: Any
) -> None:
    user = new_id()
    await enter(pool, *(an_event(user, NOW_MS - DAY_MS) for _ in range(30)))
    await events.write_waiting()
    (path,) = files(tmp_path)
    damage(path)
    sound = an_event(user, NOW_MS - DAY_MS)
    await enter(pool, sound)
    before = unreadable()
    assert await read(events, sound.at_ms, sound.at_ms) == [sound]
    assert unreadable() == before + 1
    await upkeep()
    assert path.exists()
    assert await read(events, sound.at_ms, sound.at_ms) == [sound]


@pytest.mark.parametrize("name", ["notes.txt", "2026-13-01/00-of-08-" + "0" * 26 + ".parquet"])
async def test_a_file_of_another_name_is_told_and_left_alone(
    pool: postgres.Pool, events: ParquetEvents, upkeep: EventUpkeep, tmp_path: Path, name: str
) -> None:
    event = an_event()
    await enter(pool, event)
    path = tmp_path / "rec" / "events" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something")
    before = unreadable()
    assert await read(events) == [event]
    assert unreadable() == before + 1
    await upkeep()
    assert path.read_bytes() == b"something"


async def test_while_the_object_store_is_away_events_wait(
    pool: postgres.Pool, events: ParquetEvents, tmp_path: Path
) -> None:
    event = an_event()
    await enter(pool, event)
    blocked = tmp_path / "rec"
    blocked.write_bytes(b"no folder")
    with pytest.raises(Unavailable):
        await events.write_waiting()
    assert await events.pending.waiting() == 1
    blocked.unlink()
    assert await read(events) == [event]


async def test_a_rewritten_half_is_no_file(
    pool: postgres.Pool, events: ParquetEvents, tmp_path: Path
) -> None:
    # What a killed process leaves beside the file that it was writing.
    await enter(pool, event := an_event())
    await events.write_waiting()
    (path,) = files(tmp_path)
    path.with_name(path.name + "#1").write_bytes(path.read_bytes()[:100])
    assert await read(events) == [event]
