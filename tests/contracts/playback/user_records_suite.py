"""What every ``UserRecords`` must do to the stores beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

import pytest

from meshkit.clock import now_ms
from meshkit.feeds import ChangeFeed
from playback_svc.domain.denials import KEPT_MS
from playback_svc.domain.player_state import EndReason, Status
from playback_svc.domain.preferences import Preferences
from playback_svc.ports.accounts import ToldPlans
from playback_svc.ports.deliveries import Deliveries
from playback_svc.ports.player_states import Change, Partition, PutBodies, PutState
from playback_svc.ports.plays import Plays
from playback_svc.ports.user_records import UserRecords
from tests.contracts.playback.deliveries_suite import MONTH, a_batch, a_delivery
from tests.contracts.playback.player_states_devices import MailboxStore, queued_command
from tests.contracts.playback.plays_suite import a_play, ids
from tests.contracts.playback.samples import (
    ASSET,
    NOW,
    device,
    new_id,
    playing,
    record,
    request_key,
    stored,
)


@dataclass(frozen=True, slots=True)
class RecordsUnderTest:
    """Empty stores that share their rows; ``append_play`` puts a play into a feed in memory.

    ``denied`` are the sessions of which no path gives anything."""

    records: UserRecords
    store: MailboxStore
    plays: Plays
    deliveries: Deliveries
    feed: ChangeFeed
    append_play: Callable[[str, object], Awaitable[None]]
    denied: Callable[[], Awaitable[Collection[str]]]
    told_plans: ToldPlans

    async def live(self, user_id: str) -> str:
        """Has a user do all that leaves a trace; the session that was begun."""
        state, answer = playing(), request_key(user_id)
        writes = (
            PutState(state, None),
            record(state),
            stored(answer, state),
            Preferences(version=1),
            device(controllable=True),
            PutBodies({"listing": b"body"}),
        )
        assert await self.store.commit(Change(user_id, writes), NOW)
        assert await self.store.commit(Change(user_id, (queued_command(1),)), NOW)
        await self.told_plans.put(user_id, "premium")
        await self.deliveries.count(a_batch(a_delivery(state.session_id, 1, 2)), NOW)
        for _ in range(3):
            play = a_play()
            assert await self.store.commit(Change(user_id, (play,)), NOW)
            await self.append_play(user_id, play)
        return state.session_id

    async def partition(self, user_id: str) -> Partition:
        """What one read finds of the user."""
        return await self.store.read(user_id, request_key(user_id), NOW)


class UserRecordsContract:
    """Subclass it with a fixture ``under_test``."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_nothing_is_left_of_who_was_erased(
        self, under_test: RecordsUnderTest, user: str
    ) -> None:
        session = await under_test.live(user)
        await under_test.records.erase(user)
        assert await under_test.partition(user) == Partition(None, None)
        assert await under_test.store.blob(user, "listing") is None
        assert await under_test.store.command(user, "kitchen", 1) is None
        assert await under_test.deliveries.month_bytes(user, MONTH) == 0
        for distinct in (False, True):
            assert ids(await under_test.plays.page(user, None, 9, distinct=distinct)) == []
        assert await under_test.store.session(user, session) is not None

    async def test_nothing_changes_for_others(
        self, under_test: RecordsUnderTest, user: str
    ) -> None:
        other = new_id()
        await under_test.live(user)
        theirs = await under_test.live(other)
        before = await under_test.partition(other)
        plays = ids(await under_test.plays.page(other, None, 9, distinct=False))
        await under_test.records.erase(user)
        await under_test.records.erase_sessions(user, [theirs])
        assert await under_test.partition(other) == before
        assert ids(await under_test.plays.page(other, None, 9, distinct=False)) == plays
        assert await under_test.store.session(other, theirs) is not None
        assert await under_test.deliveries.month_bytes(other, MONTH) > 0

    async def test_the_feed_tells_no_play_of_theirs_from_any_token_and_all_others(
        self, under_test: RecordsUnderTest, user: str
    ) -> None:
        first, last, oldest = new_id(), new_id(), await under_test.feed.oldest()
        await under_test.live(first)
        between = (await under_test.feed.read(oldest)).token
        await under_test.live(user)
        await under_test.live(last)
        await under_test.records.erase(user)
        for token, others in ((oldest, (first, last)), (between, (last,))):
            told = [one.id for one in (await under_test.feed.read(token)).changes]
            pages = [await under_test.plays.page(one, None, 9, distinct=False) for one in others]
            assert sorted(told) == sorted(id_ for page in pages for id_ in ids(page))

    async def test_the_paths_of_sessions_that_may_have_some_go_with_them(
        self, under_test: RecordsUnderTest, user: str
    ) -> None:
        other, ended_at = new_id(), (now_ms() - KEPT_MS - 60_000, now_ms())
        lasting, theirs = await under_test.live(user), await under_test.live(other)
        over = [
            record(playing(), status=Status.STOPPED, ended_at_ms=at, ended_by=EndReason.EXPIRED)
            for at in ended_at
        ]
        assert await under_test.store.commit(Change(user, tuple(over)), NOW)
        old, recent = (one.session_id for one in over)
        await under_test.records.erase_sessions(user, [lasting, old, recent, theirs])
        assert sorted(await under_test.denied()) == sorted([lasting, recent])

    async def test_sessions_go_with_what_was_delivered_to_them(
        self, under_test: RecordsUnderTest, user: str
    ) -> None:
        session = await under_test.live(user)
        assert list(await under_test.records.sessions(user, 9)) == [session]
        await under_test.records.erase_sessions(user, [session])
        assert list(await under_test.records.sessions(user, 9)) == []
        assert await under_test.store.session(user, session) is None
        assert await under_test.deliveries.delivered_ms(session, ASSET.descriptor) == 0

    async def test_no_more_sessions_are_named_than_are_asked_for(
        self, under_test: RecordsUnderTest, user: str
    ) -> None:
        sessions = [record(playing()) for _ in range(3)]
        assert await under_test.store.commit(Change(user, tuple(sessions)), NOW)
        assert len(await under_test.records.sessions(user, 2)) == 2

    async def test_who_was_erased_or_never_there_can_be_erased_again(
        self, under_test: RecordsUnderTest, user: str
    ) -> None:
        await under_test.live(user)
        for _ in range(2):
            await under_test.records.erase(user)
        await under_test.records.erase(new_id())
        assert await under_test.partition(user) == Partition(None, None)
