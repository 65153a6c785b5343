"""Between devices, commands, plays and preferences and their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from psycopg.types.json import Jsonb

from meshkit.clock import instant_of_ms, unix_ms
from playback_svc.adapters.codecs.device_documents import capabilities_of
from playback_svc.adapters.postgres.rows import state_document, state_from
from playback_svc.domain.devices import Device, DeviceKind
from playback_svc.domain.mailbox import Command, CommandKind, CommandStatus
from playback_svc.domain.origins import ContextKind, PlayOrigin
from playback_svc.domain.plays import Outcome, PlayRecord

DEVICE_COLUMNS = (
    "device_id", "name", "kind", "capabilities", "controllable", "volume_percent",
    "registered_at", "seen_at", "last_number", "last_applied",
    "sid",
)  # fmt: skip

COMMAND_COLUMNS = (
    "device_id", "number", "kind", "target", "queue_count", "volume_percent", "sender",
    "issued_at", "status", "detail",
)  # fmt: skip

PLAY_COLUMNS = (
    "play_id", "session_id", "device_id", "track_id", "started_at", "ended_at", "heard_ms",
    "outcome", "counted", "private", "context_kind", "context_id", "shown_id", "rung", "offline",
    "client_play_id",
)  # fmt: skip


def device_values(device: Device) -> dict[str, Any]:
    """The columns of a device."""
    values = (
        device.device_id, device.name, device.kind, Jsonb(asdict(device.capabilities)),
        device.controllable, device.volume_percent, instant_of_ms(device.registered_at_ms),
        instant_of_ms(device.seen_at_ms), device.last_number, device.last_applied,
        device.sid,
    )  # fmt: skip
    return dict(zip(DEVICE_COLUMNS, values, strict=True))


def device_of(row: Sequence[Any]) -> Device:
    """The device in ``DEVICE_COLUMNS``."""
    it = dict(zip(DEVICE_COLUMNS, row, strict=True))
    return Device(
        device_id=it["device_id"],
        # Null where the version before this one wrote the row.
        name=it["name"] or it["device_id"],
        registered_at_ms=unix_ms(it["registered_at"]),
        seen_at_ms=unix_ms(it["seen_at"]),
        kind=DeviceKind(it["kind"]),
        capabilities=capabilities_of(it["capabilities"]),
        controllable=it["controllable"],
        volume_percent=it["volume_percent"],
        last_number=it["last_number"],
        last_applied=it["last_applied"],
        sid=it["sid"],
    )


def command_values(command: Command) -> dict[str, Any]:
    """The columns of a command."""
    target = Jsonb(state_document(command.target)) if command.target else None
    values = (
        command.device_id, command.number, command.kind, target, command.queue_count,
        command.volume_percent, command.sender, instant_of_ms(command.issued_at_ms), command.status,
        command.detail,
    )  # fmt: skip
    return dict(zip(COMMAND_COLUMNS, values, strict=True))


def command_of(row: Sequence[Any]) -> Command:
    """The command in ``COMMAND_COLUMNS``."""
    it = dict(zip(COMMAND_COLUMNS, row, strict=True))
    return Command(
        device_id=it["device_id"],
        number=it["number"],
        kind=CommandKind(it["kind"]),
        target=state_from(it["target"]) if it["target"] else None,
        issued_at_ms=unix_ms(it["issued_at"]),
        queue_count=it["queue_count"],
        volume_percent=it["volume_percent"],
        sender=it["sender"],
        status=CommandStatus(it["status"]),
        detail=it["detail"],
    )


def play_values(play: PlayRecord) -> dict[str, Any]:
    """The columns of a play."""
    values = (
        play.play_id, play.session_id, play.device_id, play.track_id,
        instant_of_ms(play.started_at_ms),
        instant_of_ms(play.ended_at_ms), play.heard_ms, play.outcome, play.counted, play.private,
        play.origin.kind, play.origin.context_id, play.origin.shown_id, play.rung, play.offline,
        play.client_play_id,
    )  # fmt: skip
    return dict(zip(PLAY_COLUMNS, values, strict=True))


def play_of(row: Sequence[Any]) -> PlayRecord:
    """The play in ``PLAY_COLUMNS``."""
    it = dict(zip(PLAY_COLUMNS, row, strict=True))
    kind = it["context_kind"]
    return PlayRecord(
        play_id=it["play_id"],
        session_id=it["session_id"],
        device_id=it["device_id"],
        track_id=it["track_id"],
        started_at_ms=unix_ms(it["started_at"]),
        ended_at_ms=unix_ms(it["ended_at"]),
        heard_ms=it["heard_ms"],
        outcome=Outcome(it["outcome"]),
        counted=it["counted"],
        private=it["private"],
        origin=PlayOrigin(ContextKind(kind) if kind else None, it["context_id"], it["shown_id"]),
        rung=it["rung"],
        offline=it["offline"],
        client_play_id=it["client_play_id"],
    )
