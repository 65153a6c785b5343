"""The session store in memory, for unit tests. Loses all with the process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from meshkit.faults import InvalidArgument
from meshkit.idempotency import RequestKey
from playback_svc.domain.denials import Denial
from playback_svc.domain.devices import Device, unknown_device_error
from playback_svc.domain.liveness import expires_at_ms, observe
from playback_svc.domain.mailbox import (
    Applied,
    Command,
    CommandKind,
    CommandStatus,
    Lapse,
    Pending,
)
from playback_svc.domain.player_state import PlayerState
from playback_svc.domain.plays import PlayRecord
from playback_svc.domain.preferences import Preferences
from playback_svc.ports.answers import StoredAnswer
from playback_svc.ports.mailboxes import MailboxSnapshot
from playback_svc.ports.player_states import (
    Change,
    Checkpoint,
    DropBodies,
    DropDevice,
    Partition,
    PutBodies,
    PutState,
    RaiseDevicesVersion,
    RequirePreferences,
    RequireState,
    SessionRecord,
    Write,
)
from playback_svc.ports.upkeep import FIRST, Overdue

_AnswerKey = tuple[str, str, str]


@dataclass
class MemoryPlayerStates:
    """A ``PlayerStateStore``, its ``Mailboxes``, its ``Upkeep`` and its ``ToldPlans``.

    Every call yields to the loop once, so that races are real.
    """

    states: dict[str, PlayerState] = field(default_factory=dict)
    sessions: dict[tuple[str, str], SessionRecord] = field(default_factory=dict)
    devices: dict[str, dict[str, Device]] = field(default_factory=dict)
    commands: dict[tuple[str, str], dict[int, Command]] = field(default_factory=dict)
    plays: dict[str, dict[str, PlayRecord]] = field(default_factory=dict)
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    preferences: dict[str, Preferences] = field(default_factory=dict)
    devices_versions: dict[str, int] = field(default_factory=dict)
    answers: dict[_AnswerKey, StoredAnswer] = field(default_factory=dict)
    denials: dict[str, tuple[int, Denial]] = field(default_factory=dict)
    told_tiers: dict[str, str] = field(default_factory=dict)
    opened_streams: int = 0

    async def read(self, user_id: str, key: RequestKey | None, now_ms: int) -> Partition:
        await asyncio.sleep(0)
        stored = self.answers.get(_answer_key(key)) if key else None
        if stored is not None and stored.expires_at_ms <= now_ms:
            stored = None
        devices = sorted(self.devices.get(user_id, {}).values(), key=lambda one: one.device_id)
        return Partition(
            self.states.get(user_id),
            stored,
            tuple(devices),
            self.preferences.get(user_id, Preferences()),
            self.devices_versions.get(user_id, 0),
            self.told_tiers.get(user_id, ""),
        )

    async def put(self, user_id: str, tier: str) -> None:
        await asyncio.sleep(0)
        self.told_tiers[user_id] = tier

    async def forget_all(self) -> None:
        await asyncio.sleep(0)
        self.told_tiers.clear()

    async def session(self, user_id: str, session_id: str) -> SessionRecord | None:
        await asyncio.sleep(0)
        return self.sessions.get((user_id, session_id))

    async def blob(self, user_id: str, blob_id: str) -> bytes | None:
        await asyncio.sleep(0)
        return self.blobs.get((user_id, blob_id))

    async def with_bodies(self, user_id: str) -> tuple[PlayerState, Mapping[str, bytes]] | None:
        await asyncio.sleep(0)
        state = self.states.get(user_id)
        if state is None:
            return None
        context = state.queue.context
        names = (context.listing_id, context.order_id) if context else ()
        bodies = {name: self.blobs.get((user_id, name)) for name in names if name}
        return state, {name: body for name, body in bodies.items() if body is not None}

    async def commit(self, change: Change, now_ms: int) -> bool:
        await asyncio.sleep(0)
        user_id = change.user_id
        if not all(self._holds(user_id, write, now_ms) for write in change.writes):
            return False
        if not self._numbers_follow(change):
            return False
        # Devices come last: one that is dropped and written begins anew.
        for write in sorted(change.writes, key=lambda one: isinstance(one, Device)):
            self._write(user_id, write)
        return True

    def _write(self, user_id: str, write: Write) -> None:
        match write:
            case PutState(state):
                self.states[user_id] = state
            case StoredAnswer(key):
                self.answers[_answer_key(key)] = write
            case Preferences():
                self.preferences[user_id] = write
            case SessionRecord(session_id):
                self.sessions[user_id, session_id] = write
            case PutBodies(bodies):
                self.blobs.update({(user_id, name): body for name, body in bodies.items()})
            case DropBodies(names):
                for name in names:
                    self.blobs.pop((user_id, name), None)
            case PlayRecord(play_id):
                self.plays.setdefault(user_id, {}).setdefault(play_id, write)
            case Denial():
                self.deny(write)
            case _:
                self._write_devices(user_id, write)

    def _write_devices(self, user_id: str, write: Write) -> None:
        devices = self.devices.setdefault(user_id, {})
        match write:
            case RaiseDevicesVersion(version):
                self.devices_versions[user_id] = version
            case Command():
                self._post(user_id, write)
            case DropDevice(device_id):
                devices.pop(device_id, None)
                self.commands.pop((user_id, device_id), None)
            case Device(device_id):
                devices[device_id] = _numbered(write, devices.get(device_id))

    def _holds(self, user_id: str, write: Write, now_ms: int) -> bool:
        """Whether what a write rests on holds; the numbers of commands apart."""
        held = self.states.get(user_id)
        preferred = self.preferences.get(user_id, Preferences()).version
        match write:
            case PutState(_, expected):
                return (held.version if held else None) == expected
            case RequireState(version):
                return held is not None and held.version == version
            case StoredAnswer(key):
                kept = self.answers.get(_answer_key(key))
                return kept is None or kept.expires_at_ms <= now_ms
            case Preferences(version=version):
                return preferred == version - 1
            case RequirePreferences(version):
                return preferred == version
            case RaiseDevicesVersion(version):
                return self.devices_versions.get(user_id, 0) == version - 1
            case _:
                return True

    def _numbers_follow(self, change: Change) -> bool:
        devices = self.devices.get(change.user_id, {})
        last = {device_id: device.last_number for device_id, device in devices.items()}
        for command in change.writes:
            if not isinstance(command, Command):
                continue
            if last.get(command.device_id) != command.number - 1:
                return False
            last[command.device_id] = command.number
        return True

    def _post(self, user_id: str, command: Command) -> None:
        devices = self.devices[user_id]
        held = devices[command.device_id]
        devices[command.device_id] = replace(held, last_number=command.number)
        # As stored: a target without the entries of its queue.
        target = command.target
        if target is not None:
            target = replace(target, queue=replace(target.queue, queued=b""))
        mailbox = self.commands.setdefault((user_id, command.device_id), {})
        mailbox[command.number] = replace(command, target=target)

    def deny(self, denial: Denial) -> None:
        """Keeps a denial at the version after the one of before."""
        version, _ = self.denials.get(denial.session_id, (0, denial))
        self.denials[denial.session_id] = (version + 1, denial)

    async def checkpoint(self, beats: Sequence[Checkpoint]) -> list[bool]:
        await asyncio.sleep(0)
        return [self._check(beat) for beat in beats]

    def _check(self, beat: Checkpoint) -> bool:
        state = self.states.get(beat.user_id)
        if state is None or state.version != beat.live.version:
            return False
        self.states[beat.user_id] = observe(state, beat.live)
        return True

    async def overdue(self, before_ms: int, limit: int, after: Overdue = FIRST) -> list[Overdue]:
        ends = ((expires_at_ms(state), user_id) for user_id, state in self.states.items())
        over = (Overdue(end, user_id) for end, user_id in ends if end is not None)
        return sorted(one for one in over if one.over_at_ms < before_ms and one > after)[:limit]

    async def forget_answers(self, now_ms: int, limit: int) -> int:
        old = [key for key, stored in self.answers.items() if stored.expires_at_ms <= now_ms]
        for key in old[:limit]:
            del self.answers[key]
        return len(old[:limit])

    async def forget_commands(self, until_ms: int, limit: int) -> int:
        old = [
            (mailbox, number)
            for mailbox in self.commands.values()
            for number, command in mailbox.items()
            if command.issued_at_ms <= until_ms
        ][:limit]
        for mailbox, number in old:
            del mailbox[number]
        return len(old)

    async def forget_denials(self, now_ms: int, limit: int) -> int:
        ends = ((key, denial.forget_at_ms) for key, (_, denial) in self.denials.items())
        old = [key for key, at_ms in ends if at_ms <= now_ms][:limit]
        for key in old:
            del self.denials[key]
        return len(old)

    async def forget_sessions(self, until_ms: int, limit: int) -> int:
        ends = ((key, record.ended_at_ms) for key, record in self.sessions.items())
        old = [key for key, at_ms in ends if at_ms is not None and at_ms <= until_ms][:limit]
        for key in old:
            del self.sessions[key]
        return len(old)

    async def pending(
        self, user_id: str, device_id: str, after: int, now_ms: int, limit: int
    ) -> Pending:
        await asyncio.sleep(0)
        device = self.devices.get(user_id, {}).get(device_id)
        if device is None:
            return Pending((), None)
        mailbox = self.commands.get((user_id, device_id), {})
        waiting: list[Command] = []
        lapsed: list[int] = []
        for number in range(after + 1, device.last_number + 1):
            command = mailbox.get(number)
            status = command.status_at(now_ms) if command else CommandStatus.EXPIRED
            if command is not None and status is CommandStatus.PENDING:
                waiting.append(command)
            elif status is CommandStatus.EXPIRED and number > device.last_applied and not waiting:
                lapsed.append(number)
        lapse = Lapse(lapsed[0], lapsed[-1]) if lapsed else None
        return Pending(tuple(waiting[:limit]), lapse)

    async def last_numbers(self, devices: Sequence[tuple[str, str]]) -> list[int | None]:
        await asyncio.sleep(0)
        found = [self.devices.get(user_id, {}).get(device_id) for user_id, device_id in devices]
        return [device.last_number if device else None for device in found]

    async def command(self, user_id: str, device_id: str, number: int) -> Command | None:
        await asyncio.sleep(0)
        return self.commands.get((user_id, device_id), {}).get(number)

    async def latest(
        self, user_id: str, device_id: str, before: int | None, limit: int
    ) -> Sequence[Command]:
        await asyncio.sleep(0)
        mailbox = self.commands.get((user_id, device_id), {})
        numbers = sorted((one for one in mailbox if before is None or one < before), reverse=True)
        return [mailbox[number] for number in numbers[:limit]]

    async def report(
        self,
        user_id: str,
        device_id: str,
        applied: Sequence[Applied],
        volume_percent: int | None,
        now_ms: int,
    ) -> Device:
        await asyncio.sleep(0)
        device = self.devices.get(user_id, {}).get(device_id)
        if device is None:
            raise unknown_device_error(device_id)
        if max((one.number for one in applied), default=0) > device.last_number:
            raise InvalidArgument.field("applied.number", "was never given")
        mailbox = self.commands.get((user_id, device_id), {})
        loudness = _worked_off(mailbox, applied)
        volume = loudness if volume_percent is None else volume_percent
        device = replace(
            device,
            last_applied=_last_applied(device, mailbox, {one.number for one in applied}, now_ms),
            volume_percent=device.volume_percent if volume is None else volume,
            seen_at_ms=max(device.seen_at_ms, now_ms),
        )
        self.devices[user_id][device_id] = device
        return device

    async def open_stream(
        self,
        user_id: str,
        device_id: str,
        last_applied: int,
        volume_percent: int | None,
        now_ms: int,
        limit: int,
    ) -> MailboxSnapshot:
        device = self.devices.get(user_id, {}).get(device_id)
        if device is not None and last_applied > device.last_number:
            raise InvalidArgument.field("last_applied", "was never given")
        mailbox = self.commands.get((user_id, device_id), {})
        waiting = [
            number
            for number, command in mailbox.items()
            if number <= last_applied and command.status_at(now_ms) is CommandStatus.PENDING
        ]
        applied = [Applied(number, CommandStatus.DONE) for number in waiting]
        await self.report(user_id, device_id, applied, volume_percent, now_ms)
        await self.acknowledge_lapse(user_id, device_id, Lapse(1, last_applied))
        self.opened_streams += 1
        pending = await self.pending(user_id, device_id, last_applied, now_ms, limit)
        device = self.devices[user_id][device_id]
        return MailboxSnapshot(device, self.opened_streams, tuple(waiting), pending)

    async def acknowledge_lapse(self, user_id: str, device_id: str, lapse: Lapse) -> None:
        device = self.devices.get(user_id, {}).get(device_id)
        if device is not None and device.last_applied < lapse.last <= device.last_number:
            self.devices[user_id][device_id] = replace(device, last_applied=lapse.last)


def _worked_off(mailbox: dict[int, Command], applied: Sequence[Applied]) -> int | None:
    """Takes down what is said of commands; the loudness that follows."""
    louder = [one for one in mailbox.values() if one.kind is CommandKind.VOLUME]
    heard = max((one.number for one in louder if one.status is CommandStatus.DONE), default=0)
    loudness = None
    for one in sorted(applied, key=lambda one: one.number):
        command = mailbox.get(one.number)
        if command is not None and command.status is CommandStatus.PENDING:
            mailbox[one.number] = replace(command, status=one.status, detail=one.detail)
            volume = (command.kind, one.status) == (CommandKind.VOLUME, CommandStatus.DONE)
            if volume and one.number > heard:
                loudness = command.volume_percent
    return loudness


def _last_applied(
    device: Device, mailbox: dict[int, Command], reported: set[int], now_ms: int
) -> int:
    """The highest number with a word before the first command that is to be delivered."""
    last = device.last_applied
    for number in range(device.last_applied + 1, device.last_number + 1):
        command = mailbox.get(number)
        if command is not None and command.status_at(now_ms) is CommandStatus.PENDING:
            break
        if number in reported or (
            command is not None and command.status is not CommandStatus.PENDING
        ):
            last = number
    return last


def _numbered(device: Device, held: Device | None) -> Device:
    if held is None:
        return device
    return replace(
        device,
        registered_at_ms=held.registered_at_ms,
        volume_percent=held.volume_percent,
        seen_at_ms=max(held.seen_at_ms, device.seen_at_ms),
        last_number=held.last_number,
        last_applied=held.last_applied,
    )


def _answer_key(key: RequestKey) -> _AnswerKey:
    return key.principal, key.method, key.request_id
