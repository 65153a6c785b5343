"""What the stores of Discover Weekly must do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import pytest

from meshkit.testing.at_once import at_once
from meshkit.ulids import new_id
from rec_svc.domain.kept_tracks import KeptTrack
from rec_svc.domain.recommended import ReasonKind, Source
from rec_svc.domain.weekly_lists import WeeklyList
from rec_svc.domain.weeks import Week
from rec_svc.ports.weekly_lists import WeeklyLists

WEEK = Week(2026, 53)


def a_list(**fields: Any) -> WeeklyList:
    """One of two tracks, made in an arm."""
    made = WeeklyList(
        user_id=new_id(),
        week=WEEK,
        shown_id=new_id(),
        tracks=(
            KeptTrack(new_id(), 0.25, ReasonKind.BECAUSE_OF_TRACK, new_id()),
            KeptTrack(new_id(), 0.125, ReasonKind.EXPLORED, "", 0.5),
        ),
        source=Source.PERSONAL,
        model_id=new_id(),
        made_at_ms=1_798_000_000_000,
        assignments={new_id(): "bold"},
        held_back=True,
    )
    return replace(made, **fields)


class WeeklyListsContract(ABC):
    """A week has one list for a user, the first that was made."""

    @abstractmethod
    @pytest.fixture
    def lists(self) -> WeeklyLists:
        """The store under test."""

    async def test_a_list_is_found_as_it_was_made(self, lists: WeeklyLists) -> None:
        made = a_list()
        assert await lists.find(made.user_id, WEEK) is None
        kept = await lists.keep(made)
        assert (kept.list, kept.playlist_id, kept.due_ms) == (made, "", made.made_at_ms)
        assert await lists.find(made.user_id, WEEK) == kept
        assert await lists.find(made.user_id, Week(2027, 1)) is None
        assert await lists.find(new_id(), WEEK) is None

    async def test_the_first_list_of_a_week_stands(self, lists: WeeklyLists) -> None:
        first = a_list()
        await lists.keep(first)
        assert (await lists.keep(a_list(user_id=first.user_id))).list == first
        second = a_list(user_id=first.user_id, week=Week(2027, 1))
        assert (await lists.keep(second)).list == second

    async def test_of_lists_at_once_one_stands_and_all_are_told_of_it(
        self, lists: WeeklyLists
    ) -> None:
        user_id = new_id()
        told = await at_once([lists.keep(a_list(user_id=user_id)) for _ in range(8)])
        kept = await lists.find(user_id, WEEK)
        assert all(one == kept for one in told)

    async def test_a_list_is_due_until_the_playlist_has_it(self, lists: WeeklyLists) -> None:
        first, second, third = (a_list(made_at_ms=at) for at in (30, 20, 40))
        for one in (first, second, third, a_list(week=Week(2027, 1), made_at_ms=10)):
            await lists.keep(one)
        assert await self.due(lists, 19) == []
        assert await self.due(lists, 30) == [second, first]
        assert await self.due(lists, 40, limit=2) == [second, first]
        await lists.put_off(second.user_id, WEEK, 50)
        assert await self.due(lists, 49) == [first, third]
        (due, *_) = [one for one in await lists.due(WEEK, 49, 10) if one.list == first]
        await lists.note_playlist(replace(due, due_ms=29), playlist_id := new_id())
        assert await self.due(lists, 49) == [first, third]
        await lists.note_playlist(due, playlist_id)
        kept = await lists.find(first.user_id, WEEK)
        assert kept is not None
        assert (kept.list, kept.playlist_id, kept.due_ms) == (first, playlist_id, None)
        await lists.put_off(first.user_id, WEEK, 1)
        assert await self.due(lists, 60) == [third, second]
        assert (await lists.keep(a_list(user_id=first.user_id))) == kept

    async def test_the_tracks_of_the_weeks_before_are_told_and_no_others(
        self, lists: WeeklyLists
    ) -> None:
        user_id = new_id()
        weeks = [WEEK.before(number) for number in range(4)]
        for week in weeks:
            await lists.keep(a_list(user_id=user_id, week=week))
        await lists.keep(a_list())
        held = [await lists.find(user_id, week) for week in weeks[1:3]]
        expected = {id_ for one in held if one is not None for id_ in one.list.track_ids}
        assert await lists.tracks_before(user_id, WEEK, 2) == expected

    async def test_of_an_erased_user_nothing_is_left_and_nothing_kept(
        self, lists: WeeklyLists
    ) -> None:
        made, other = a_list(), a_list()
        await lists.keep(made)
        await lists.keep(other)
        await self.erase(lists, made.user_id)
        assert await lists.find(made.user_id, WEEK) is None
        again = a_list(user_id=made.user_id)
        assert (await lists.keep(again)).list == again
        assert await lists.find(made.user_id, WEEK) is None
        assert await lists.find(other.user_id, WEEK) is not None

    async def test_old_weeks_are_dropped(self, lists: WeeklyLists) -> None:
        old, kept = a_list(week=WEEK.before(2)), a_list(week=WEEK.before(1))
        await lists.keep(old)
        await lists.keep(kept)
        assert await lists.prune(WEEK.before(1)) == 1
        assert await lists.find(old.user_id, old.week) is None
        assert await lists.find(kept.user_id, kept.week) is not None

    async def due(self, lists: WeeklyLists, now_ms: int, limit: int = 10) -> list[WeeklyList]:
        """Those of the week that are due by then."""
        return [one.list for one in await lists.due(WEEK, now_ms, limit)]

    async def erase(self, lists: WeeklyLists, user_id: str) -> None:
        """Everything that is done of a user who is erased."""
        await lists.erase(user_id)
