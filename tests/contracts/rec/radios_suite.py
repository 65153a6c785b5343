"""The contract of ``Radios`` and ``RadioFeedback``, run against every adapter.

Subclass the suite and give it a fixture ``radios`` with an empty store that keeps ``MOST`` radios
of a user and ``GIVEN`` tracks of a radio, and ``erase``, which has it forget a user for good.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest

from meshkit.faults import RequestIdReused
from meshkit.idempotency import RequestKey
from meshkit.testing.at_once import at_once
from meshkit.ulids import new_id
from rec_svc.domain.kept_tracks import KeptTrack
from rec_svc.domain.radios import NOT_TWICE_MS, Block, Given, Radio, Seed, SeedKind, Station
from rec_svc.domain.recommended import ReasonKind, Source
from rec_svc.ports.radios import RadioFeedback, RadioPlay, Radios, RadioSave

NOW_MS = 1_790_000_000_000
MOST = 3
GIVEN = 40


class Store(Radios, RadioFeedback, Protocol):
    """All that an adapter is."""


def a_radio(user_id: str, created_at_ms: int = NOW_MS, title: str = "Teardrop radio") -> Radio:
    seeds = tuple(new_id() for _ in range(2))
    seed = Seed(SeedKind.PLAYLIST, new_id())
    return Radio(new_id(), user_id, title, seed, seeds, created_at_ms)


def a_block(radio: Radio, *track_ids: str, at_ms: int = NOW_MS) -> Block:
    picks = tuple(KeptTrack(one, 0.5, ReasonKind.POPULAR, propensity=0.25) for one in track_ids)
    return Block(radio.radio_id, radio.title, new_id(), picks, Source.CONTENT, new_id(), 1, at_ms)


def a_key(user_id: str, request_id: str = "one", body: bytes = b"body") -> RequestKey:
    return RequestKey(user_id, "/segue.rec.v1.RadioService/Any", request_id, body)


async def station_of(radios: Store, radio: Radio, since_ms: int = 0) -> Station:
    """The radio as it is."""
    found = await radios.station(radio.user_id, radio.radio_id, since_ms)
    assert found is not None
    return found


async def gave(radios: Store, radio: Radio, *track_ids: str, at_ms: int = NOW_MS) -> None:
    """The radio gives those."""
    station = await station_of(radios, radio)
    assert await radios.give(station, a_block(radio, *track_ids, at_ms=at_ms))


async def held(radios: Store, radio: Radio, track_id: str) -> Given | None:
    """What is known of a track that it gave."""
    given = (await station_of(radios, radio)).given
    return next((one for one in given if one.track_id == track_id), None)


class RadiosContract:
    """Radios of users, what they gave, and what was done with it."""

    async def test_a_radio_is_found_and_listed_whole_by_its_user_alone(self, radios: Store) -> None:
        user = new_id()
        radio = a_radio(user, title="Ümlaut “radio”")
        assert await radios.start(radio) == (radio, 0)
        assert await radios.find(user, radio.radio_id) == radio
        assert await station_of(radios, radio) == Station(radio, 0)
        someone = new_id()
        assert await radios.find(someone, radio.radio_id) is None
        assert await radios.station(someone, radio.radio_id, 0) is None
        assert list(await radios.page(someone, None, 9)) == []
        await radios.delete(someone, radio.radio_id)
        assert list(await radios.page(user, None, 9)) == [radio]
        await radios.delete(user, radio.radio_id)
        await radios.delete(user, radio.radio_id)
        assert await radios.find(user, radio.radio_id) is None

    async def test_the_newest_come_first_and_a_page_goes_on_behind_any_of_them(
        self, radios: Store
    ) -> None:
        user = new_id()
        some = [a_radio(user, at_ms) for at_ms in (NOW_MS, NOW_MS + 5, NOW_MS)]
        for one in some:
            await radios.start(one)
        expected = sorted(some, key=lambda one: (one.created_at_ms, one.radio_id), reverse=True)
        assert list(await radios.page(user, None, 9)) == expected
        for place, one in enumerate(expected):
            after = (one.created_at_ms, one.radio_id)
            assert list(await radios.page(user, after, 1)) == expected[place + 1 : place + 2]

    async def test_of_a_user_the_last_ones_stay_and_it_is_said_how_many_went(
        self, radios: Store
    ) -> None:
        user, other = new_id(), a_radio(new_id(), NOW_MS - 9)
        await radios.start(other)
        some = [a_radio(user, NOW_MS + place) for place in range(MOST + 1)]
        assert [(await radios.start(one)).dropped for one in some] == [*([0] * MOST), 1]
        assert list(await radios.page(user, None, 99)) == some[:0:-1]
        assert await radios.find(other.user_id, other.radio_id) == other

    async def test_many_started_at_once_are_no_more_than_may_be_kept(self, radios: Store) -> None:
        user = new_id()
        some = [a_radio(user, NOW_MS + place) for place in range(4 * MOST)]
        started = await at_once(map(radios.start, some))
        assert len(await radios.page(user, None, 99)) == MOST
        assert sum(one.dropped for one in started) == 3 * MOST

    async def test_what_is_asked_for_again_is_done_once(self, radios: Store) -> None:
        user = new_id()
        key = a_key(user)
        first = await radios.start(a_radio(user), key)
        assert await radios.start(a_radio(user), key) == first
        with pytest.raises(RequestIdReused):
            await radios.start(a_radio(user), a_key(user, body=b"other"))
        assert list(await radios.page(user, None, 9)) == [first.radio]

    async def test_a_block_is_given_in_its_order_and_the_revision_rises(
        self, radios: Store
    ) -> None:
        radio, ids = a_radio(new_id()), [new_id() for _ in range(3)]
        await radios.start(radio)
        block = a_block(radio, *ids)
        assert await radios.give(await station_of(radios, radio), block) == block
        station = await station_of(radios, radio)
        assert station.revision == 1
        given = sorted(station.given, key=lambda one: one.given_at_ms)
        assert [one.track_id for one in given] == ids
        assert station.last_track_id == ids[-1]
        assert given[0].given_at_ms > NOW_MS

    async def test_of_many_given_at_one_revision_one_is(self, radios: Store) -> None:
        radio = a_radio(new_id())
        await radios.start(radio)
        station = await station_of(radios, radio)
        blocks = [a_block(radio, new_id()) for _ in range(8)]
        answers = await at_once(radios.give(station, block) for block in blocks)
        won = [block for block, answer in zip(blocks, answers, strict=True) if answer == block]
        assert len(won) == 1
        assert answers.count(None) == 7
        now = await station_of(radios, radio)
        assert [one.track_id for one in now.given] == [won[0].picks[0].track_id]

    async def test_a_block_of_one_key_is_given_once_however_many_ask_at_once(
        self, radios: Store
    ) -> None:
        radio = a_radio(new_id())
        await radios.start(radio)
        station, key = await station_of(radios, radio), a_key(radio.user_id)
        assert await radios.answered(key) is None
        assert await radios.answered(None) is None
        blocks = [a_block(radio, new_id()) for _ in range(8)]
        answers = await at_once(radios.give(station, block, key) for block in blocks)
        kept = await radios.answered(key)
        assert kept in blocks
        assert answers == [kept] * 8
        assert (await station_of(radios, radio)).revision == 1
        with pytest.raises(RequestIdReused):
            await radios.answered(a_key(radio.user_id, body=b"other"))

    async def test_a_block_that_lost_leaves_its_key_free(self, radios: Store) -> None:
        radio = a_radio(new_id())
        await radios.start(radio)
        old, key = await station_of(radios, radio), a_key(radio.user_id)
        await gave(radios, radio, new_id())
        assert await radios.give(old, a_block(radio, new_id()), key) is None
        assert await radios.answered(key) is None
        block = a_block(radio, new_id())
        assert await radios.give(await station_of(radios, radio), block, key) == block

    async def test_a_radio_that_is_gone_gives_nothing(self, radios: Store) -> None:
        radio = a_radio(new_id())
        await radios.start(radio)
        station = await station_of(radios, radio)
        await radios.delete(radio.user_id, radio.radio_id)
        assert await radios.give(station, a_block(radio, new_id())) is None
        assert await radios.station(radio.user_id, radio.radio_id, 0) is None

    async def test_what_was_given_longer_ago_is_not_told_unless_it_steers(
        self, radios: Store
    ) -> None:
        user = new_id()
        radio = a_radio(user)
        await radios.start(radio)
        old, skipped, saved, new = (new_id() for _ in range(4))
        await gave(radios, radio, old, skipped, saved)
        await gave(radios, radio, new, at_ms=NOW_MS + 100)
        await radios.play([RadioPlay(radio.radio_id, user, skipped, NOW_MS + 9, True)])
        await radios.save([RadioSave(user, saved, NOW_MS + 9, True)])
        station = await station_of(radios, radio, NOW_MS + 50)
        assert {one.track_id for one in station.given} == {skipped, saved, new}
        assert station.given_since(NOW_MS + 50) == {new: NOW_MS + 101}
        assert station.steering().skipped == (skipped,)
        assert station.steering().liked == (*radio.seed_track_ids, saved)
        assert await radios.prune(NOW_MS + 50) == 1
        assert await held(radios, radio, old) is None
        assert await radios.prune(NOW_MS + 50) == 0

    async def test_of_a_radio_the_latest_tracks_are_remembered(self, radios: Store) -> None:
        radio = a_radio(new_id())
        await radios.start(radio)
        ids = [new_id() for _ in range(GIVEN + 5)]
        await gave(radios, radio, *ids[:20])
        await gave(radios, radio, *ids[20:], at_ms=NOW_MS + 50)
        station = await station_of(radios, radio)
        assert {one.track_id for one in station.given} == set(ids[5:])

    async def test_the_play_that_was_left_last_counts_whenever_it_is_told(
        self, radios: Store
    ) -> None:
        radio, track = a_radio(new_id()), new_id()
        user = radio.user_id
        await radios.start(radio)
        await gave(radios, radio, track)

        async def after(*plays: tuple[int, bool]) -> bool:
            told = [
                RadioPlay(radio.radio_id, user, track, NOW_MS + at_ms, skipped)
                for at_ms, skipped in plays
            ]
            await radios.play(told)
            found = await held(radios, radio, track)
            assert found is not None
            return found.skipped

        assert await after((2, True))
        assert await after((2, True), (1, False))
        assert not await after((4, False), (3, True))
        assert not await after((2, True))
        await radios.play([])

    async def test_plays_by_others_of_other_tracks_and_of_other_radios_mark_nothing(
        self, radios: Store
    ) -> None:
        radio, other, track = a_radio(new_id()), a_radio(new_id()), new_id()
        for one in (radio, other):
            await radios.start(one)
            await gave(radios, one, track)
        await radios.play(
            [
                RadioPlay(radio.radio_id, other.user_id, track, NOW_MS + 9, True),
                RadioPlay(radio.radio_id, radio.user_id, new_id(), NOW_MS + 9, True),
                RadioPlay("", radio.user_id, track, NOW_MS + 9, True),
                RadioPlay(new_id(), radio.user_id, track, NOW_MS + 9, True),
                RadioPlay(other.radio_id, other.user_id, track, NOW_MS + 9, True),
            ]
        )
        assert [(await station_of(radios, one)).steering().skipped for one in (radio, other)] == [
            (),
            (track,),
        ]

    async def test_a_save_counts_in_the_radio_that_gave_the_track_last_before_it(
        self, radios: Store
    ) -> None:
        user, track = new_id(), new_id()
        early, late = a_radio(user), a_radio(user)
        for place, one in enumerate((early, late)):
            await radios.start(one)
            await gave(radios, one, track, at_ms=NOW_MS + 100 * place)

        async def saved() -> list[bool]:
            known = [await held(radios, one, track) for one in (early, late)]
            return [bool(one and one.saved_at_ms) for one in known]

        await radios.save([RadioSave(user, track, NOW_MS, True)])
        await radios.save([RadioSave(new_id(), track, NOW_MS + 150, True)])
        await radios.save([RadioSave(user, track, NOW_MS + 101 + NOT_TWICE_MS, True)])
        assert await saved() == [False, False]
        await radios.save([RadioSave(user, track, NOW_MS + 50, True)])
        assert await saved() == [True, False]
        await radios.save([RadioSave(user, track, NOW_MS + 150, True)])
        assert await saved() == [True, True]
        await radios.save([RadioSave(user, track, NOW_MS + 60, False)])
        assert await saved() == [False, True]
        await radios.save([RadioSave(user, track, NOW_MS + 160, False)])
        assert await saved() == [False, False]

    async def test_of_an_erased_user_nothing_is_kept_and_nothing_comes_again(
        self, radios: Store, erase: Callable[[str], Awaitable[None]]
    ) -> None:
        radio, other = a_radio(new_id()), a_radio(new_id())
        for one in (radio, other):
            await radios.start(one)
            await gave(radios, one, new_id())
        before = await station_of(radios, radio)
        await erase(radio.user_id)
        assert await radios.find(radio.user_id, radio.radio_id) is None
        assert await radios.give(before, a_block(radio, new_id())) is None
        await radios.start(a_radio(radio.user_id))
        assert list(await radios.page(radio.user_id, None, 9)) == []
        assert len((await station_of(radios, other)).given) == 1
