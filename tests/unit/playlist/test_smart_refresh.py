"""When a rule is evaluated, and how often."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from meshkit.faults import Unavailable
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.adapters.memory.tracks import MemoryTracks
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.rules import Ordering, Rule, RuleMatch
from playlist_svc.ports.tracks import Track
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.smart_refresh import FRESH_MS, Refresh
from playlist_svc.usecases.writing import Revisions, Writer
from tests.contracts.playlist.playlists_world import NOW, made, new_id

RULE = Rule(RuleMatch.ALL, (), 10, Ordering.TITLE, descending=False)


class Nobody:
    """A catalogue that knows nothing."""

    async def tracks(self, track_ids: object) -> list[Track]:
        return []


class ChosenTracks(MemoryTracks):
    """Chooses what it is told to, and counts how often; or is away."""

    def __init__(self) -> None:
        super().__init__(Nobody())
        self.choice: list[tuple[str, int]] = []
        self.asked = 0
        self.away = False

    async def select(self, rule: Rule, owner_id: str, now_ms: int) -> list[tuple[str, int]]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("away")
        return self.choice


class World:
    """A smart playlist store at a time that the test sets."""

    def __init__(self) -> None:
        self.now_ms = NOW
        cache = MemoryHeads()
        self.store = MemoryPlaylists(cache)
        self.tracks = ChosenTracks()
        writer = Writer(self.store, Access(self.store, cache))
        revisions = Revisions(self.tracks, self.clock, new_id)
        self.refresh = Refresh(writer, revisions, self.tracks, self.clock)

    def clock(self) -> int:
        return self.now_ms

    async def smart(self) -> Head:
        return await made(self.store, new_id(), rule=RULE)

    async def head(self, playlist_id: str) -> Head:
        head = await self.store.head(playlist_id)
        assert head is not None
        return head


@pytest.fixture
def world() -> World:
    return World()


async def test_many_readers_at_once_evaluate_once(world: World) -> None:
    world.tracks.choice = [(new_id(), 1_000)]
    head = await world.smart()
    after = await asyncio.gather(*(world.refresh(head) for _ in range(20)))
    assert world.tracks.asked == 1
    assert {one.revision for one in after} == {2}
    assert after[0] == await world.head(head.playlist_id)


async def test_a_reader_who_leaves_takes_nothing_from_the_others(world: World) -> None:
    world.tracks.choice = [(new_id(), 1_000)]
    head = await world.smart()
    leaving = asyncio.ensure_future(world.refresh(head))
    staying = asyncio.ensure_future(world.refresh(head))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).track_count == 1
    assert leaving.cancelled()


async def test_what_was_chosen_is_good_for_a_minute(world: World) -> None:
    world.tracks.choice = [(new_id(), 1_000)]
    head = await world.refresh(await world.smart())
    world.now_ms += FRESH_MS - 1
    assert await world.refresh(head) is head
    world.now_ms += 1
    await world.refresh(head)
    assert world.tracks.asked == 2


async def test_the_same_choice_writes_nothing_and_is_good_for_a_minute_too(world: World) -> None:
    head = await world.refresh(await world.smart())
    assert await world.head(head.playlist_id) == head
    assert (head.revision, head.version) == (1, 1)
    await world.refresh(head)
    assert world.tracks.asked == 1


async def test_a_failure_is_no_evaluation(world: World) -> None:
    head = await world.smart()
    world.tracks.away = True
    assert await world.refresh(head) == head
    world.tracks.away = False
    world.tracks.choice = [(new_id(), 1_000)]
    assert (await world.refresh(head)).track_count == 1


async def test_a_rule_that_was_replaced_meanwhile_does_not_write(world: World) -> None:
    head = await world.smart()
    world.tracks.choice = [(new_id(), 1_000)]
    outdated = replace(head, rule=replace(RULE, limit=5))
    assert (await world.refresh(outdated)).revision == 1


async def test_tracks_that_stay_keep_their_entries(world: World) -> None:
    ids = [new_id() for _ in range(3)]
    world.tracks.choice = [(ids[0], 1), (ids[1], 2)]
    head = await world.refresh(await world.smart())
    before = (await world.store.content(head, head.revision)).order
    world.tracks.choice = [(ids[2], 3), (ids[1], 2)]
    world.now_ms += FRESH_MS
    head = await world.refresh(head)
    after = (await world.store.content(head, head.revision)).order
    assert after.entry(1) == before.entry(1)
    assert after.entry(0).item_id not in before.item_ids()
    assert head.total_duration_ms == 5
