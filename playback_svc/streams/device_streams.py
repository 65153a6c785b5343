"""Streams of devices: what waits in a mailbox is delivered in order, each once a stream.

A stream reads its mailbox when an event says that there is more. Events can be lost, so a task of
the process compares all streams with the store, in batches, once a minute and where a gap was
noticed. Of two streams of a device the one stays that the store numbered last, whatever the
clocks say.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from meshkit.faults import InvalidArgument, NotFound, Unavailable
from meshkit.principal import Principal
from meshkit.stream_ends import LAPSED, Reason, StreamEnd
from meshkit.streams import HeldStreams, OpenStreams
from playback_svc.domain.devices import Device, require_controllable
from playback_svc.domain.mailbox import Applied, Command, CommandKind, Lapse
from playback_svc.domain.player_state import PlayerState, Status
from playback_svc.ports.answers import Answer
from playback_svc.ports.clock import Clock
from playback_svc.ports.events import (
    CommandQueued,
    DeviceConnected,
    Event,
    EventBus,
    SettingsChanged,
)
from playback_svc.ports.mailboxes import Mailboxes, MailboxSnapshot
from playback_svc.ports.metrics import Metrics
from playback_svc.ports.presence import Presence
from playback_svc.streams.device_stream import DeviceStream
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import Snapshot, answer_of
from playback_svc.usecases.device.register_device import RegisterDevice
from playback_svc.usecases.device.report_applied import ReportApplied
from playback_svc.usecases.device_reports import READ_AT_ONCE
from playback_svc.usecases.device_views import Registration, active_device
from playback_svc.usecases.open_mailbox import OpenMailbox
from playback_svc.usecases.playback.get_playback import Playing

TICK_S = 0.25
COMPARED_A_TICK = 250
COMPARED_EVERY_S = 60
VOLUME_EVERY_MS = 1000

_LOADING = frozenset(
    {
        CommandKind.PLAY,
        CommandKind.TRANSFER,
        CommandKind.SKIP,
        CommandKind.PREVIOUS,
        CommandKind.ADVANCE,
        CommandKind.RESUME,
    }
)
_TAKEN_OVER = StreamEnd(Reason.TAKEN_OVER, "The device has opened another stream.")
_REMOVED = StreamEnd(Reason.DELETED, "The device was removed.")

_log = structlog.get_logger("playback")


@dataclass(frozen=True, slots=True)
class Hello:
    """What a device says when it connects.

    ``last_applied`` is 0 where it does not remember. Without ``registration`` the device must be
    registered already.
    """

    device_id: str
    last_applied: int
    registration: Registration | None = None
    volume_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Welcome:
    """How things stand for a device that has connected.

    ``answer`` is what its stream is signed from; None where the device plays nothing.
    """

    playing: Playing | None
    answer: Answer | None
    last_applied: int
    lapse: Lapse | None


class DeviceStreams:
    """The streams of devices that this process holds."""

    def __init__(
        self,
        mailboxes: Mailboxes,
        events: EventBus,
        presence: Presence,
        commander: Commander,
        *,
        register_device: RegisterDevice,
        open_mailbox: OpenMailbox,
        report_applied: ReportApplied,
        streams: OpenStreams,
        metrics: Metrics,
        clock: Clock,
        urls_live_s: int,
    ) -> None:
        self._mailboxes = mailboxes
        self._events = events
        self._presence = presence
        self._commander = commander
        self._register_device = register_device
        self._open_mailbox = open_mailbox
        self._report_applied = report_applied
        self._clock = clock
        self._urls_live_s = urls_live_s
        self.held: HeldStreams[DeviceStream] = HeldStreams("device", streams, metrics.count_streams)
        self._doubted: dict[DeviceStream, None] = {}
        self._volume_waiting: dict[DeviceStream, None] = {}
        self._compare_at_ms = clock() + COMPARED_EVERY_S * 1000

    def hold(self, holder: Principal) -> DeviceStream:
        """Room for a stream; give it back to :meth:`close`. Raises ResourceExhausted."""
        stream = DeviceStream(holder)
        self.held.add(stream)
        return stream

    def close(self, stream: DeviceStream) -> None:
        """Lets go of a stream."""
        self.held.remove(stream)
        self._doubted.pop(stream, None)
        self._volume_waiting.pop(stream, None)
        if stream.connected:
            self._presence.disconnect(stream.holder.user_id, stream.device_id)
        if stream.watched:
            self._events.unwatch(stream.holder.user_id)

    async def open(self, stream: DeviceStream, hello: Hello) -> Welcome:
        """Makes it the stream of a device, the only one of that device.

        Raises NotFound for an unknown device, FailedPrecondition (DEVICE_LIMIT,
        NOT_SUPPORTED_BY_DEVICE), InvalidArgument for a command that was never given, Unavailable,
        Aborted (CONFLICT).
        """
        user_id, device_id = stream.holder.user_id, hello.device_id
        # Watched before the mailbox is read: what comes in between is heard of, not missed.
        stream.device_id, stream.watched = device_id, True
        await self._events.watch(user_id)
        opening = await self._opened(user_id, hello)
        await self._join(stream, opening.stream_number)
        seen, _ = await self._commander.read(user_id)
        device, pending = opening.device, opening.pending
        stream.known, stream.behind = device.last_applied, False
        stream.fill(pending.commands, device.last_number)
        stream.behind = stream.behind or stream.told > stream.known
        return self._welcome(device_id, seen, device.last_applied, pending.lapse)

    async def _opened(self, user_id: str, hello: Hello) -> MailboxSnapshot:
        """The mailbox of the device, which is registered where that is needed and may be."""
        device_id, told = hello.device_id, hello.registration
        said = (hello.last_applied, hello.volume_percent)
        try:
            opening = await self._open_mailbox(user_id, device_id, *said)
        except NotFound:
            if told is None:
                raise
            if hello.last_applied:
                raise _number_never_given_error() from None
            await self._register_device(user_id, told, None)
            return await self._open_mailbox(user_id, device_id, *said)
        if told is not None and _says_more(told, opening.device):
            await self._register_device(user_id, told, None)
        else:
            require_controllable(opening.device)
        return opening

    async def _join(self, stream: DeviceStream, number: int) -> None:
        user_id, device_id = stream.holder.user_id, stream.device_id
        stream.number = number
        for other in self._of(user_id, device_id):
            self._contend(other, number)
        stream.connected = True
        await self._presence.connect(user_id, device_id)
        self._events.send(DeviceConnected(user_id, device_id, number))

    async def acknowledge_lapse(self, stream: DeviceStream, lapse: Lapse) -> None:
        """The device was told of a lapse; so it is once.

        Fails OPEN: where that cannot be stored, the device is told again.
        """
        try:
            await self._mailboxes.acknowledge_lapse(stream.holder.user_id, stream.device_id, lapse)
        except Unavailable as fault:
            _log.warning("a lapse will be told again", reason=fault.reason)

    def _welcome(
        self, device_id: str, seen: Snapshot, last_applied: int, lapse: Lapse | None
    ) -> Welcome:
        state = seen.state
        if state is None:
            return Welcome(None, None, last_applied, lapse)
        answer = self._signable(state) if active_device(state) == device_id else None
        playing = Playing(state, state.position_at(seen.now_ms))
        return Welcome(playing, answer, last_applied, lapse)

    def loaded(self, command: Command) -> Answer | None:
        """What the stream of a command is signed from; None where it has nothing to load."""
        target = command.target
        if target is None or command.kind not in _LOADING or target.status is Status.STOPPED:
            return None
        return self._signable(target) if target.device_id == command.device_id else None

    def _signable(self, state: PlayerState) -> Answer:
        expire_at_s = self._clock() // 1000 + self._urls_live_s
        return answer_of(state, state.position_ms, expire_at_s)

    async def fetch(self, stream: DeviceStream) -> None:
        """Reads what a stream is ``behind`` of, when nothing is ``waiting``; so much at once.

        Where some of it has grown too old, the stream ends, so that its device is told.
        Fails OPEN: where the mailbox cannot be read, the stream is looked after again soon.
        """
        stream.behind = False
        user_id, now_ms, told = stream.holder.user_id, self._clock(), stream.told
        try:
            pending = await self._mailboxes.pending(
                user_id, stream.device_id, stream.known, now_ms, READ_AT_ONCE
            )
        except Unavailable as fault:
            _log.warning("mailbox not read", reason=fault.reason)
            self._doubted[stream] = None
        else:
            if pending.lapse is not None:
                stream.finish(LAPSED)
            stream.fill(pending.commands, told)

    async def report(self, stream: DeviceStream, applied: Sequence[Applied]) -> None:
        """What a device says of commands, and its loudness where that was not told for a second.

        Raises as ``ReportApplied`` does.
        """
        if (
            stream.volume_percent is not None
            and self._clock() < stream.volume_reported_at_ms + VOLUME_EVERY_MS
        ):
            self._volume_waiting[stream] = None
            if applied:
                await self._report(stream, applied, None)
        elif applied or stream.volume_percent is not None:
            await self._tell_all(stream, applied)

    async def report_volume(self, stream: DeviceStream) -> None:
        """Tells the loudness that waits, if one does. Raises as ``ReportApplied`` does."""
        if stream.volume_percent is not None:
            await self._tell_all(stream, ())

    async def _tell_all(self, stream: DeviceStream, applied: Sequence[Applied]) -> None:
        volume_percent = stream.volume_percent
        stream.volume_percent, stream.volume_due = None, False
        if volume_percent is not None:
            stream.volume_reported_at_ms = self._clock()
        await self._report(stream, applied, volume_percent)

    async def _report(
        self, stream: DeviceStream, applied: Sequence[Applied], volume_percent: int | None
    ) -> None:
        user_id, device_id = stream.holder.user_id, stream.device_id
        device = await self._report_applied(user_id, device_id, applied, volume_percent)
        stream.notify(device.last_number)

    def handle_event(self, event: Event) -> None:
        """Events of a user with streams here. Never raises."""
        match event:
            case CommandQueued(user_id, device_id, number):
                for stream in self._of(user_id, device_id):
                    stream.notify(number)
            case DeviceConnected(user_id, device_id, number):
                for stream in self._of(user_id, device_id):
                    self._contend(stream, number)
            case SettingsChanged(user_id):
                self._doubted.update(dict.fromkeys(self.held.of_user(user_id)))

    def _of(self, user_id: str, device_id: str) -> list[DeviceStream]:
        streams = self.held.of_user(user_id)
        return [one for one in streams if one.device_id == device_id and one.end is None]

    def _contend(self, stream: DeviceStream, number: int) -> None:
        """Another stream of the device was opened: the later one stays.

        One that has no number yet tells when it has, and is told then.
        """
        if not stream.number:
            return
        if stream.number < number:
            stream.finish(_TAKEN_OVER)
        elif stream.number > number:
            self._events.send(
                DeviceConnected(stream.holder.user_id, stream.device_id, stream.number)
            )

    def handle_gap(self) -> None:
        """Events may have been missed: every stream is compared with the store."""
        self._doubted.update(dict.fromkeys(self.held))

    async def run(self) -> None:
        """Look for lost events, and tell what waits, until cancelled."""
        task = asyncio.current_task()
        while task is None or not task.cancelling():
            await asyncio.sleep(TICK_S)
            now_ms = self._clock()
            if now_ms >= self._compare_at_ms:
                self._compare_at_ms = now_ms + COMPARED_EVERY_S * 1000
                self.handle_gap()
            self.wake_for_volume()
            await self.compare()

    def wake_for_volume(self) -> None:
        """Wakes the streams whose loudness has waited for long enough."""
        now_ms = self._clock()
        for stream in tuple(self._volume_waiting):
            if now_ms >= stream.volume_reported_at_ms + VOLUME_EVERY_MS:
                del self._volume_waiting[stream]
                stream.volume_due = stream.volume_percent is not None
                stream.nudge()

    async def compare(self) -> None:
        """Compares some of the streams that are in doubt with the store.

        Fails OPEN: where the store cannot answer, they stay in doubt.
        """
        some = list(itertools.islice(self._doubted, COMPARED_A_TICK))
        for stream in some:
            del self._doubted[stream]
        streams = [stream for stream in some if stream.connected and stream.end is None]
        if not streams:
            return
        named = [(stream.holder.user_id, stream.device_id) for stream in streams]
        # As they are now: what a stream reads meanwhile may be newer than what is told here.
        known = [stream.known for stream in streams]
        try:
            numbers = await self._mailboxes.last_numbers(named)
        except Unavailable as fault:
            _log.warning("mailboxes not compared", reason=fault.reason, streams=len(streams))
            self._doubted.update(dict.fromkeys(stream for stream in streams if stream.end is None))
            return
        for stream, before, number in zip(streams, known, numbers, strict=True):
            if number is None or number < before:
                stream.finish(_REMOVED)
            else:
                stream.notify(number)


def _number_never_given_error() -> InvalidArgument:
    return InvalidArgument.field("last_applied", "was never given")


def _says_more(told: Registration, device: Device) -> bool:
    """Whether registering the device would change anything."""
    if not device.controllable or (told.name and told.name != device.name):
        return True
    if told.kind is not None and told.kind is not device.kind:
        return True
    return told.capabilities is not None and told.capabilities != device.capabilities
