"""Playback's commands as the suite of answers knows writes; a decision stands for the execution."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meshkit.idempotency import KEPT, RequestKey
from meshkit.testing.answer_suite import AnswersUnderTest, Produce
from playback_svc.adapters.memory.clients import MemoryPositions
from playback_svc.adapters.memory.deliveries import MemoryDeliveries
from playback_svc.adapters.memory.events import MemoryEventBus, MemorySwitchboard
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.ports.answers import Answer
from playback_svc.ports.player_states import PlayerStateStore
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import NO_ANSWER, Decision, Snapshot
from tests.contracts.playback.samples import NOW

_KEPT_MS = int(KEPT.total_seconds() * 1000)
_NOBODY = "nobody"


@dataclass
class _Clock:
    now_ms: int = NOW

    def __call__(self) -> int:
        return self.now_ms


def answers_of(store: PlayerStateStore) -> AnswersUnderTest:
    """Commands on ``store``, each of a user who has played nothing."""
    clock = _Clock()
    events = MemoryEventBus(MemorySwitchboard())
    deliveries = MemoryDeliveries(MemoryPlayerStates())
    commander = Commander(store, MemoryPositions(), deliveries, events, clock)

    async def answer_once(key: RequestKey | None, produce: Produce) -> bytes:
        async def decide(seen: Snapshot) -> Decision:
            text = (await produce()).decode()
            return Decision(seen.partition.state, replace(NO_ANSWER, session_id=text))

        return _told(await commander.execute(key.principal if key else _NOBODY, key, decide))

    async def expire_all() -> None:
        clock.now_ms += _KEPT_MS

    async def answer_of(key: RequestKey | None) -> bytes | None:
        _, answer = await commander.stored_answer(key.principal if key else _NOBODY, key)
        return None if answer is None else _told(answer)

    return AnswersUnderTest(answer_once, expire_all, answer_of)


def _told(answer: Answer) -> bytes:
    return answer.session_id.encode()
