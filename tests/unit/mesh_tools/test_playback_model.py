"""Histories of a player that keeps its word are explained, those of one that does not are not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mesh import playback_calls as calls
from tests.mesh.history import Operation
from tests.mesh.linearizable import Verdict, check
from tests.mesh.playback_calls import Answer, Refused
from tests.mesh.playback_model import PlaybackModel
from tests.profiles import examples
from tests.unit.mesh_tools.simulated_player import (
    DURATIONS_MS,
    TRACKS,
    SimulatedPlayer,
    Simulation,
)

SEEDS = st.integers(0, 2**32)
SETTLES_S = 0.1


def verdict_on(operations: Iterable[Operation]) -> Verdict:
    known = list(operations)
    return check(known, PlaybackModel(known, DURATIONS_MS))


def one_by_one(*told: tuple[Any, Answer | Refused | None]) -> list[Operation]:
    """Calls of which each began when the one before had returned."""
    return [
        Operation(0, call, result, at, None if result is None else at + 0.5)
        for at, (call, result) in enumerate(told)
    ]


def simulated(
    seed: int,
    player: Callable[[random.Random], SimulatedPlayer] = SimulatedPlayer,
    total: int = 150,
    unknown: float = 0.1,
) -> list[Operation]:
    rng = random.Random(seed)
    return Simulation(rng, player(rng).take, unknown, SETTLES_S).run(8, total)


@given(SEEDS)
@settings(max_examples=examples(60))
def test_what_a_player_does_is_explained_whatever_was_lost(seed: int) -> None:
    verdict = verdict_on(simulated(seed))
    assert verdict.linearizable, verdict.message


@given(SEEDS)
@settings(max_examples=examples(20))
def test_answers_that_were_never_to_settle_are_explained(seed: int) -> None:
    forever = [
        replace(each, returned_at=None) if each.result is None else each
        for each in simulated(seed, total=60)
    ]
    assert verdict_on(forever).linearizable


def test_a_long_history_with_hundreds_of_lost_answers_is_explained() -> None:
    history = simulated(1, total=2_000)
    assert sum(each.result is None for each in history) > 150
    assert verdict_on(history).linearizable


class StaleReader(SimulatedPlayer):
    """Reads now and then from a copy that is behind."""

    behind: SimulatedPlayer | None = None

    def take(self, call: Any, now_ms: int) -> Answer | Refused:
        if self.behind and isinstance(call, calls.Get) and self.rng.random() < 0.3:
            return self.behind.take(call, now_ms)
        if self.behind is None or self.rng.random() < 0.05:
            self.behind = None
            self.behind = deepcopy(self)
        return super().take(call, now_ms)


class Forgetful(SimulatedPlayer):
    """Loses what it acknowledged now and then."""

    def take(self, call: Any, now_ms: int) -> Answer | Refused:
        before = dict(vars(self), queue=list(self.queue), order=list(self.order))
        answer = super().take(call, now_ms)
        if self.rng.random() < 0.05:
            vars(self).update(before)
        return answer


class Stutterer(SimulatedPlayer):
    """Does now and then twice what came under one request."""

    def skip(self, call: calls.Skip) -> Refused | None:
        if self.rng.random() < 0.5 and len(self.queue) > 1:
            super().skip(call)
        return super().skip(call)


class Shuffler(SimulatedPlayer):
    """Puts what it was told first behind what it was told next."""

    def addtoqueue(self, call: calls.AddToQueue) -> Refused | None:
        turned = replace(call, next=not call.next) if len(self.queue) > 2 else call
        return super().addtoqueue(turned)


class Heedless(SimulatedPlayer):
    """Gives the same revision to two commands."""

    def seek(self, call: calls.Seek) -> Refused | None:
        refused = super().seek(call)
        self.revision -= not refused and self.rng.random() < 0.8
        return refused


@pytest.mark.parametrize("player", [StaleReader, Forgetful, Stutterer, Shuffler, Heedless])
def test_a_player_that_errs_is_found_out(
    player: Callable[[random.Random], SimulatedPlayer],
) -> None:
    histories = [simulated(seed, player, 400, unknown=0) for seed in range(6)]
    assert not any(verdict_on(each).linearizable for each in histories)


@pytest.mark.parametrize("player", [StaleReader, Forgetful, Stutterer, Shuffler, Heedless])
def test_lost_answers_hide_little_of_what_errs(
    player: Callable[[random.Random], SimulatedPlayer],
) -> None:
    """One of them may be what explains a fault, but seldom."""
    histories = [simulated(seed, player, 400) for seed in range(6)]
    assert sum(not verdict_on(each).linearizable for each in histories) >= 4


PLAYED = (
    calls.Play("phone", None, TRACKS),
    Answer(1, epoch=1, playback_id="s1", track_id="t0"),
)
PLAYING = Answer(1, epoch=1, playback_id="s1", status="PLAYING", track_id="t0", queue=())
PAUSED = Answer(2, position_ms=100)


@pytest.mark.parametrize(
    "told",
    [
        [(calls.Pause("s1"), PAUSED), (calls.Pause("s1"), PAUSED)],
        [(calls.Pause("s1"), None), (calls.Get(), Answer(2, epoch=1, status="PAUSED"))],
        [(calls.Skip(), Answer(2, epoch=1, track_id="t1")), (calls.Get(), Answer(2, epoch=1))],
        [(calls.Skip(), Refused(calls.SKIP_LIMIT_REACHED)), (calls.Get(), PLAYING)],
        [
            (calls.Play("desk", "t3"), Answer(2, epoch=2, playback_id="s2", track_id="t3")),
            (calls.Pause("s1"), Refused(calls.SESSION_NOT_CURRENT)),
            (calls.Skip(), Refused(calls.QUEUE_ENDED)),
            (calls.Stop("s1"), Answer(2, position_ms=9, playback_id="s1")),
        ],
        [(calls.Play("desk", "t3"), None), (calls.Get(), Answer(2, epoch=2, playback_id="s2"))],
        [(calls.Pause("s1"), PAUSED), (calls.Transfer("desk"), Answer(3, 2, "s2", "PAUSED"))],
        [(calls.Expire("s1"), None), (calls.Get(), Answer(2, epoch=1, status="STOPPED"))],
        [(calls.Seek("none", 5), Refused(calls.NOT_FOUND))],
        [(calls.AddToQueue(("t5",)), Answer(2)), (calls.Skip(), Answer(3, track_id="t5"))],
    ],
)
def test_what_can_be_is_explained(told: list[tuple[Any, Answer | Refused | None]]) -> None:
    verdict = verdict_on(one_by_one(PLAYED, *told))
    assert verdict.linearizable, verdict.message


@pytest.mark.parametrize(
    "told",
    [
        pytest.param([(calls.Pause("s1"), PAUSED), (calls.Get(), PLAYING)], id="stale read"),
        pytest.param([(calls.Pause("s1"), Answer(3))], id="a revision that nobody made"),
        pytest.param(
            [(calls.Seek("s1", 5), Answer(2)), (calls.Seek("s1", 6), Answer(2))],
            id="one revision for two commands",
        ),
        pytest.param(
            [
                (calls.Play("desk", "t3"), Answer(2, epoch=2, playback_id="s2", track_id="t3")),
                (calls.Get(), replace(PLAYING, revision=2)),
            ],
            id="two sessions play",
        ),
        pytest.param(
            [
                (calls.Play("desk", "t3"), Answer(2, epoch=2, playback_id="s2", track_id="t3")),
                (calls.Resume("s1"), Answer(2)),
            ],
            id="a session that was taken over still obeys",
        ),
        pytest.param(
            [
                (calls.Skip(), Answer(2, epoch=1, track_id="t1")),
                (calls.Get(), Answer(2, epoch=1, track_id="t2")),
            ],
            id="a skip that moved on twice",
        ),
        pytest.param(
            [
                (calls.Skip(), None),
                (calls.Get(), Answer(3, epoch=1, track_id="t2")),
            ],
            id="a lost skip that was carried out twice",
        ),
        pytest.param(
            [
                (calls.AddToQueue(("t4",)), Answer(2)),
                (calls.AddToQueue(("t5",)), Answer(3)),
                (calls.Get(), Answer(3, epoch=1, queue=("t5", "t4"))),
            ],
            id="commands in another order than acknowledged",
        ),
        pytest.param(
            [
                (calls.Pause("s1"), None),
                (calls.Get(), Answer(2, epoch=1, status="PAUSED")),
                (calls.Get(), PLAYING),
            ],
            id="a read that goes back in time",
        ),
        pytest.param(
            [
                (calls.Pause("s1"), PAUSED),
                (calls.Seek("s1", 5_000), Answer(3, position_ms=5_000)),
                (calls.Get(), Answer(3, epoch=1, position_ms=100)),
            ],
            id="a held position that jumps",
        ),
        pytest.param([(calls.Skip(), Refused(calls.QUEUE_ENDED))], id="an end that is none"),
        pytest.param([(calls.Pause("s1"), Refused(calls.NOT_FOUND))], id="a session forgotten"),
        pytest.param([(calls.Get(), calls.NOTHING_PLAYED)], id="an account forgotten"),
        pytest.param(
            [(calls.Transfer("desk"), Answer(2, epoch=2, playback_id="s1"))],
            id="one name for two sessions",
        ),
    ],
)
def test_what_cannot_be_is_not(told: list[tuple[Any, Answer | Refused | None]]) -> None:
    verdict = verdict_on(one_by_one(PLAYED, *told))
    assert not verdict.linearizable
    assert verdict.window
