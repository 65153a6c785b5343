"""What every ``PlayerStateStore`` must do about devices and what is put into their mailboxes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

import pytest

from playback_svc.domain import player_state
from playback_svc.domain.devices import Capabilities, Device, DeviceKind
from playback_svc.domain.liveness import observe
from playback_svc.domain.mailbox import Command, CommandKind
from playback_svc.domain.play_queue import PlayQueue
from playback_svc.domain.player_state import PlayerState, Version
from playback_svc.ports.mailboxes import Mailboxes
from playback_svc.ports.player_states import (
    Change,
    Checkpoint,
    DropBodies,
    DropDevice,
    PlayerStateStore,
    PutBodies,
    PutState,
    RaiseDevicesVersion,
    RequireState,
)
from tests.contracts.playback.samples import (
    NOW,
    beat,
    device,
    new_id,
    playing,
    record,
    request_key,
    stored,
)


class MailboxStore(PlayerStateStore, Mailboxes, Protocol):
    """A store with the mailboxes that it fills."""


def queued_command(number: int, device_id: str = "kitchen", **changed: object) -> Command:
    plain = Command(device_id, number, CommandKind.VOLUME, None, NOW, volume_percent=number % 101)
    return replace(plain, **changed)  # type: ignore[arg-type]


async def post(store: PlayerStateStore, user: str, *commands: Command) -> bool:
    """Whether the letters were put into their mailboxes, with nothing else."""
    return await store.commit(Change(user, commands), NOW)


async def with_device(store: PlayerStateStore, user: str, *devices: Device) -> None:
    """Registers devices, by default the kitchen's."""
    every = devices or (device(controllable=True),)
    assert await store.commit(Change(user, every), NOW)


async def devices_of(store: PlayerStateStore, user: str) -> tuple[Device, ...]:
    return (await store.read(user, None, NOW)).devices


class DevicesContract:
    """Subclass it with a fixture ``store`` that is empty for every test."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_devices_come_back_whole_and_by_their_ids(
        self, store: MailboxStore, user: str
    ) -> None:
        speaker = device(
            "a-speaker",
            NOW + 5,
            name="Küche",
            kind=DeviceKind.SPEAKER,
            capabilities=Capabilities(("128", "flac"), ("aac",), ("widevine",), volume=True),
            controllable=True,
            volume_percent=0,
            sid="sign-in",
        )
        plain = device("B-plain")
        await with_device(store, user, plain, speaker)
        assert await devices_of(store, user) == (plain, speaker)
        assert await devices_of(store, new_id()) == ()

    async def test_a_device_that_is_written_again_keeps_its_numbers(
        self, store: MailboxStore, user: str
    ) -> None:
        await with_device(store, user, device(controllable=True))
        assert await post(store, user, queued_command(1), queued_command(2))
        again = device(seen_at_ms=NOW - 9, name="Stove", registered_at_ms=NOW + 9, last_applied=2)
        await with_device(store, user, replace(again, sid="another"))
        (found,) = await devices_of(store, user)
        assert found == device(name="Stove", last_number=2, sid="another")

    async def test_a_removed_device_goes_with_its_commands(
        self, store: MailboxStore, user: str
    ) -> None:
        await with_device(store, user, device(controllable=True), device("phone"))
        assert await post(store, user, queued_command(1), queued_command(1, "phone"))
        assert await store.commit(Change(user, (DropDevice("kitchen"),)), NOW)
        assert [one.device_id for one in await devices_of(store, user)] == ["phone"]
        assert await store.command(user, "kitchen", 1) is None
        assert await store.command(user, "phone", 1) == queued_command(1, "phone")
        await with_device(store, user, device())
        (found, _) = await devices_of(store, user)
        assert found.last_number == 0
        assert await post(store, user, queued_command(1))

    async def test_removing_a_device_that_is_gone_changes_nothing(
        self, store: MailboxStore, user: str
    ) -> None:
        await with_device(store, user)
        assert await store.commit(Change(user, (DropDevice("phone"),)), NOW)
        assert len(await devices_of(store, user)) == 1

    async def test_commands_come_back_whole(self, store: MailboxStore, user: str) -> None:
        await with_device(store, user, device(), device("phone"))
        target = replace(playing(), private=True, skips_count=1, last_beat_at_ms=NOW)
        playback = queued_command(
            1, kind=CommandKind.SKIP, target=target, queue_count=5, sender="phone", volume_percent=0
        )
        volume = queued_command(1, "phone", sender="kitchen", volume_percent=100)
        assert await post(store, user, playback, volume)
        assert await store.command(user, "kitchen", 1) == playback
        assert await store.command(user, "phone", 1) == volume
        assert await store.command(user, "phone", 2) is None
        assert await store.command(new_id(), "kitchen", 1) is None
        assert [one.last_number for one in await devices_of(store, user)] == [1, 1]

    async def test_a_target_is_kept_without_the_entries_of_its_queue(
        self, store: MailboxStore, user: str
    ) -> None:
        await with_device(store, user)
        target = playing(queue=PlayQueue(queued=b"t" * 32))
        assert await post(store, user, queued_command(1, target=target, queue_count=1))
        found = await store.command(user, "kitchen", 1)
        assert found is not None
        assert found.target == replace(target, queue=PlayQueue())
        assert found.queue_count == 1

    async def test_of_commands_with_one_number_one_is_put_in(
        self, store: MailboxStore, user: str
    ) -> None:
        await with_device(store, user)
        letters = [queued_command(1, volume_percent=percent) for percent in range(8)]
        won = await asyncio.gather(*(post(store, user, one) for one in letters))
        assert won.count(True) == 1
        assert await store.command(user, "kitchen", 1) == letters[won.index(True)]
        assert (await devices_of(store, user))[0].last_number == 1

    @pytest.mark.parametrize("number", [0, 1, 3, 9])
    async def test_a_number_that_does_not_follow_refuses_the_whole_change(
        self, store: MailboxStore, user: str, number: int
    ) -> None:
        await with_device(store, user)
        assert await post(store, user, queued_command(1))
        await self._refused(store, user, queued_command(number))

    async def test_mail_to_an_unknown_device_refuses_the_whole_change(
        self, store: MailboxStore, user: str
    ) -> None:
        await with_device(store, user)
        assert await post(store, user, queued_command(1))
        await self._refused(store, user, queued_command(2), queued_command(1, "phone"))

    async def _refused(self, store: MailboxStore, user: str, *commands: Command) -> None:
        """A change with ``commands`` leaves no trace of any of its parts."""
        state, key = playing(), request_key(user)
        kept = Change(user, (PutState(state, None), record(state), PutBodies({"old": b"old"})))
        assert await store.commit(kept, NOW)
        before = await store.read(user, None, NOW)
        after = playing(state)
        change = Change(
            user,
            (
                PutState(after, state.version),
                record(after),
                device("new"),
                device(name="Stove"),
                DropDevice("kitchen"),
                *commands,
                stored(key, after),
                PutBodies({"new": b"new"}),
                DropBodies(("old",)),
            ),
        )
        assert not await store.commit(change, NOW)
        assert await store.read(user, key, NOW) == before
        assert await store.session(user, after.session_id) is None
        assert await store.blob(user, "old") == b"old"
        assert await store.blob(user, "new") is None
        assert await store.command(user, "kitchen", 1) == queued_command(1)
        assert await store.command(user, "kitchen", 2) is None

    async def test_mail_is_put_in_with_its_change_alone(
        self, store: MailboxStore, user: str
    ) -> None:
        state = playing()
        await with_device(store, user)
        assert await store.commit(Change(user, (PutState(state, None),)), NOW)
        stale = player_state.Version(9, 9)
        assert not await store.commit(
            Change(user, (PutState(playing(state), stale), queued_command(1))), NOW
        )
        assert await store.command(user, "kitchen", 1) is None
        after: PlayerState = player_state.pause(state, NOW)
        assert await store.commit(
            Change(user, (PutState(after, state.version), queued_command(1))), NOW
        )
        assert await store.command(user, "kitchen", 1) == queued_command(1)

    async def test_of_writers_of_one_list_of_devices_one_wins(
        self, store: MailboxStore, user: str
    ) -> None:
        assert (await store.read(user, None, NOW)).devices_version == 0
        for version in (1, 2):
            changes = [
                Change(user, (device(name), RaiseDevicesVersion(version)))
                for name in ("kitchen", "phone", "tv")
            ]
            won = await asyncio.gather(*(store.commit(change, NOW) for change in changes))
            assert sorted(won) == [False, False, True]
            assert (await store.read(user, None, NOW)).devices_version == version
        stale = Change(user, (DropDevice("kitchen"), RaiseDevicesVersion(2)))
        before = await devices_of(store, user)
        assert not await store.commit(stale, NOW)
        assert await devices_of(store, user) == before

    async def test_a_list_of_devices_says_nothing_of_how_loud_they_are(
        self, store: MailboxStore, user: str
    ) -> None:
        await with_device(store, user)
        (quiet,) = await devices_of(store, user)
        await store.report(user, "kitchen", (), 40, NOW)
        await with_device(store, user, replace(quiet, name="Küche"))
        (found,) = await devices_of(store, user)
        assert (found.name, found.volume_percent) == ("Küche", 40)

    async def test_a_state_of_the_version_that_is_there_leaves_newer_beats(
        self, store: MailboxStore, user: str
    ) -> None:
        state = playing()
        assert await store.commit(Change(user, (PutState(state, None),)), NOW)
        live = beat(state, seq=9)
        assert await store.checkpoint([Checkpoint(user, live)]) == [True]
        known = (device("kitchen"),)
        assert await store.commit(Change(user, (RequireState(state.version), *known)), NOW)
        assert (await store.read(user, None, NOW)).state == observe(state, live)
        other = Change(user, (RequireState(Version(1, 2)), *known))
        assert not await store.commit(other, NOW)
