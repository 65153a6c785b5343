"""Who makes the list of the most played, and what is shown of it."""

from __future__ import annotations

import asyncio

import pytest

from catalog_svc.adapters.memory.most_played import MemoryMostPlayed
from catalog_svc.adapters.memory.store import MemoryStore
from catalog_svc.domain.plays import MostPlayed, Streams
from catalog_svc.usecases import most_played
from catalog_svc.usecases.catalog import ListTopTracks
from catalog_svc.usecases.most_played import MostPlayedList
from meshkit.faults import Unavailable
from meshkit.ulids import new_id
from tests.contracts.catalog.plays_suite import plays_of
from tests.contracts.catalog.stores import memory_stores


class Played:
    """``PlayedTracks`` that counts how often it is asked, and may be away."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.asked = 0
        self.away = False

    async def most_played(self, limit: int) -> list[Streams]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("away")
        return await self.store.most_played(limit)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def played(store: MemoryStore) -> Played:
    return Played(store)


@pytest.fixture
def cache() -> MemoryMostPlayed:
    return MemoryMostPlayed()


def instance(store: MemoryStore, played: Played, cache: MemoryMostPlayed) -> ListTopTracks:
    return ListTopTracks(store, MostPlayedList(played, cache))


@pytest.fixture
def top(store: MemoryStore, played: Played, cache: MemoryMostPlayed) -> ListTopTracks:
    return instance(store, played, cache)


async def test_the_list_is_made_once_and_shown_from_then_on(
    store: MemoryStore, played: Played, top: ListTopTracks
) -> None:
    songs = await memory_stores(store).songs("One", "Two")
    await store.plays.apply(plays_of(songs["Two"]), "a")
    first = await top.places(after=None, limit=9)
    assert first == (Streams(songs["Two"], 1), Streams(songs["One"], 0))
    await store.plays.apply(plays_of(songs["One"], 7), "b")
    assert await top.places(after=None, limit=9) == first
    assert played.asked == 1


async def test_tracks_show_the_counts_that_they_are_listed_by(
    store: MemoryStore, top: ListTopTracks
) -> None:
    songs = await memory_stores(store).songs("One", "Two")
    await store.plays.apply(plays_of(songs["Two"], 2), "a")
    places = await top.places(after=None, limit=9)
    await store.plays.apply(plays_of(songs["One"], 7), "b")
    shown = await top.tracks([*places, Streams(new_id(), 0)])
    assert [(one.title, one.streams_total) for one in shown] == [("Two", 2), ("One", 0)]


async def test_many_who_ask_at_once_have_it_made_once(
    store: MemoryStore, played: Played, top: ListTopTracks
) -> None:
    await memory_stores(store).songs("One")
    found = await asyncio.gather(*(top.places(after=None, limit=9) for _ in range(20)))
    assert len(set(found)) == 1
    assert played.asked == 1


async def test_one_instance_makes_it_and_the_others_wait_for_it(
    store: MemoryStore, played: Played, cache: MemoryMostPlayed
) -> None:
    await memory_stores(store).songs("One")
    many = [instance(store, played, cache) for _ in range(4)]
    found = await asyncio.gather(*(one.places(after=None, limit=9) for one in many))
    assert len(set(found)) == 1
    assert played.asked == 1


async def test_a_loader_that_never_comes_back_is_not_waited_for_for_ever(
    store: MemoryStore,
    cache: MemoryMostPlayed,
    top: ListTopTracks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(most_played, "_LOOK_AGAIN_S", 0.0)
    await memory_stores(store).songs("One")
    assert await cache.may_load()
    assert len(await top.places(after=None, limit=9)) == 1


async def test_without_its_store_the_list_is_made_for_each(
    store: MemoryStore, played: Played, cache: MemoryMostPlayed, top: ListTopTracks
) -> None:
    await memory_stores(store).songs("One")
    cache.away = True
    for _ in range(2):
        assert len(await top.places(after=None, limit=9)) == 1
    assert played.asked == 2


async def test_an_empty_catalogue_is_not_remembered_for_an_hour(
    store: MemoryStore, played: Played, top: ListTopTracks
) -> None:
    for _ in range(2):
        assert await top.places(after=None, limit=9) == ()
    assert played.asked == 2
    await memory_stores(store).songs("One")
    assert len(await top.places(after=None, limit=9)) == 1


async def test_a_failure_goes_to_who_waits_and_the_next_tries_again(
    store: MemoryStore, played: Played, top: ListTopTracks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(most_played, "_LOOK_AGAIN_S", 0.0)
    await memory_stores(store).songs("One")
    played.away = True
    with pytest.raises(Unavailable):
        await top.places(after=None, limit=9)
    played.away = False
    assert len(await top.places(after=None, limit=9)) == 1


def test_a_page_begins_behind_its_place_also_in_another_list() -> None:
    tracks = tuple(Streams(name, total) for total, name in ((5, "B"), (3, "D"), (3, "C"), (1, "A")))
    most_played = MostPlayed(1, tracks)
    assert most_played.after(None, 2) == tracks[:2]
    assert most_played.after((3, "D"), 9) == tracks[2:]
    assert most_played.after((4, "X"), 1) == tracks[1:2]
    assert most_played.after((0, ""), 9) == ()
