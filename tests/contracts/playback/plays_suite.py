"""What every ``Plays`` must do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from playback_svc.domain.origins import ContextKind, PlayOrigin
from playback_svc.domain.plays import Outcome, PlayRecord
from playback_svc.ports.plays import Plays
from tests.contracts.playback.samples import NOW, TRACK, new_id


def a_play(**changed: Any) -> PlayRecord:
    plain = PlayRecord(
        play_id=new_id(),
        session_id=new_id(),
        device_id="kitchen",
        track_id=TRACK.track_id,
        started_at_ms=NOW,
        ended_at_ms=NOW + 60_000,
        heard_ms=60_000,
        outcome=Outcome.LEFT,
        counted=True,
        private=False,
        rung="320",
    )
    return replace(plain, **changed)


def ids(plays: Any) -> list[str]:
    return [play.play_id for play in plays]


@dataclass(frozen=True, slots=True)
class PlaysUnderTest:
    """An empty history; ``enter`` keeps plays as a command does, in the order given."""

    plays: Plays
    enter: Callable[..., Awaitable[None]]


class PlaysContract:
    """Subclass it with a fixture ``under_test``."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_who_heard_nothing_has_an_empty_history(
        self, under_test: PlaysUnderTest, user: str
    ) -> None:
        for distinct in (False, True):
            assert list(await under_test.plays.page(user, None, 10, distinct=distinct)) == []

    async def test_plays_come_back_whole(self, under_test: PlaysUnderTest, user: str) -> None:
        album = a_play(origin=PlayOrigin(ContextKind.ALBUM, new_id(), new_id()), private=True)
        alone = a_play(
            outcome=Outcome.COMPLETED,
            heard_ms=179_000,
            track_id=new_id(),
            offline=True,
            client_play_id="phone!7",
        )
        await under_test.enter(user, album)
        await under_test.enter(user, alone)
        for distinct in (False, True):
            found = await under_test.plays.page(user, None, 10, distinct=distinct)
            assert list(found) == [alone, album]

    async def test_the_latest_come_first_whenever_they_were_entered(
        self, under_test: PlaysUnderTest, user: str
    ) -> None:
        plays = sorted((a_play() for _ in range(5)), key=lambda play: play.play_id)
        for play in (plays[2], plays[0], plays[4], plays[1], plays[3]):
            await under_test.enter(user, play)
        found = await under_test.plays.page(user, None, 10, distinct=False)
        assert list(found) == plays[::-1]

    async def test_a_page_goes_on_below_the_play_it_comes_after(
        self, under_test: PlaysUnderTest, user: str
    ) -> None:
        plays = sorted(ids([a_play() for _ in range(7)]), reverse=True)
        for play_id in plays:
            await under_test.enter(user, a_play(play_id=play_id))
        first = ids(await under_test.plays.page(user, None, 3, distinct=False))
        second = ids(await under_test.plays.page(user, first[-1], 3, distinct=False))
        third = ids(await under_test.plays.page(user, second[-1], 3, distinct=False))
        assert [first, second, third] == [plays[:3], plays[3:6], plays[6:]]

    async def test_plays_that_do_not_count_are_kept_and_not_listed(
        self, under_test: PlaysUnderTest, user: str
    ) -> None:
        heard = a_play()
        skipped = a_play(counted=False, outcome=Outcome.SKIPPED, heard_ms=2_000)
        for play in (heard, skipped, replace(skipped, counted=True)):
            await under_test.enter(user, play)
        for distinct in (False, True):
            found = await under_test.plays.page(user, None, 10, distinct=distinct)
            assert list(found) == [heard]

    async def test_the_latest_are_told_however_they_were_left(
        self, under_test: PlaysUnderTest, user: str
    ) -> None:
        plays = [
            a_play(counted=counted, outcome=outcome, private=counted)
            for outcome in Outcome
            for counted in (False, True)
        ]
        plays.sort(key=lambda play: play.play_id, reverse=True)
        for play in plays:
            await under_test.enter(user, play)
        await under_test.enter(new_id(), a_play())
        assert list(await under_test.plays.latest(user, 100)) == plays
        assert list(await under_test.plays.latest(user, 3)) == plays[:3]
        assert list(await under_test.plays.latest(new_id(), 3)) == []

    async def test_plays_of_others_are_not_in_it(
        self, under_test: PlaysUnderTest, user: str
    ) -> None:
        mine, theirs = a_play(), a_play()
        await under_test.enter(user, mine)
        await under_test.enter(new_id(), theirs)
        for distinct in (False, True):
            found = await under_test.plays.page(user, None, 10, distinct=distinct)
            assert list(found) == [mine]

    async def test_a_play_is_entered_once(self, under_test: PlaysUnderTest, user: str) -> None:
        play = a_play()
        await under_test.enter(user, play)
        await under_test.enter(user, replace(play, heard_ms=1))
        assert list(await under_test.plays.page(user, None, 10, distinct=False)) == [play]

    async def test_distinct_shows_each_track_at_its_latest_play(
        self, under_test: PlaysUnderTest, user: str
    ) -> None:
        tracks, rng = [new_id() for _ in range(6)], Random(7)
        plays = [a_play(track_id=rng.choice(tracks)) for _ in range(40)]
        rng.shuffle(plays)
        for play in plays:
            await under_test.enter(user, play)
        latest: dict[str, str] = {}
        for play in plays:
            latest[play.track_id] = max(play.play_id, latest.get(play.track_id, ""))
        paged: list[str] = []
        while True:
            after = paged[-1] if paged else None
            page = ids(await under_test.plays.page(user, after, 2, distinct=True))
            if not page:
                break
            paged += page
        assert paged == sorted(latest.values(), reverse=True)

    async def test_two_plays_of_one_name_are_both_entered(
        self, under_test: PlaysUnderTest, user: str
    ) -> None:
        plays = [a_play(client_play_id="the-same") for _ in range(2)]
        for play in plays:
            await under_test.enter(user, play)
        found = await under_test.plays.page(user, None, 10, distinct=False)
        assert sorted(ids(found)) == sorted(ids(plays))
