"""What every ``Mailboxes`` must do; it is filled by the ``PlayerStateStore`` beside it."""

from __future__ import annotations

import asyncio

import pytest

from meshkit.faults import InvalidArgument, NotFound
from playback_svc.domain.mailbox import (
    KEPT_MS,
    LIFE_MS,
    Applied,
    Command,
    CommandKind,
    CommandStatus,
    Lapse,
)
from playback_svc.ports.player_states import Change, DropDevice
from tests.contracts.playback.player_states_devices import (
    MailboxStore,
    devices_of,
    post,
    queued_command,
    with_device,
)
from tests.contracts.playback.samples import NOW, device, new_id

VOLUME = CommandKind.VOLUME
DONE, FAILED, SUPERSEDED = CommandStatus.DONE, CommandStatus.FAILED, CommandStatus.SUPERSEDED
OLD = NOW - LIFE_MS


async def filled(store: MailboxStore, user: str, *issued_at: int) -> list[Command]:
    """A mailbox with a command of each of these times."""
    await with_device(store, user)
    letters = [queued_command(number, issued_at_ms=at) for number, at in enumerate(issued_at, 1)]
    assert await post(store, user, *letters)
    return letters


def numbers(commands: tuple[Command, ...]) -> list[int]:
    return [command.number for command in commands]


class MailboxesContract:
    """Subclass it with a fixture ``store`` that is empty for every test."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_an_empty_mailbox_has_nothing(self, store: MailboxStore, user: str) -> None:
        await with_device(store, user)
        for device_id in ("kitchen", "unknown"):
            found = await store.pending(user, device_id, 0, NOW, 10)
            assert (found.commands, found.lapse) == ((), None)

    async def test_what_waits_is_delivered_by_rising_numbers(
        self, store: MailboxStore, user: str
    ) -> None:
        letters = await filled(store, user, *[NOW] * 5)
        found = await store.pending(user, "kitchen", 0, NOW, 3)
        assert found.commands == tuple(letters[:3])
        assert found.lapse is None
        assert (await store.pending(user, "kitchen", 3, NOW, 9)).commands == tuple(letters[3:])
        assert (await store.pending(user, "kitchen", 5, NOW, 9)).commands == ()
        assert (await store.pending(new_id(), "kitchen", 0, NOW, 9)).commands == ()

    async def test_what_grew_too_old_has_lapsed(self, store: MailboxStore, user: str) -> None:
        await filled(store, user, OLD - 1, OLD, OLD + 1, NOW)
        found = await store.pending(user, "kitchen", 0, NOW, 10)
        assert (numbers(found.commands), found.lapse) == ([3, 4], Lapse(1, 2))
        found = await store.pending(user, "kitchen", 1, NOW, 1)
        assert (numbers(found.commands), found.lapse) == ([3], Lapse(2, 2))
        found = await store.pending(user, "kitchen", 2, NOW, 10)
        assert (numbers(found.commands), found.lapse) == ([3, 4], None)
        found = await store.pending(user, "kitchen", 0, NOW + LIFE_MS, 10)
        assert (found.commands, found.lapse) == ((), Lapse(1, 4))

    async def test_what_was_worked_off_has_not_lapsed(self, store: MailboxStore, user: str) -> None:
        await filled(store, user, OLD, OLD, OLD, NOW)
        await store.report(user, "kitchen", [Applied(1, DONE), Applied(2, FAILED)], None, NOW)
        found = await store.pending(user, "kitchen", 0, NOW, 10)
        assert (numbers(found.commands), found.lapse) == ([4], Lapse(3, 3))
        await store.report(user, "kitchen", [Applied(4, DONE)], None, NOW)
        found = await store.pending(user, "kitchen", 0, NOW, 10)
        assert (found.commands, found.lapse) == ((), None)

    async def test_nothing_lapses_that_comes_after_what_is_delivered(
        self, store: MailboxStore, user: str
    ) -> None:
        # Clocks of instances differ: a later number may have an earlier time.
        await filled(store, user, OLD, OLD + 1, OLD, NOW)
        found = await store.pending(user, "kitchen", 0, NOW, 10)
        assert (numbers(found.commands), found.lapse) == ([2, 4], Lapse(1, 1))

    async def test_the_first_word_on_a_command_stands(self, store: MailboxStore, user: str) -> None:
        await filled(store, user, NOW, NOW)
        said = [Applied(1, SUPERSEDED, "by 2"), Applied(1, DONE), Applied(2, FAILED, "no network")]
        await store.report(user, "kitchen", said, None, NOW)
        await store.report(user, "kitchen", [Applied(1, FAILED, "x"), Applied(2, DONE)], None, NOW)
        first, second = [await store.command(user, "kitchen", number) for number in (1, 2)]
        assert first is not None
        assert second is not None
        assert (first.status, first.detail) == (SUPERSEDED, "by 2")
        assert (second.status, second.detail) == (FAILED, "no network")

    async def test_the_last_numbers_of_many_devices_come_in_the_order_asked(
        self, store: MailboxStore, user: str
    ) -> None:
        other = new_id()
        await filled(store, user, *[NOW] * 3)
        await with_device(store, user, device("phone", controllable=True))
        await filled(store, other, NOW - KEPT_MS)
        asked = [(user, "phone"), (other, "kitchen"), (new_id(), "phone"), (user, "kitchen")]
        found = await store.last_numbers([*asked, (other, "phone"), (user, "kitchen")])
        assert found == [0, 1, None, 3, None, 3]
        assert await store.last_numbers([]) == []

    async def test_the_last_number_worked_off_only_rises(
        self, store: MailboxStore, user: str
    ) -> None:
        await filled(store, user, *[NOW] * 4)
        for reported, last in [(3, 0), (1, 1), (4, 1), (2, 4)]:
            found = await store.report(user, "kitchen", [Applied(reported, DONE)], None, NOW)
            assert (found.last_applied, found.last_number) == (last, 4)
            assert await devices_of(store, user) == (found,)
        at_once = [store.report(user, "kitchen", [Applied(n, DONE)], None, NOW) for n in (2, 4, 1)]
        assert {found.last_applied for found in await asyncio.gather(*at_once)} == {4}

    async def test_the_latest_are_listed_by_falling_numbers_however_far_they_are(
        self, store: MailboxStore, user: str
    ) -> None:
        await filled(store, user, OLD, NOW, NOW, NOW)
        await store.report(user, "kitchen", [Applied(3, FAILED, "no")], None, NOW)
        found = await store.latest(user, "kitchen", None, 10)
        assert [one.number for one in found] == [4, 3, 2, 1]
        assert (found[1].status, found[1].detail) == (FAILED, "no")
        for before, limit, expected in ((None, 2, [4, 3]), (3, 2, [2, 1]), (2, 9, [1]), (1, 9, [])):
            page = await store.latest(user, "kitchen", before, limit)
            assert [one.number for one in page] == expected
        assert list(await store.latest(user, "unknown", None, 10)) == []
        assert list(await store.latest(new_id(), "kitchen", None, 10)) == []

    async def test_a_report_tells_loudness_and_that_the_device_was_seen(
        self, store: MailboxStore, user: str
    ) -> None:
        await with_device(store, user)
        found = await store.report(user, "kitchen", [], 0, NOW + 5)
        assert found == device(seen_at_ms=NOW + 5, controllable=True, volume_percent=0)
        found = await store.report(user, "kitchen", [], None, NOW + 1)
        assert found == device(seen_at_ms=NOW + 5, controllable=True, volume_percent=0)
        assert await devices_of(store, user) == (found,)

    async def test_a_volume_command_that_is_done_sets_the_loudness(
        self, store: MailboxStore, user: str
    ) -> None:
        await with_device(store, user)
        for number, percent in ((1, 30), (2, 40), (3, 50)):
            louder = queued_command(number, kind=VOLUME, target=None, volume_percent=percent)
            assert await post(store, user, louder)
        failed = [Applied(3, CommandStatus.FAILED), Applied(1, CommandStatus.DONE)]
        found = await store.report(user, "kitchen", failed, None, NOW)
        assert found.volume_percent == 30
        again = [Applied(number, CommandStatus.DONE) for number in (1, 2, 3)]
        found = await store.report(user, "kitchen", again, None, NOW)
        assert found.volume_percent == 40
        found = await store.report(user, "kitchen", [], 70, NOW)
        assert found.volume_percent == 70
        found = await store.report(user, "kitchen", [Applied(2, CommandStatus.DONE)], None, NOW)
        assert found.volume_percent == 70

    async def test_a_volume_command_done_late_does_not_undo_a_later_one(
        self, store: MailboxStore, user: str
    ) -> None:
        await with_device(store, user)
        for number, percent in ((1, 30), (2, 40), (3, 50)):
            louder = queued_command(number, kind=VOLUME, target=None, volume_percent=percent)
            assert await post(store, user, louder)
        for said, loudness in ((2, 40), (1, 40), (3, 50)):
            found = await store.report(user, "kitchen", [Applied(said, DONE)], None, NOW)
            assert found.volume_percent == loudness

    async def test_what_waits_below_a_reported_number_is_still_delivered(
        self, store: MailboxStore, user: str
    ) -> None:
        await filled(store, user, OLD, NOW, NOW, OLD, NOW, OLD)
        found = await store.report(user, "kitchen", [Applied(3, DONE)], None, NOW)
        assert found.last_applied == 0
        pending = await store.pending(user, "kitchen", 0, NOW, 9)
        assert (numbers(pending.commands), pending.lapse) == ([2, 5], Lapse(1, 1))
        # What is too old holds nothing back, and is not passed unless something after it is said.
        found = await store.report(user, "kitchen", [Applied(2, FAILED)], None, NOW)
        assert found.last_applied == 3
        found = await store.report(user, "kitchen", [Applied(5, DONE)], None, NOW)
        assert found.last_applied == 5
        assert (await store.pending(user, "kitchen", 0, NOW, 9)).lapse == Lapse(6, 6)

    async def test_a_stream_begins_after_what_was_worked_off(
        self, store: MailboxStore, user: str
    ) -> None:
        await filled(store, user, NOW, NOW, NOW, NOW)
        await store.report(user, "kitchen", [Applied(1, FAILED)], None, NOW)
        opening = await store.open_stream(user, "kitchen", 0, None, NOW + 1, 2)
        assert (opening.device.last_applied, opening.device.seen_at_ms) == (1, NOW + 1)
        assert (opening.settled, numbers(opening.pending.commands)) == ((), [2, 3])
        opening = await store.open_stream(user, "kitchen", 3, 70, NOW, 9)
        assert (opening.device.last_applied, opening.device.volume_percent) == (3, 70)
        assert (sorted(opening.settled), numbers(opening.pending.commands)) == ([2, 3], [4])
        statuses = [await store.command(user, "kitchen", number) for number in (1, 2, 3, 4)]
        assert [one.status for one in statuses if one] == [
            FAILED, DONE, DONE, CommandStatus.PENDING
        ]  # fmt: skip
        opening = await store.open_stream(user, "kitchen", 2, None, NOW, 9)
        assert (opening.device.last_applied, opening.settled) == (3, ())
        assert await devices_of(store, user) == (opening.device,)

    async def test_what_a_stream_says_was_worked_off_sets_the_loudness_and_revives_nothing(
        self, store: MailboxStore, user: str
    ) -> None:
        await filled(store, user, OLD)
        for number, percent in ((2, 30), (3, 40)):
            louder = queued_command(number, kind=VOLUME, target=None, volume_percent=percent)
            assert await post(store, user, louder)
        opening = await store.open_stream(user, "kitchen", 3, None, NOW, 9)
        assert opening.device.volume_percent == 40
        assert sorted(opening.settled) == [2, 3]
        assert (opening.pending.commands, opening.pending.lapse) == ((), None)
        old = await store.command(user, "kitchen", 1)
        assert old is not None
        assert old.status_at(NOW) is CommandStatus.EXPIRED

    async def test_streams_of_a_device_are_numbered_as_they_open_though_it_is_removed(
        self, store: MailboxStore, user: str
    ) -> None:
        await with_device(store, user)
        opened = [await store.open_stream(user, "kitchen", 0, None, NOW, 1) for _ in range(2)]
        change = Change(user, (DropDevice("kitchen"),))
        assert await store.commit(change, NOW)
        await with_device(store, user)
        opened.append(await store.open_stream(user, "kitchen", 0, None, NOW, 1))
        given = [opening.stream_number for opening in opened]
        assert 0 < given[0] < given[1] < given[2]

    async def test_a_lapse_that_was_told_is_not_found_again(
        self, store: MailboxStore, user: str
    ) -> None:
        await filled(store, user, OLD, OLD, NOW)
        opening = await store.open_stream(user, "kitchen", 0, None, NOW, 9)
        assert opening.pending.lapse == Lapse(1, 2)
        await store.acknowledge_lapse(user, "kitchen", Lapse(1, 2))
        opening = await store.open_stream(user, "kitchen", 0, None, NOW, 9)
        assert (opening.device.last_applied, opening.pending.lapse) == (2, None)
        assert numbers(opening.pending.commands) == [3]
        await store.acknowledge_lapse(user, "unknown", Lapse(1, 2))
        await store.acknowledge_lapse(user, "kitchen", Lapse(1, 1))
        assert (await store.open_stream(user, "kitchen", 0, None, NOW, 9)).device.last_applied == 2

    @pytest.mark.parametrize("number", [2, 2**31 - 1])
    async def test_a_stream_that_names_a_number_never_given_is_refused(
        self, store: MailboxStore, user: str, number: int
    ) -> None:
        await filled(store, user, NOW)
        (before,) = await devices_of(store, user)
        with pytest.raises(InvalidArgument) as refused:
            await store.open_stream(user, "kitchen", number, 50, NOW + 9, 9)
        assert refused.value.metadata["field"] == "last_applied"
        assert await devices_of(store, user) == (before,)
        with pytest.raises(NotFound):
            await store.open_stream(user, "phone", 0, None, NOW, 9)

    async def test_a_number_that_was_never_given_is_refused_with_all_else(
        self, store: MailboxStore, user: str
    ) -> None:
        await filled(store, user, NOW)
        (before,) = await devices_of(store, user)
        with pytest.raises(InvalidArgument) as refused:
            said = [Applied(1, DONE), Applied(2, DONE)]
            await store.report(user, "kitchen", said, 50, NOW + 9)
        assert refused.value.metadata["field"] == "applied.number"
        assert await devices_of(store, user) == (before,)
        assert await store.command(user, "kitchen", 1) == queued_command(1)

    async def test_an_unknown_device_cannot_report(self, store: MailboxStore, user: str) -> None:
        await with_device(store, user)
        for whose, device_id in [(user, "phone"), (new_id(), "kitchen")]:
            with pytest.raises(NotFound) as refused:
                await store.report(whose, device_id, [], None, NOW)
            assert refused.value.metadata == {"resource": "device", "id": device_id}
