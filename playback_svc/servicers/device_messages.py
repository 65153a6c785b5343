"""Between the messages of segue.device.v1 and the domain's values, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, Protocol

from google.protobuf.duration_pb2 import Duration
from segue.device.v1 import device_pb2, device_service_pb2

from meshkit.faults import InvalidArgument
from meshkit.timestamps import timestamp_of_ms
from playback_svc import convert
from playback_svc.domain.devices import Capabilities, Device, DeviceKind, DeviceView
from playback_svc.domain.mailbox import Applied, Command, CommandKind, CommandStatus, Lapse
from playback_svc.servicers.play_orders import command_order, queued_from
from playback_svc.usecases.device_orders import (
    Action,
    EnqueueAction,
    Order,
    PlainAction,
    PlayAction,
    SeekAction,
    SkipAction,
    VolumeAction,
)
from playback_svc.usecases.device_reports import LONGEST_DETAIL
from playback_svc.usecases.device_views import Registration

_KINDS = {kind: device_pb2.Device.Kind.Value(kind.value) for kind in DeviceKind}
_KINDS_BY_NUMBER = {number: kind for kind, number in _KINDS.items()}
_STATUSES = {status: device_pb2.Command.Status.Value(status.value) for status in CommandStatus}
_STATUSES_BY_NUMBER = {number: status for status, number in _STATUSES.items()}
_COMMANDS = {kind: device_pb2.Command.Kind.Value(kind.value) for kind in CommandKind}


class Describing(Protocol):
    """The fields by which a message says what a device is."""

    name: str
    kind: device_pb2.Device.Kind.ValueType

    @property
    def capabilities(self) -> device_pb2.Capabilities:
        """What it can do."""
        ...

    def HasField(self, name: Literal["capabilities"]) -> bool:
        """Whether that is given."""
        ...


class Registering(Describing, Protocol):
    """The same, of the device that it names."""

    device_id: str


def registration(request: Registering, sid: str) -> Registration:
    """What a device says of itself, by the sign-in ``sid``. Raises InvalidArgument."""
    return replace(_said(request.device_id, request), sid=sid)


def update(request: device_service_pb2.UpdateDeviceRequest) -> Registration:
    """What shall be other of a device. Raises InvalidArgument."""
    device_id, given = request.device_id, request.device
    if given.device_id not in ("", device_id):
        raise InvalidArgument.field("device.device_id", "must be that of the call, or empty")
    return _said(device_id, given, "device.")


def _said(device_id: str, given: Describing, within: str = "") -> Registration:
    able = None
    if given.HasField("capabilities"):
        told, part = given.capabilities, f"{within}capabilities"
        able = Capabilities(
            rungs=_abilities(f"{part}.rungs", told.rungs),
            codecs=_abilities(f"{part}.codecs", told.codecs),
            drm_systems=_abilities(f"{part}.drm_systems", told.drm_systems),
            volume=told.volume,
        )
    name = _name(f"{within}name", given.name)
    return Registration(device_id, name, _kind(given.kind), able)


def _name(field: str, text: str) -> str:
    """``text`` if a device can be called that, '' included; else InvalidArgument."""
    if text and not (text.isprintable() and text.strip()):
        raise InvalidArgument.field(field, "must be printable, and more than spaces")
    return text


def _kind(value: device_pb2.Device.Kind.ValueType) -> DeviceKind | None:
    """What a device is; None where that is not said."""
    return _KINDS_BY_NUMBER.get(value)


def _abilities(field: str, texts: Sequence[str]) -> tuple[str, ...]:
    for index, text in enumerate(texts):
        if not text.isprintable():
            raise InvalidArgument.field(f"{field}[{index}]", "must be printable")
    return tuple(texts)


def device(listed: DeviceView) -> device_pb2.Device:
    """A device as its user sees it."""
    known: Device = listed.device
    return device_pb2.Device(
        device_id=known.device_id,
        name=known.name,
        kind=kind_of(known),
        capabilities=capabilities_of(known),
        online=listed.online,
        active=listed.active,
        controllable=known.controllable,
        volume_percent=known.volume_percent,
        registered_at=timestamp_of_ms(known.registered_at_ms),
        last_seen_at=timestamp_of_ms(known.seen_at_ms),
    )


def kind_of(device: Device) -> device_pb2.Device.Kind.ValueType:
    """What a device is."""
    return _KINDS[device.kind]


def capabilities_of(device: Device) -> device_pb2.Capabilities:
    """What a device can do."""
    able = device.capabilities
    return device_pb2.Capabilities(
        rungs=able.rungs, codecs=able.codecs, drm_systems=able.drm_systems, volume=able.volume
    )


def command(command: Command, now_ms: int) -> device_pb2.Command:
    """A command with how far it is at ``now_ms``, without the addresses of its stream."""
    target = command.target
    playback = None
    if target is not None:
        position_ms = target.position_at(command.issued_at_ms)
        playback = convert.snapshot(target, position_ms, command.queue_count)
    return device_pb2.Command(
        number=command.number,
        kind=_COMMANDS[command.kind],
        target=playback,
        volume_percent=command.volume_percent,
        sender_device_id=command.sender,
        issued_at=timestamp_of_ms(command.issued_at_ms),
        expires_at=timestamp_of_ms(command.expires_at_ms),
        status=_STATUSES[command.status_at(now_ms)],
        detail=command.detail,
    )


def lapsed(lapse: Lapse) -> device_pb2.Lapsed:
    """Commands that are not delivered any more."""
    return device_pb2.Lapsed(first_number=lapse.first, last_number=lapse.last)


def applied(messages: Iterable[device_pb2.Applied]) -> tuple[Applied, ...]:
    """What a device says of commands; an unknown word is PENDING, which no device may say.

    What went wrong is often told in words of others: they are made presentable, not refused.
    """
    return tuple(
        Applied(
            one.number,
            _STATUSES_BY_NUMBER.get(one.status, CommandStatus.PENDING),
            _presentable(one.detail),
        )
        for one in messages
    )


def _presentable(text: str) -> str:
    cut = text[:LONGEST_DETAIL]
    return "".join(one if one.isprintable() else " " for one in cut)


def volume_of(state: device_pb2.DeviceState) -> int | None:
    """The loudness that a device tells; None where it does not."""
    return state.volume_percent if state.HasField("volume_percent") else None


def wait_s(wait: Duration) -> float:
    """Seconds to wait."""
    return wait.seconds + wait.nanos / 1e9


_PLAIN = {
    "pause": CommandKind.PAUSE,
    "resume": CommandKind.RESUME,
    "stop": CommandKind.STOP,
    "previous": CommandKind.PREVIOUS,
}


def order(request: device_service_pb2.SendCommandRequest) -> Order:
    """What a device is told to do. Raises InvalidArgument."""
    return Order(request.device_id, _action(request))


def _action(request: device_service_pb2.SendCommandRequest) -> Action:
    match request.WhichOneof("command"):
        case "play":
            play = command_order(request.play, request.device_id, request.sender_device_id)
            return PlayAction(play)
        case "seek":
            return SeekAction(request.seek.position_ms)
        case "skip":
            return SkipAction(request.skip.play_id)
        case "volume":
            return VolumeAction(request.volume.percent)
        case "enqueue":
            asked = request.enqueue
            origin = queued_from(asked, "enqueue.")
            return EnqueueAction(tuple(asked.track_ids), asked.next, origin)
        case plain:
            return PlainAction(_PLAIN[str(plain)])
