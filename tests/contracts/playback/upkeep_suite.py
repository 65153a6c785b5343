"""What every ``Upkeep`` must do to the ``PlayerStateStore`` and ``Mailboxes`` beside it."""

from __future__ import annotations

import pytest

from playback_svc.domain.denials import Denial
from playback_svc.domain.mailbox import Applied, CommandStatus, Lapse
from playback_svc.domain.player_state import EndReason, Status, end
from playback_svc.ports.player_states import Change, Checkpoint, PutState
from playback_svc.ports.upkeep import Overdue, Upkeep
from tests.contracts.playback.player_states_devices import (
    MailboxStore,
    devices_of,
    post,
    queued_command,
    with_device,
)
from tests.contracts.playback.samples import (
    MINUTE,
    NOW,
    beat,
    new_id,
    playing,
    record,
    request_key,
    stored,
)


class UpkeepContract:
    """Subclass it with fixtures ``store`` and ``upkeep`` of one store, empty for every test."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_answers_past_their_time_are_dropped_a_batch_at_a_time(
        self, store: MailboxStore, upkeep: Upkeep, user: str
    ) -> None:
        await with_device(store, user)
        assert await post(store, user, queued_command(1))
        for number in range(3):
            answer = stored(request_key(user, f"r{number}"), playing())
            assert await store.commit(Change(user, (answer,)), NOW)
        kept = stored(request_key(user, "kept"), playing(), NOW + 9 * MINUTE)
        assert await store.commit(Change(user, (kept,)), NOW)
        assert [await upkeep.forget_answers(NOW + MINUTE, 2) for _ in range(3)] == [2, 1, 0]
        assert (await store.read(user, kept.key, NOW)).stored == kept
        assert await store.command(user, "kitchen", 1) == queued_command(1)

    async def test_denials_past_their_time_are_dropped_a_batch_at_a_time(
        self, store: MailboxStore, upkeep: Upkeep, user: str
    ) -> None:
        over = [Denial(new_id(), (), NOW + at) for at in (-2, -1, 0)]
        kept = Denial(new_id(), ("128",), NOW + 1)
        assert await store.commit(Change(user, (*over, kept)), NOW)
        assert [await upkeep.forget_denials(NOW, 2) for _ in range(3)] == [2, 1, 0]
        assert await upkeep.forget_denials(NOW + 1, 2) == 1

    async def test_old_commands_are_dropped_a_batch_at_a_time(
        self, store: MailboxStore, upkeep: Upkeep, user: str
    ) -> None:
        await with_device(store, user)
        old = [queued_command(number, issued_at_ms=NOW) for number in (1, 2, 3)]
        kept = queued_command(4, issued_at_ms=NOW + 1)
        assert await post(store, user, *old, kept)
        over = stored(request_key(user), playing(), NOW)
        assert await store.commit(Change(user, (over,)), NOW - 1)
        assert [await upkeep.forget_commands(NOW, 2) for _ in range(3)] == [2, 1, 0]
        assert [await store.command(user, "kitchen", number) for number in range(1, 5)] == [
            None, None, None, kept,
        ]  # fmt: skip
        assert (await devices_of(store, user))[0].last_number == 4
        assert (await store.read(user, over.key, NOW - 1)).stored == over

    async def test_commands_that_were_forgotten_have_lapsed(
        self, store: MailboxStore, upkeep: Upkeep, user: str
    ) -> None:
        await with_device(store, user)
        times = (NOW - MINUTE, NOW - MINUTE, NOW - MINUTE, NOW)
        letters = [queued_command(number, issued_at_ms=at) for number, at in enumerate(times, 1)]
        assert await post(store, user, *letters)
        assert await upkeep.forget_commands(NOW - 1, 10) == 3
        found = await store.pending(user, "kitchen", 0, NOW, 10)
        assert ([one.number for one in found.commands], found.lapse) == ([4], Lapse(1, 3))
        await store.report(user, "kitchen", [Applied(1, CommandStatus.DONE)], None, NOW)
        assert (await store.pending(user, "kitchen", 0, NOW, 10)).lapse == Lapse(2, 3)

    async def test_sessions_are_dropped_after_their_end_and_never_before_it(
        self, store: MailboxStore, upkeep: Upkeep, user: str
    ) -> None:
        lasting = record(playing())
        ends = (NOW - 2, NOW - 1, NOW, NOW + 1)
        over = [
            record(playing(), status=Status.STOPPED, ended_at_ms=at, ended_by=EndReason.STOPPED)
            for at in ends
        ]
        assert await store.commit(Change(user, (lasting, *over)), NOW)
        assert [await upkeep.forget_sessions(NOW, 2) for _ in range(3)] == [2, 1, 0]
        left = [await store.session(user, one.session_id) for one in (lasting, *over)]
        assert left == [lasting, None, None, None, over[3]]

    async def test_overdue_users_come_longest_overdue_first(
        self, store: MailboxStore, upkeep: Upkeep
    ) -> None:
        late, later, live, over = (new_id() for _ in range(4))
        await store.commit(Change(late, (PutState(playing(now=NOW - 5 * MINUTE), None),)), NOW)
        await store.commit(Change(later, (PutState(playing(now=NOW - 9 * MINUTE), None),)), NOW)
        await store.commit(Change(live, (PutState(playing(), None),)), NOW)
        stopped = end(playing(now=NOW - 9 * MINUTE), EndReason.STOPPED, 0, NOW - 8 * MINUTE)
        await store.commit(Change(over, (PutState(stopped, None),)), NOW)
        assert [one.user_id for one in await upkeep.overdue(NOW, 10)] == [later, late]
        (first,) = await upkeep.overdue(NOW, 1)
        assert first.user_id == later
        assert [one.user_id for one in await upkeep.overdue(NOW, 10, first)] == [late]

    async def test_all_overdue_are_gone_through_though_many_were_over_at_once(
        self, store: MailboxStore, upkeep: Upkeep
    ) -> None:
        users = sorted(new_id() for _ in range(7))
        for user_id in users:
            await store.commit(
                Change(user_id, (PutState(playing(now=NOW - 9 * MINUTE), None),)), NOW
            )
        after, found = Overdue(0, ""), []
        while batch := await upkeep.overdue(NOW, 2, after):
            found += [one.user_id for one in batch]
            after = batch[-1]
        assert found == users

    async def test_a_checkpoint_puts_off_the_end(
        self, store: MailboxStore, upkeep: Upkeep, user: str
    ) -> None:
        state = playing()
        assert await store.commit(Change(user, (PutState(state, None), record(state))), NOW)
        await store.checkpoint([Checkpoint(user, beat(state, beat_at_ms=NOW + 10 * MINUTE))])
        assert await upkeep.overdue(NOW + 10 * MINUTE, 10) == []
        (one,) = await upkeep.overdue(NOW + 11 * MINUTE, 10)
        assert one.user_id == user
