"""Ports in memory, for unit tests and for what needs no store. Loses all with the process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from meshkit.faults import NotFound, Unavailable
from meshkit.idempotency import RequestKey
from playback_svc.domain.plans import Plan, Playable
from playback_svc.domain.player_state import PlayerState
from playback_svc.domain.presence import LivePosition, Sighting, expires_at_ms, observe
from playback_svc.ports.states import (
    Change,
    Checkpoint,
    Device,
    Partition,
    SessionRecord,
    StoredAnswer,
)

_AnswerKey = tuple[str, str, str]


@dataclass
class MemoryPlayerStates:
    """A ``PlayerStateStore``. Every call yields to the loop once, so that races are real."""

    states: dict[str, PlayerState] = field(default_factory=dict)
    sessions: dict[tuple[str, str], SessionRecord] = field(default_factory=dict)
    devices: dict[tuple[str, str], Device] = field(default_factory=dict)
    answers: dict[_AnswerKey, StoredAnswer] = field(default_factory=dict)
    leases: dict[str, tuple[str, int]] = field(default_factory=dict)

    async def read(self, user_id: str, key: RequestKey | None, now_ms: int) -> Partition:
        """See the port."""
        await asyncio.sleep(0)
        stored = self.answers.get(_answer_key(key)) if key else None
        if stored is not None and stored.expires_at_ms <= now_ms:
            stored = None
        return Partition(self.states.get(user_id), stored)

    async def session(self, user_id: str, session_id: str) -> SessionRecord | None:
        """See the port."""
        await asyncio.sleep(0)
        return self.sessions.get((user_id, session_id))

    async def commit(self, change: Change, now_ms: int) -> bool:
        """See the port."""
        await asyncio.sleep(0)
        held = self.states.get(change.user_id)
        if (held.version if held else None) != change.expected:
            return False
        if change.stored is not None and not self._keep(change.stored, now_ms):
            return False
        self.states[change.user_id] = change.state
        for record in change.sessions:
            self.sessions[change.user_id, record.session_id] = record
        if change.device is not None:
            self.devices[change.user_id, change.device.device_id] = change.device
        return True

    def _keep(self, stored: StoredAnswer, now_ms: int) -> bool:
        key = _answer_key(stored.key)
        held = self.answers.get(key)
        if held is not None and held.expires_at_ms > now_ms:
            return False
        self.answers[key] = stored
        return True

    async def checkpoint(self, beats: Sequence[Checkpoint]) -> list[bool]:
        """See the port."""
        await asyncio.sleep(0)
        return [self._check(beat) for beat in beats]

    def _check(self, beat: Checkpoint) -> bool:
        state = self.states.get(beat.user_id)
        if state is None or state.version != beat.live.version:
            return False
        self.states[beat.user_id] = observe(state, beat.live)
        return True

    async def overdue(self, before_ms: int, limit: int) -> list[str]:
        """See the port."""
        ends = ((expires_at_ms(state), user_id) for user_id, state in self.states.items())
        over = sorted(
            (end, user_id) for end, user_id in ends if end is not None and end < before_ms
        )
        return [user_id for _, user_id in over[:limit]]

    async def forget_answers(self, now_ms: int, limit: int) -> int:
        """See the port."""
        over = [key for key, stored in self.answers.items() if stored.expires_at_ms <= now_ms]
        for key in over[:limit]:
            del self.answers[key]
        return len(over[:limit])

    async def lead(self, name: str, holder: str, now_ms: int, until_ms: int) -> bool:
        """See the port."""
        leader, until = self.leases.get(name, (holder, 0))
        if leader != holder and until > now_ms:
            return False
        self.leases[name] = (holder, until_ms)
        return True


def _answer_key(key: RequestKey) -> _AnswerKey:
    return key.principal, key.method, key.request_id


@dataclass
class MemoryPositions:
    """A ``PositionStore`` that can be taken away with ``away``."""

    since_ms: int = 0
    away: bool = False
    kept: dict[str, LivePosition] = field(default_factory=dict)

    async def put(self, positions: Sequence[LivePosition]) -> None:
        """See the port."""
        self._answer()
        for position in positions:
            held = self.kept.get(position.session_id)
            if held is None or held.seq <= position.seq:
                self.kept[position.session_id] = position

    async def get(self, session_ids: Sequence[str]) -> list[Sighting]:
        """See the port."""
        self._answer()
        return [Sighting(self.kept.get(session_id), self.since_ms) for session_id in session_ids]

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("The live positions cannot be reached.")


@dataclass
class MemoryCatalogue:
    """A ``Catalogue`` of the tracks that it was given; down with ``away``."""

    tracks: dict[str, Playable] = field(default_factory=dict)
    away: bool = False

    async def playable(self, track_id: str) -> Playable:
        """See the port."""
        if self.away:
            raise Unavailable("The catalogue cannot answer now.")
        if track_id not in self.tracks:
            raise NotFound("No such track.", metadata={"resource": "track", "id": track_id})
        return self.tracks[track_id]


@dataclass
class MemoryPlans:
    """A tier table that it was given."""

    plans: dict[str, Plan] = field(default_factory=dict)

    async def plan(self, tier: str) -> Plan:
        """See the port."""
        if tier not in self.plans:
            raise Unavailable("The plans cannot be read now.")
        return self.plans[tier]


class NoMeasures:
    """Drops what clients measured."""

    def heard(self, bitrate_kbps: int, seconds: float) -> None:
        """See the port."""

    def report(
        self,
        tier: str,
        *,
        underruns: int,
        switches: int,
        start_latency_ms: int,
        slowest_fetch_ms: int,
        fetch_errors: int,
    ) -> None:
        """See the port."""

    def streams(self, difference: int) -> None:
        """See the port."""
