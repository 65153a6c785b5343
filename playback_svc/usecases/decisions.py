"""What a command decides, and what that writes: row, log, commands to devices, the play left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from meshkit.idempotency import KEPT, RequestKey
from playback_svc.domain.denials import Denial, all_denied, is_denied
from playback_svc.domain.devices import Device, find_device
from playback_svc.domain.listing import Listing
from playback_svc.domain.mailbox import Command, CommandKind
from playback_svc.domain.player_state import EndReason, PlayerState, Status, Version
from playback_svc.domain.plays import PlayRecord, play_of
from playback_svc.domain.preferences import Preferences
from playback_svc.ports.answers import Answer, Played, SkipsLeft, StoredAnswer
from playback_svc.ports.events import PlaybackChanged
from playback_svc.ports.player_states import (
    Change,
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

_KEPT_MS = int(KEPT.total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a decision rests on: the partition as it was read, and the state as of ``now_ms``.

    In ``state`` the last beat is heard, and it is STOPPED where silence has ended it.
    """

    partition: Partition
    state: PlayerState | None
    now_ms: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command makes of what was seen: the next state, the answer, what else to write.

    ``kind`` is what devices are told where the state changes. ``ended`` is the session that
    another took over from. ``volume`` sets a device's loudness, in percent, by its mailbox.
    ``denial`` is what is taken back of paths beside those of a session that is ended.
    """

    state: PlayerState | None
    answer: Answer
    kind: CommandKind = CommandKind.QUEUE
    ended: PlayerState | None = None
    devices: tuple[Device, ...] = ()
    removed_device: str | None = None
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    preferences: Preferences | None = None
    volume: tuple[Device, int] | None = None
    sender: str = ""
    denial: Denial | None = None


def answer_of(
    state: PlayerState,
    position_ms: int,
    urls_expire_at_s: int | None = None,
    *,
    skips: SkipsLeft | None = None,
) -> Answer:
    """The answer that describes ``state``."""
    return Answer(
        session_id=state.session_id,
        version=state.version,
        position_ms=position_ms,
        device_id=state.device_id,
        result=Played(
            track=state.track,
            asset=state.asset,
            play_id=state.play_id,
            urls_expire_at_s=urls_expire_at_s,
            skips=skips,
            ended=state.ended_by is EndReason.FINISHED,
        ),
    )


NO_ANSWER = Answer("", Version(0, 0), 0)
"""The answer of a command on a user's partition that plays nothing."""


def record_of(state: PlayerState, now_ms: int) -> SessionRecord:
    """The row that the log of sessions keeps of ``state``."""
    over = state.status is Status.STOPPED
    return SessionRecord(
        session_id=state.session_id,
        device_id=state.device_id,
        track_id=state.track.track_id,
        status=state.status,
        position_ms=state.position_at(now_ms),
        bitrate_kbps=state.bitrate_kbps,
        started_at_ms=state.started_at_ms,
        last_heartbeat_at_ms=state.last_beat_at_ms,
        ended_at_ms=state.position_at_ms if over else None,
        ended_by=state.ended_by,
        skips_count=state.skips_count,
        rung=state.rung,
    )


def playback_changed(user_id: str, state: PlayerState) -> PlaybackChanged:
    """What those who watch the user must know of ``state``."""
    return PlaybackChanged(
        user_id=user_id,
        version=state.version,
        session_id=state.session_id,
        device_id=state.device_id,
        status=state.status,
        ended_by=state.ended_by,
        duration_ms=state.track.duration_ms,
        rungs=state.asset.rungs,
    )


@dataclass(frozen=True, slots=True)
class Departure:
    """A play that is left: its state then, when, and whether by a skip."""

    state: PlayerState
    at_ms: int
    skipped: bool

    def play(self) -> PlayRecord:
        """What is kept of it."""
        return play_of(self.state, self.at_ms, skipped=self.skipped)


def departure_of(snapshot: Snapshot, after: PlayerState | None) -> Departure | None:
    """The play that ``after`` leaves; None where there was none, or it goes on."""
    before = snapshot.partition.state
    if before is None or after is None or before.status is Status.STOPPED:
        return None
    same = after.play_id == before.play_id
    if same and after.status is not Status.STOPPED:
        return None
    left = after if same else snapshot.state
    if left is None:
        return None
    at_ms = left.position_at_ms if left.status is Status.STOPPED else snapshot.now_ms
    return Departure(left, at_ms, _by_skip(before, after))


def _by_skip(before: PlayerState, after: PlayerState) -> bool:
    """Whether what follows came by a skip, or by an end that counts as one."""
    return after.session_id == before.session_id and after.skips_count > before.skips_count


def change_of(
    user_id: str,
    key: RequestKey | None,
    snapshot: Snapshot,
    decision: Decision,
    departure: Departure | None,
) -> tuple[Answer, Change | None]:
    """The answer of a decision and its write; None where it changes nothing and keeps no answer."""
    before, after, now_ms = snapshot.partition.state, decision.state, snapshot.now_ms
    changed = after is not None and (before is None or before.version != after.version)
    commands = tuple(_commands(snapshot, decision, changed=changed))
    answer = number_answer(decision, commands)
    writes = (
        *((StoredAnswer(key, answer, now_ms + _KEPT_MS),) if key else ()),
        *commands,
        *_device_writes(snapshot, decision),
        *((decision.preferences,) if decision.preferences else ()),
        *_session_writes(decision, now_ms, changed=changed),
        *_denials(before, decision, now_ms),
    )
    if not writes:
        return answer, None
    plays = (departure.play(),) if departure else ()
    return answer, Change(user_id, (*_state_writes(snapshot, decision), *writes, *plays))


def _state_writes(snapshot: Snapshot, decision: Decision) -> Iterator[Write]:
    """What becomes of the row, what it and a new play rest on, and of the bodies that it names."""
    before, after = snapshot.partition.state, decision.state
    expected = before.version if before else None
    if after is not None:
        held = after.version == expected
        yield RequireState(after.version) if held else PutState(after, expected)
    if after is not None and (before is None or before.play_id != after.play_id):
        # Whether the new play is private was decided by them.
        yield RequirePreferences(snapshot.partition.preferences.version)
    if decision.blobs:
        yield PutBodies(decision.blobs)
    if gone := _names(before) - _names(after):
        yield DropBodies(tuple(gone))


def _session_writes(decision: Decision, now_ms: int, *, changed: bool) -> Iterator[Write]:
    """The rows of the log: of the session that changed, and of one that it took over from."""
    for state in (decision.state, decision.ended):
        if changed and state is not None:
            yield record_of(state, now_ms)


def _denials(before: PlayerState | None, decision: Decision, now_ms: int) -> Iterator[Denial]:
    """What is taken back of paths, each session's once: all of one that another came in place of,
    whatever had ended it, and of one that is stopped."""
    ended, after = decision.ended, decision.state
    if decision.denial is not None:
        yield decision.denial
    elif ended is not None and not is_denied(before):
        yield all_denied(ended.session_id, now_ms)
    elif after is not None and is_denied(after) and not is_denied(before):
        yield all_denied(after.session_id, now_ms)


def _device_writes(snapshot: Snapshot, decision: Decision) -> Iterator[Write]:
    """The devices of which the list changes, and its version."""
    yield from decision.devices
    if decision.removed_device is not None:
        yield DropDevice(decision.removed_device)
    if decision.devices or decision.removed_device is not None:
        yield RaiseDevicesVersion(snapshot.partition.devices_version + 1)


def number_answer(decision: Decision, commands: tuple[Command, ...]) -> Answer:
    """The answer, with the number of the command in the mailbox of the device that it is about."""
    device_id = decision.volume[0].device_id if decision.volume else decision.answer.device_id
    for command in commands:
        if command.device_id == device_id:
            return replace(
                decision.answer, device_id=device_id, number=command.number, sent=command
            )
    return decision.answer


def _commands(snapshot: Snapshot, decision: Decision, *, changed: bool) -> Iterator[Command]:
    """What goes into mailboxes: to the device that plays, and to the one that lost it."""
    before, after = snapshot.partition.state, decision.state
    if decision.volume is not None:
        device, percent = decision.volume
        yield Command(
            device_id=device.device_id,
            number=device.last_number + 1,
            kind=CommandKind.VOLUME,
            target=None,
            issued_at_ms=snapshot.now_ms,
            volume_percent=percent,
            sender=decision.sender,
        )
    if after is None or not changed:
        return
    told = {after.device_id: decision.kind}
    if before is not None and before.status is not Status.STOPPED:
        told.setdefault(before.device_id, CommandKind.STOP)
    for device_id, kind in told.items():
        known = find_device(snapshot.partition.devices, device_id)
        if known is None or not known.controllable or device_id == decision.removed_device:
            continue
        yield Command(
            device_id=device_id,
            number=known.last_number + 1,
            kind=kind,
            target=after,
            issued_at_ms=snapshot.now_ms,
            queue_count=len(Listing(after.queue.queued)),
            sender=decision.sender,
        )


def _names(state: PlayerState | None) -> set[str]:
    """The bodies that a state names."""
    context = state.queue.context if state else None
    if context is None:
        return set()
    return {context.listing_id} | ({context.order_id} if context.order_id else set())
