"""What feeds tell is learnt once: however often, to how many at once, and whoever dies over it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from meshkit import postgres
from meshkit.consuming import Replica
from meshkit.faults import Fault, Unavailable
from meshkit.ulids import new_id
from rec_svc.adapters.postgres.playlists import PostgresPlaylistsReplica
from rec_svc.adapters.postgres.plays import PostgresPlays
from rec_svc.adapters.postgres.user_items import PostgresUserItems
from rec_svc.domain.events import Event, EventKind
from rec_svc.domain.playlists import Playlist
from rec_svc.domain.plays import Play
from rec_svc.domain.user_items import ItemChanged, ItemKind
from tests.adapters.rec.stores import listening_stores
from tests.contracts.rec.listening_world import NOON_MS, ListeningStores, a_play, playlist_told

CHANGES = 600
AT_ONCE = 40
USERS = [new_id() for _ in range(5)]
TRACKS = [new_id() for _ in range(4)]


@pytest.fixture
def stores(pool: postgres.Pool, tmp_path: Path) -> ListeningStores:
    return listening_stores(pool, tmp_path)


async def consume(
    replica_of: Callable[[], Replica[Any]],
    feed: Sequence[Any],
    chance: random.Random,
    deaths: int,
) -> None:
    """Applies the feed to its end from the stored place, in batches of any size.

    Tokens are places in the feed, the one of a batch may lie before its end, and so many times the
    consumer is killed at any point of a batch; another one goes on in its place.
    """
    while True:
        replica = replica_of()
        try:
            place = int(await replica.resume_token() or 0)
            while place < len(feed):
                batch = feed[place : place + chance.randint(1, AT_ONCE)]
                place += len(batch)
                token = str(place - chance.randint(0, len(batch) - 1))
                applying = asyncio.create_task(replica.apply(batch, token))
                if deaths and not chance.randrange(8):
                    deaths -= 1
                    await asyncio.sleep(chance.uniform(0, 0.01))
                    applying.cancel()
                    with suppress(asyncio.CancelledError):
                        await applying
                    break
                await applying
            else:
                return
        except Fault:
            # Two that met: the consumer tries again, and so does this one.
            await asyncio.sleep(0)


async def consumed_by_three(
    replica_of: Callable[[], Replica[Any]], feed: Sequence[Any], seed: int
) -> None:
    chances = [random.Random(seed * 10 + number) for number in range(3)]
    await asyncio.gather(*(consume(replica_of, feed, one, deaths=8) for one in chances))


def ids(events: Sequence[Event]) -> list[str]:
    return sorted(event.event_id for event in events)


@pytest.mark.parametrize("seed", range(2))
async def test_consumers_of_plays_learn_each_once_though_they_are_killed(
    pool: postgres.Pool, stores: ListeningStores, seed: int
) -> None:
    chance = random.Random(seed)
    feed: list[Play] = [
        a_play(chance.choice(USERS), chance.choice(TRACKS), NOON_MS + n) for n in range(CHANGES)
    ]
    chance.shuffle(feed)
    await consumed_by_three(lambda: PostgresPlays(pool), feed, seed)
    counted = Counter((play.user_id, play.track_id) for play in feed)
    for user in USERS:
        listened = (await stores.listening.taste(user)).listened
        assert {(user, one.track_id): one.plays for one in listened} == {
            pair: count for pair, count in counted.items() if pair[0] == user
        }
    assert ids(await stores.all_events()) == ids([play.event() for play in feed])


async def test_consumers_of_saves_learn_each_once_though_they_are_killed(
    pool: postgres.Pool, stores: ListeningStores
) -> None:
    kept: dict[tuple[str, str], bool] = {}
    feed = []
    for version in range(1, CHANGES):
        pair = random.choice(USERS), random.choice(TRACKS)
        kept[pair] = not kept.get(pair, False)
        feed.append(ItemChanged(*pair, version, NOON_MS + version, kept=kept[pair]))
    await consumed_by_three(lambda: PostgresUserItems(pool, ItemKind.SAVED_TRACK), feed, 1)
    for user in USERS:
        saved = {track_id for (one, track_id), held in kept.items() if one == user and held}
        assert (await stores.listening.taste(user)).saved == saved
    assert ids(await stores.all_events()) == ids([change.saving() for change in feed])


async def test_consumers_of_playlists_learn_each_addition_once_though_they_are_killed(
    pool: postgres.Pool, stores: ListeningStores
) -> None:
    lists = {user: Playlist(new_id(), user, False, "", ()) for user in USERS}
    feed, added = [], 0
    for version in range(1, CHANGES // 4):
        held = lists[random.choice(USERS)]
        grown = Playlist(
            held.playlist_id, held.owner_id, False, "", (new_id(), *held.track_ids[:5])
        )
        lists[held.owner_id] = grown
        feed.append(playlist_told(grown, version, NOON_MS + version))
        added += 1
    await consumed_by_three(lambda: PostgresPlaylistsReplica(pool), feed, 1)
    for user, held in lists.items():
        now = await stores.playlists.playlist(held.playlist_id)
        assert now == (held if held.track_ids else None), user
    events = await stores.all_events()
    assert {event.kind for event in events} == {EventKind.ADDED_TO_PLAYLIST}
    assert len({(event.context_id, event.track_id) for event in events}) == len(events)
    there = {(one.playlist_id, track_id) for one in lists.values() for track_id in one.track_ids}
    assert there <= {(event.context_id, event.track_id) for event in events}
    # Told whole: a version that a batch passes over is seen by nobody.
    assert len(events) <= added


async def test_a_killed_connection_leaves_the_batch_unlearnt(
    pool: postgres.Pool, stores: ListeningStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    plays = PostgresPlays(pool)
    batch = [a_play(USERS[0], TRACKS[0], NOON_MS + n) for n in range(50)]
    advance = plays._cursor.advance

    async def killed(connection: postgres.Connection, token: str) -> None:
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        await advance(connection, token)

    monkeypatch.setattr(plays._cursor, "advance", killed)
    with pytest.raises(Unavailable):
        await plays.apply(batch, "1")
    monkeypatch.undo()
    assert (await stores.all_events(), await plays.resume_token()) == ([], "")
    await plays.apply(batch, "1")
    assert ids(await stores.all_events()) == ids([play.event() for play in batch])
