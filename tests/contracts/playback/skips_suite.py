"""What every ``SkipWindows`` must do."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from meshkit.faults import RequestIdReused
from playback_svc.ports.skips import WINDOW_S, SkipAttempt, SkipWindows
from tests.contracts.playback.samples import new_id

LIMIT = 3

Turn = Callable[[], Awaitable[None]]
"""Lets the present window become the one before."""


def skip_of(user_id: str, request_id: str | None = None, body: bytes = b"body") -> SkipAttempt:
    return SkipAttempt(user_id, request_id or new_id(), hashlib.sha256(body).digest())


class SkipWindowsContract:
    """Subclass it with the fixtures ``windows``, empty for every test, and ``turn``."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def full(self, windows: SkipWindows, user: str) -> list[SkipAttempt]:
        """Uses the whole limit up, and says by what."""
        skips = [skip_of(user) for _ in range(LIMIT)]
        for skip in skips:
            assert (await windows.take(skip, LIMIT)).counted_now
        return skips

    async def test_skips_up_to_the_limit_are_allowed(self, windows: SkipWindows, user: str) -> None:
        tallies = [await windows.take(skip_of(user), LIMIT) for _ in range(LIMIT)]
        assert [tally.used for tally in tallies] == [1, 2, 3]
        assert all(tally.allowed and tally.counted_now for tally in tallies)
        assert all(1 <= tally.resets_in_s <= WINDOW_S for tally in tallies)

    async def test_skips_of_an_erased_user_count_no_more_and_those_of_others_do(
        self, windows: SkipWindows, user: str
    ) -> None:
        other = new_id()
        for one in (user, other):
            await self.full(windows, one)
        for _ in range(2):
            await windows.erase(user)
        assert (await windows.read(user)).used == 0
        assert (await windows.read(other)).used == LIMIT

    async def test_one_beyond_the_limit_is_denied(self, windows: SkipWindows, user: str) -> None:
        await self.full(windows, user)
        tally = await windows.take(skip_of(user), LIMIT)
        assert not tally.allowed
        assert not tally.counted_now
        assert tally.used == LIMIT
        assert 1 <= tally.resets_in_s <= WINDOW_S

    async def test_a_denied_try_costs_nothing(self, windows: SkipWindows, user: str) -> None:
        first, *_ = await self.full(windows, user)
        denied = skip_of(user)
        for _ in range(5):
            assert not (await windows.take(denied, LIMIT)).allowed
        assert (await windows.read(user)).used == LIMIT
        await windows.give_back(first)
        allowed = await windows.take(denied, LIMIT)
        assert (allowed.allowed, allowed.counted_now, allowed.used) == (True, True, LIMIT)

    async def test_a_denied_try_keeps_no_body(self, windows: SkipWindows, user: str) -> None:
        await self.full(windows, user)
        denied = skip_of(user)
        await windows.take(denied, LIMIT)
        other = replace(denied, body_sha256=hashlib.sha256(b"other").digest())
        assert not (await windows.take(other, LIMIT)).allowed

    async def test_a_limit_of_none_at_all_allows_nothing(
        self, windows: SkipWindows, user: str
    ) -> None:
        tally = await windows.take(skip_of(user), 0)
        assert (tally.allowed, tally.used, tally.counted_now) == (False, 0, False)

    async def test_a_limit_that_was_lowered_denies_and_tells_what_was_used(
        self, windows: SkipWindows, user: str
    ) -> None:
        await self.full(windows, user)
        tally = await windows.take(skip_of(user), 1)
        assert (tally.allowed, tally.used) == (False, LIMIT)

    async def test_a_raised_limit_allows_what_it_adds(
        self, windows: SkipWindows, user: str
    ) -> None:
        await self.full(windows, user)
        assert (await windows.take(skip_of(user), LIMIT + 1)).allowed
        assert not (await windows.take(skip_of(user), LIMIT + 1)).allowed

    async def test_a_retry_counts_once(self, windows: SkipWindows, user: str) -> None:
        skip = skip_of(user)
        first, second = [await windows.take(skip, LIMIT) for _ in range(2)]
        assert (first.allowed, first.used, first.counted_now) == (True, 1, True)
        assert (second.allowed, second.used, second.counted_now) == (True, 1, False)

    async def test_a_retry_of_the_last_skip_is_allowed_at_the_limit(
        self, windows: SkipWindows, user: str
    ) -> None:
        *_, last = await self.full(windows, user)
        tally = await windows.take(last, LIMIT)
        assert (tally.allowed, tally.used, tally.counted_now) == (True, LIMIT, False)

    async def test_another_body_under_the_id_is_refused(
        self, windows: SkipWindows, user: str
    ) -> None:
        skip = skip_of(user)
        await windows.take(skip, LIMIT)
        with pytest.raises(RequestIdReused):
            await windows.take(replace(skip, body_sha256=bytes(32)), LIMIT)
        assert (await windows.read(user)).used == 1

    async def test_a_refused_body_does_not_keep_the_first_from_being_given_back(
        self, windows: SkipWindows, user: str
    ) -> None:
        skip = skip_of(user)
        await windows.take(skip, LIMIT)
        with pytest.raises(RequestIdReused):
            await windows.take(replace(skip, body_sha256=bytes(32)), LIMIT)
        await windows.give_back(skip)
        assert (await windows.read(user)).used == 0

    async def test_users_are_counted_apart(self, windows: SkipWindows, user: str) -> None:
        skips = await self.full(windows, user)
        other = new_id()
        tally = await windows.take(replace(skips[0], user_id=other), LIMIT)
        assert (tally.allowed, tally.used, tally.counted_now) == (True, 1, True)
        assert (await windows.read(user)).used == LIMIT

    async def test_looking_counts_nothing(self, windows: SkipWindows, user: str) -> None:
        assert (await windows.read(user)).used == 0
        await self.full(windows, user)
        tallies = [await windows.read(user) for _ in range(3)]
        assert {tally.used for tally in tallies} == {LIMIT}
        assert all(tally.allowed and not tally.counted_now for tally in tallies)
        assert all(1 <= tally.resets_in_s <= WINDOW_S for tally in tallies)

    async def test_a_new_window_begins_at_nothing(
        self, windows: SkipWindows, user: str, turn: Turn
    ) -> None:
        await self.full(windows, user)
        await turn()
        assert (await windows.read(user)).used == 0
        await self.full(windows, user)
        assert not (await windows.take(skip_of(user), LIMIT)).allowed

    async def test_a_retry_across_the_turn_counts_in_neither_window_again(
        self, windows: SkipWindows, user: str, turn: Turn
    ) -> None:
        *_, last = await self.full(windows, user)
        await turn()
        tally = await windows.take(last, LIMIT)
        assert (tally.allowed, tally.used, tally.counted_now) == (True, 0, False)
        await self.full(windows, user)
        tally = await windows.take(last, LIMIT)
        assert (tally.allowed, tally.used, tally.counted_now) == (True, LIMIT, False)

    async def test_another_body_is_refused_across_the_turn(
        self, windows: SkipWindows, user: str, turn: Turn
    ) -> None:
        skip = skip_of(user)
        await windows.take(skip, LIMIT)
        await turn()
        with pytest.raises(RequestIdReused):
            await windows.take(replace(skip, body_sha256=bytes(32)), LIMIT)

    async def test_a_window_is_forgotten_when_the_one_after_it_is_over(
        self, windows: SkipWindows, user: str, turn: Turn
    ) -> None:
        skip = skip_of(user)
        await windows.take(skip, LIMIT)
        await turn()
        await turn()
        tally = await windows.take(replace(skip, body_sha256=bytes(32)), LIMIT)
        assert (tally.allowed, tally.used, tally.counted_now) == (True, 1, True)

    async def test_a_skip_given_back_may_be_taken_by_another(
        self, windows: SkipWindows, user: str
    ) -> None:
        *_, last = await self.full(windows, user)
        await windows.give_back(last)
        assert (await windows.read(user)).used == LIMIT - 1
        assert (await windows.take(skip_of(user), LIMIT)).allowed
        assert not (await windows.take(last, LIMIT)).allowed

    async def test_a_request_given_back_may_be_taken_anew(
        self, windows: SkipWindows, user: str
    ) -> None:
        skip = skip_of(user)
        for _ in range(2):
            assert (await windows.take(skip, LIMIT)).counted_now
            await windows.give_back(skip)
        assert (await windows.read(user)).used == 0

    async def test_giving_back_twice_gives_back_one(self, windows: SkipWindows, user: str) -> None:
        first, *_ = await self.full(windows, user)
        await windows.give_back(first)
        await windows.give_back(first)
        assert (await windows.read(user)).used == LIMIT - 1

    async def test_a_skip_with_a_duplicate_in_flight_is_not_given_back(
        self, windows: SkipWindows, user: str
    ) -> None:
        skip = skip_of(user)
        tallies = await asyncio.gather(*(windows.take(skip, LIMIT) for _ in range(2)))
        assert sorted(tally.counted_now for tally in tallies) == [False, True]
        await windows.give_back(skip)
        await windows.give_back(skip)
        assert (await windows.read(user)).used == 1

    async def test_a_duplicate_across_the_turn_is_not_given_back_either(
        self, windows: SkipWindows, user: str, turn: Turn
    ) -> None:
        skip = skip_of(user)
        await windows.take(skip, LIMIT)
        await turn()
        await windows.take(skip, LIMIT)
        await windows.give_back(skip)
        assert not (await windows.take(skip, LIMIT)).counted_now

    async def test_a_skip_of_the_window_before_can_be_given_back(
        self, windows: SkipWindows, user: str, turn: Turn
    ) -> None:
        skip = skip_of(user)
        await windows.take(skip, LIMIT)
        await turn()
        await windows.give_back(skip)
        assert (await windows.take(skip, LIMIT)).counted_now

    async def test_another_body_gives_nothing_back(self, windows: SkipWindows, user: str) -> None:
        skip = skip_of(user)
        await windows.take(skip, LIMIT)
        await windows.give_back(replace(skip, body_sha256=bytes(32)))
        assert (await windows.read(user)).used == 1

    async def test_giving_back_what_was_never_taken_changes_nothing(
        self, windows: SkipWindows, user: str
    ) -> None:
        await windows.give_back(skip_of(user))
        await self.full(windows, user)
        await windows.give_back(skip_of(user))
        assert (await windows.read(user)).used == LIMIT

    async def test_of_many_at_once_exactly_the_limit_is_allowed(
        self, windows: SkipWindows, user: str
    ) -> None:
        tallies = await asyncio.gather(*(windows.take(skip_of(user), LIMIT) for _ in range(50)))
        assert sum(tally.allowed for tally in tallies) == LIMIT
        assert sum(tally.counted_now for tally in tallies) == LIMIT
