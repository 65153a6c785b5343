"""The contract of ``Listening`` and of the replicas that write it.

Subclass it and give it a fixture ``stores`` with empty stores.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import replace

import pytest

from meshkit.faults import RequestIdReused
from meshkit.idempotency import RequestKey
from meshkit.testing.replica_suite import ReplicaUnderTest
from meshkit.ulids import new_id
from rec_svc.domain.events import EventKind
from rec_svc.domain.listening import Listened, Taste
from rec_svc.domain.user_items import ItemChanged, ItemKind, UserForgotten
from tests.contracts.rec.listening_world import (
    MOST_TRACKS,
    NOON_MS,
    ListeningStores,
    a_play,
    a_skip,
    item,
    item_gone,
)

_USER = new_id()


def items_replica_of(stores: ListeningStores) -> ReplicaUnderTest:
    """The saved tracks of one user under the contract of every replica.

    They have no text: what is told of one is the moment when it was saved.
    """
    words: dict[int, str] = {}

    def told(id_: str, version: int, text: str) -> ItemChanged:
        at_ms = NOON_MS + zlib.crc32(text.encode()) % 1_000_000
        words[at_ms] = text
        return ItemChanged(_USER, id_, version, at_ms, kept=True)

    async def held() -> dict[str, str]:
        saved_at_ms = await stores.saved_at_ms(_USER)
        assert (await stores.listening.taste(_USER)).saved == saved_at_ms.keys()
        return {id_: words[at_ms] for id_, at_ms in saved_at_ms.items()}

    return ReplicaUnderTest(
        stores.items[ItemKind.SAVED_TRACK],
        told,
        lambda id_, version: ItemChanged(_USER, id_, version, NOON_MS, kept=False),
        held,
    )


class ListeningContract:
    """What is known of users' listening."""

    async def test_of_who_is_unknown_nothing_is_known(self, stores: ListeningStores) -> None:
        assert await stores.listening.taste(new_id()) == Taste()
        assert not await stores.listening.heard_since(new_id(), 0)

    async def test_plays_and_skips_are_counted_by_track_the_latest_first(
        self, stores: ListeningStores
    ) -> None:
        user, one, other = new_id(), new_id(), new_id()
        plays = [
            a_play(user, one, NOON_MS),
            a_play(user, one, NOON_MS - 5),
            a_skip(user, one, NOON_MS - 9),
            a_skip(user, other, NOON_MS + 1),
            a_play(new_id(), other),
        ]
        await stores.plays.apply(plays, "t")
        assert (await stores.listening.taste(user)).listened == (
            Listened(other, 0, 1, NOON_MS + 1),
            Listened(one, 2, 1, NOON_MS),
        )

    async def test_what_was_left_otherwise_counts_for_neither_and_is_known(
        self, stores: ListeningStores
    ) -> None:
        user, one = new_id(), new_id()
        await stores.plays.apply([a_play(user, one, counted=False, heard_ms=9)], "t")
        assert (await stores.listening.taste(user)).listened == (Listened(one, 0, 0, NOON_MS),)
        (event,) = await stores.all_events()
        assert (event.kind, event.heard_ms) == (EventKind.LEFT, 9)

    async def test_a_play_counts_once_and_is_one_event_however_often_it_is_told(
        self, stores: ListeningStores
    ) -> None:
        user, one = new_id(), new_id()
        first, second, third = (a_play(user, one, NOON_MS + n) for n in range(3))
        await stores.plays.apply([first, second, first], "a")
        await stores.plays.apply([second, third], "b")
        await stores.plays.apply([third, first, second], "")
        assert (await stores.listening.taste(user)).listened == (Listened(one, 3, 0, NOON_MS + 2),)
        told = [event.event_id for event in await stores.all_events()]
        assert told == [first.play_id, second.play_id, third.play_id]
        assert await stores.plays.prune() == 0

    async def test_a_play_is_an_event_with_all_that_is_known_of_it(
        self, stores: ListeningStores
    ) -> None:
        play = a_play(
            new_id(),
            new_id(),
            completed=True,
            heard_ms=200_000,
            context_kind="PLAYLIST",
            context_id=new_id(),
            shown_id=new_id(),
        )
        await stores.plays.apply([play], "t")
        assert await stores.all_events() == [play.event()]

    async def test_of_a_user_so_many_tracks_are_kept_and_the_oldest_go(
        self, stores: ListeningStores
    ) -> None:
        user, other = new_id(), new_id()
        tracks = [new_id() for _ in range(MOST_TRACKS + 3)]
        plays = [a_play(user, track_id, NOON_MS + n) for n, track_id in enumerate(tracks)]
        plays += [a_play(other, track_id, NOON_MS + n) for n, track_id in enumerate(tracks[:3])]
        random.shuffle(plays)
        await stores.plays.apply(plays[:4], "a")
        await stores.plays.apply(plays[4:], "b")
        kept = [one.track_id for one in (await stores.listening.taste(user)).listened]
        assert kept == tracks[: -MOST_TRACKS - 1 : -1]
        assert len((await stores.listening.taste(other)).listened) == 3
        assert len(await stores.all_events()) == len(plays)

    async def test_what_was_begun_since_then_is_told_to_the_millisecond(
        self, stores: ListeningStores
    ) -> None:
        user, early, late, both = (new_id() for _ in range(4))
        plays = [
            a_play(user, early, NOON_MS + 10, begun_ms=NOON_MS - 1),
            a_play(user, late, NOON_MS + 11, begun_ms=NOON_MS),
            a_play(user, both, NOON_MS - 5, begun_ms=NOON_MS - 6),
            a_skip(user, both, NOON_MS + 12),
        ]
        await stores.plays.apply(plays, "t")
        assert set(await stores.listening.heard_since(user, NOON_MS)) == {late, both}
        assert set(await stores.listening.heard_since(user, NOON_MS - 1)) == {early, late, both}
        assert not await stores.listening.heard_since(user, NOON_MS + 13)

    async def test_who_listened_is_told_by_id_with_when_they_did_last(
        self, stores: ListeningStores
    ) -> None:
        users = sorted(new_id() for _ in range(4))
        for number, user in enumerate(reversed(users)):
            plays = [a_play(user, new_id(), NOON_MS - at) for at in (number, number + 100)]
            await stores.plays.apply([*plays, a_skip(user, new_id(), NOON_MS - 50)], "t")
        told = [(user, NOON_MS - 3 + number) for number, user in enumerate(users)]
        assert await stores.listening.listeners("", 9) == told
        assert await stores.listening.listeners("", 2) == told[:2]
        assert await stores.listening.listeners(users[1], 2) == told[2:]
        assert await stores.listening.listeners(users[3], 2) == []

    @pytest.mark.parametrize("kind", list(ItemKind))
    async def test_what_a_user_keeps_is_known_until_it_is_taken_out(
        self, stores: ListeningStores, kind: ItemKind
    ) -> None:
        user, one, other = new_id(), new_id(), new_id()
        replica = stores.items[kind]
        await replica.apply([item(user, one), item(user, other), item(new_id(), one)], "t")
        assert await self._kept(stores, user, kind) == {one, other}
        await replica.apply([item_gone(user, one)], "t")
        assert await self._kept(stores, user, kind) == {other}
        await replica.apply([item(user, one, version=3)], "t")
        assert await self._kept(stores, user, kind) == {one, other}
        assert await replica.prune() == 0

    async def test_collections_do_not_meet(self, stores: ListeningStores) -> None:
        user, one = new_id(), new_id()
        for kind, replica in stores.items.items():
            await replica.apply([item(user, one)], kind)
        await stores.items[ItemKind.BLOCKED_ARTIST].apply([item_gone(user, one)], "t")
        taste = await stores.listening.taste(user)
        assert (taste.saved, taste.followed_artists) == ({one}, {one})
        assert await stores.listening.blocked_artists(user) == frozenset()
        assert taste.blocked_artists == frozenset()
        assert await stores.items[ItemKind.SAVED_TRACK].resume_token() == ItemKind.SAVED_TRACK

    async def test_saves_are_events_each_time_that_they_turn(self, stores: ListeningStores) -> None:
        user, one = new_id(), new_id()
        changes = [
            item(user, one, 1, NOON_MS),
            item_gone(user, one, 2, NOON_MS + 1),
            item(user, one, 3, NOON_MS + 2),
        ]
        saved = stores.items[ItemKind.SAVED_TRACK]
        await saved.apply([changes[1], changes[0]], "a")
        await saved.apply(changes, "b")
        await saved.apply([changes[2], item(user, one, 9, NOON_MS + 3)], "c")
        found = await stores.all_events()
        assert [(event.kind, event.at_ms - NOON_MS) for event in found] == [
            (EventKind.SAVE, 0),
            (EventKind.UNSAVE, 1),
            (EventKind.SAVE, 2),
        ]
        assert {(event.user_id, event.track_id) for event in found} == {(user, one)}

    async def test_a_listing_of_what_is_known_is_no_event(self, stores: ListeningStores) -> None:
        user, one, other = new_id(), new_id(), new_id()
        saved = stores.items[ItemKind.SAVED_TRACK]
        await saved.apply([item(user, one, 4), item(user, other, 5)], "a")
        await saved.begin_listing()
        await saved.apply([item(user, one, 0)], "")
        await saved.end_listing()
        assert (await stores.listening.taste(user)).saved == {one}
        assert len(await stores.all_events()) == 2

    async def test_blocked_and_followed_artists_are_no_events(
        self, stores: ListeningStores
    ) -> None:
        for kind in (ItemKind.BLOCKED_ARTIST, ItemKind.FOLLOWED_ARTIST):
            await stores.items[kind].apply([item(new_id(), new_id())], "t")
        assert await stores.all_events() == []

    async def test_who_is_forgotten_keeps_nothing(self, stores: ListeningStores) -> None:
        user, other, one = new_id(), new_id(), new_id()
        saved = stores.items[ItemKind.SAVED_TRACK]
        await saved.apply([item(user, one), item(other, one)], "a")
        await saved.apply([item(user, new_id()), UserForgotten(user)], "b")
        assert (await stores.listening.taste(user)).saved == frozenset()
        assert (await stores.listening.taste(other)).saved == {one}

    async def test_favorite_artists_are_kept_in_their_order(self, stores: ListeningStores) -> None:
        user, artists = new_id(), [new_id() for _ in range(3)]
        await stores.favorites.set_favorite_artists(user, artists[::-1])
        assert (await stores.listening.taste(user)).favorite_artists == tuple(artists[::-1])
        await stores.favorites.set_favorite_artists(user, artists[:1])
        assert (await stores.listening.taste(user)).favorite_artists == (artists[0],)
        await stores.favorites.set_favorite_artists(user, [])
        assert (await stores.listening.taste(user)).favorite_artists == ()

    async def test_favorite_artists_are_set_once_by_a_key(self, stores: ListeningStores) -> None:
        user, air, moby = new_id(), new_id(), new_id()
        key = RequestKey(user, "/set", "r1", b"air")
        await stores.favorites.set_favorite_artists(user, [air], key)
        await stores.favorites.set_favorite_artists(user, [moby])
        await stores.favorites.set_favorite_artists(user, [air], key)
        assert (await stores.listening.taste(user)).favorite_artists == (moby,)
        with pytest.raises(RequestIdReused):
            await stores.favorites.set_favorite_artists(user, [], replace(key, body_sha256=b"none"))

    async def test_of_an_erased_user_nothing_is_left_and_nothing_is_taken_in(
        self, stores: ListeningStores
    ) -> None:
        user, other = new_id(), new_id()
        for _ in range(2):
            for each in (user, other):
                await self._listens(stores, each)
            await stores.erase(user)
            await stores.erase(user)
            assert await stores.listening.taste(user) == Taste()
            assert not await stores.listening.heard_since(user, 0)
            assert await stores.listening.blocked_artists(user) == frozenset()
        await self._listens(stores, user)
        assert await stores.listening.taste(user) == Taste()
        assert len((await stores.listening.taste(other)).listened) == 2
        assert {event.user_id for event in await stores.all_events()} == {other}

    async def _listens(self, stores: ListeningStores, user: str) -> None:
        await stores.plays.apply([a_play(user, new_id())], "t")
        for replica in stores.items.values():
            await replica.apply([item(user, new_id())], "t")
        await stores.favorites.set_favorite_artists(user, [new_id()])

    async def _kept(self, stores: ListeningStores, user: str, kind: ItemKind) -> frozenset[str]:
        taste = await stores.listening.taste(user)
        blocked = await stores.listening.blocked_artists(user)
        assert blocked == taste.blocked_artists
        return {
            ItemKind.SAVED_TRACK: taste.saved,
            ItemKind.BLOCKED_ARTIST: taste.blocked_artists,
            ItemKind.FOLLOWED_ARTIST: taste.followed_artists,
        }[kind]
