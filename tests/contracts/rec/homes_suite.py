"""The contracts of ``Homes`` and ``HomeCopies``.

Subclass ``HomesContract`` and give it a fixture ``world`` without homes, or ``HomeCopiesContract``
and a fixture ``copies`` without copies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from meshkit.ulids import new_id
from rec_svc.domain.home import Home, Shelf, ShelfKind
from rec_svc.domain.recommended import Reason, ReasonKind, Recommended, Source
from rec_svc.domain.tracks import Artist
from rec_svc.ports.homes import HomeCopies, Homes, KeptHome, StoredHome
from tests.contracts.rec.tracks_suite import a_track

NOW_MS = 1_780_000_000_000


@dataclass(frozen=True, slots=True)
class HomesUnderTest:
    """The homes; ``change`` has a user change what a home goes by, ``erase`` erases one."""

    homes: Homes
    change: Callable[[str], Awaitable[None]]
    erase: Callable[[str], Awaitable[None]]


def a_home(made_at_ms: int = NOW_MS, title: str = "Ode — “An die Freude”") -> Home:
    """A home of every kind of shelf and reason."""
    played, artist = a_track("Played", premium=True), Artist(new_id(), "Björk")
    reasons = [
        Reason(ReasonKind.BECAUSE_OF_TRACK, played),
        Reason(ReasonKind.ARTIST_YOU_FOLLOW, artist=artist),
        *(Reason(kind) for kind in ReasonKind),
    ]
    picks = tuple(
        Recommended(a_track(title, year=1824, genre="Ode", album="IX"), 0.25, reason, 0.5)
        for reason in reasons
    )
    shelves = tuple(
        Shelf(kind, new_id(), source, picks, played if kind.name.startswith("BEC") else None, "m")
        for kind, source in zip(ShelfKind, (*Source, *Source), strict=False)
    )
    return Home(made_at_ms, new_id(), shelves, {new_id(): "control"}, held_back=True)


class HomesContract:
    """One home a user, of what was there when it was made."""

    async def keep(
        self, world: HomesUnderTest, user_id: str, home: Home, changed: int = 0, replaces: int = 0
    ) -> KeptHome | None:
        return await world.homes.keep(user_id, home, changed=changed, replaces_ms=replaces)

    async def test_a_home_is_kept_whole_and_of_another_user_there_is_none(
        self, world: HomesUnderTest
    ) -> None:
        user_id, home = new_id(), a_home()
        assert await world.homes.find(user_id) == StoredHome()
        assert await self.keep(world, user_id, home) == KeptHome(home, 0)
        assert await world.homes.find(user_id) == StoredHome(0, NOW_MS, KeptHome(home, 0))
        assert await world.homes.find(new_id()) == StoredHome()

    async def test_a_home_takes_the_place_of_the_one_that_it_was_made_for(
        self, world: HomesUnderTest
    ) -> None:
        user_id, old, new = new_id(), a_home(), a_home(NOW_MS + 1)
        await self.keep(world, user_id, old)
        assert await self.keep(world, user_id, new) == KeptHome(old, 0)
        assert await self.keep(world, user_id, new, replaces=NOW_MS) == KeptHome(new, 0)
        assert (await world.homes.find(user_id)).kept == KeptHome(new, 0)

    async def test_of_those_that_are_made_at_once_all_answer_one(
        self, world: HomesUnderTest
    ) -> None:
        user_id = new_id()
        homes = [a_home(NOW_MS + n) for n in range(4)]
        answers = await asyncio.gather(*(self.keep(world, user_id, one) for one in homes))
        stored = await world.homes.find(user_id)
        assert stored.kept is not None
        assert answers == [stored.kept] * len(homes)

    async def test_a_change_forgets_the_home_and_one_made_before_it_is_not_kept(
        self, world: HomesUnderTest
    ) -> None:
        user_id, home = new_id(), a_home()
        await self.keep(world, user_id, home)
        await world.change(user_id)
        assert await world.homes.find(user_id) == StoredHome(1)
        assert await world.homes.changed(user_id) == 1
        assert await self.keep(world, user_id, home) is None
        assert await self.keep(world, user_id, home, changed=1) == KeptHome(home, 1)
        await world.change(user_id)
        assert await world.homes.find(user_id) == StoredHome(2)

    async def test_shelves_are_entered_once_for_each_home(self, world: HomesUnderTest) -> None:
        user_id, home = new_id(), a_home()
        await self.keep(world, user_id, home)
        await world.homes.expose(user_id, NOW_MS - 1)
        assert (await world.homes.find(user_id)).kept == KeptHome(home, 0, exposed=False)
        await world.homes.expose(user_id, NOW_MS)
        assert (await world.homes.find(user_id)).kept == KeptHome(home, 0, exposed=True)
        later = a_home(NOW_MS + 1)
        await self.keep(world, user_id, later, replaces=NOW_MS)
        assert (await world.homes.find(user_id)).kept == KeptHome(later, 0, exposed=False)

    async def test_who_changed_something_is_told_until_it_is_long_enough_ago(
        self, world: HomesUnderTest
    ) -> None:
        one, other = new_id(), new_id()
        for user_id in (one, other, one):
            await world.change(user_id)
        assert set(await world.homes.dropped(10)) == {one, other}
        assert len(await world.homes.dropped(1)) == 1
        await world.homes.gone([one, other], after_s=60)
        assert set(await world.homes.dropped(10)) == {one, other}
        await world.homes.gone([one], after_s=0)
        assert list(await world.homes.dropped(10)) == [other]
        assert await world.homes.changed(one) == 2

    async def test_of_an_erased_user_nothing_is_kept_and_at_last_not_even_the_id(
        self, world: HomesUnderTest
    ) -> None:
        user_id, home = new_id(), a_home()
        await self.keep(world, user_id, home)
        await world.erase(user_id)
        assert (await world.homes.find(user_id)).kept is None
        changed = await world.homes.changed(user_id)
        for count in (0, changed):
            assert await self.keep(world, user_id, home, changed=count) is None
        assert list(await world.homes.dropped(10)) == [user_id]
        await world.homes.gone([user_id], after_s=0)
        assert list(await world.homes.dropped(10)) == []
        assert await world.homes.find(user_id) == StoredHome()

    async def test_old_homes_are_dropped(self, world: HomesUnderTest) -> None:
        old, young = new_id(), new_id()
        await self.keep(world, old, a_home(NOW_MS - 1))
        await self.keep(world, young, a_home(NOW_MS))
        assert await world.homes.prune(NOW_MS) == 1
        assert await world.homes.find(old) == StoredHome()
        assert (await world.homes.find(young)).kept is not None


class HomeCopiesContract:
    """Copies of homes."""

    async def test_a_copy_is_read_as_it_was_put_and_the_last_one_stands(
        self, copies: HomeCopies
    ) -> None:
        user_id = new_id()
        assert await copies.get(user_id) is None
        for kept in (KeptHome(a_home(), 7), KeptHome(a_home(NOW_MS + 1), 8, exposed=True)):
            await copies.put(user_id, kept, 60_000)
            assert await copies.get(user_id) == kept
        assert await copies.get(new_id()) is None

    async def test_copies_are_dropped_of_those_who_are_named(self, copies: HomeCopies) -> None:
        users = [new_id() for _ in range(3)]
        for user_id in users:
            await copies.put(user_id, KeptHome(a_home(), 0), 60_000)
        await copies.drop([])
        await copies.drop([*users[:2], new_id()])
        assert [await copies.get(user_id) is None for user_id in users] == [True, True, False]
