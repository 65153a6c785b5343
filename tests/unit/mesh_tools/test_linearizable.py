"""The checker of histories, with models small enough to see the truth at once."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mesh.history import History, Operation
from tests.mesh.linearizable import Model, SearchTooLarge, check
from tests.profiles import examples


@dataclass(frozen=True)
class Write:
    value: int


@dataclass(frozen=True)
class Add:
    amount: int


@dataclass(frozen=True)
class Read:
    pass


class Register(Model[int]):
    """A number that is set, added to, and read; a change answers "done"."""

    def initial(self) -> int:
        return 0

    def step(self, state: int, call: object, result: object | None) -> Iterable[int]:
        if isinstance(call, Write):
            return [call.value]
        if isinstance(call, Add):
            return [state + call.amount]
        return [state] if result in (None, state) else []


class CountedRegister(Model[tuple[int, int]]):
    """The same, where every change answers its number."""

    def initial(self) -> tuple[int, int]:
        return 0, 0

    def step(
        self, state: tuple[int, int], call: object, result: object | None
    ) -> Iterable[tuple[int, int]]:
        if isinstance(call, Read):
            return [state] if result in (None, state) else []
        assert isinstance(call, Write)
        after = state[0] + 1, call.value
        return [after] if result in (None, after[0]) else []

    def progress(self, state: tuple[int, int]) -> int:
        return state[0]

    def latest(self, call: object, result: object) -> int | None:
        if isinstance(result, tuple):
            return int(result[0])
        assert isinstance(result, int)
        return result - 1

    def inert(self, call: object, result: object | None) -> bool:
        return isinstance(call, Read)


def operation(
    call: object, result: object | None, invoked_at: float, returned_at: float | None
) -> Operation:
    return Operation(0, call, result, invoked_at, returned_at)


def by_brute_force(operations: Sequence[Operation], model: Model[int]) -> bool:
    """Tries every order of every choice of the calls of unknown outcome."""
    certain = [each for each in operations if each.result is not None]
    open_ = [each for each in operations if each.result is None]
    for taken in range(len(open_) + 1):
        for chosen in combinations(open_, taken):
            if any(_explains(order, model) for order in permutations([*certain, *chosen])):
                return True
    return False


def _explains(order: Sequence[Operation], model: Model[int]) -> bool:
    state = model.initial()
    for index, each in enumerate(order):
        if any((o.returned_at or 9e9) < each.invoked_at for o in order[index + 1 :]):
            return False
        after = list(model.step(state, each.call, each.result))
        if not after:
            return False
        state = after[0]
    return True


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """Up to six calls at times that often overlap, with results that may be true."""
    found = []
    for client in range(draw(st.integers(1, 6))):
        call = draw(st.sampled_from([Write(1), Write(2), Add(1), Read(), Read()]))
        result: object | None = draw(st.integers(0, 3)) if isinstance(call, Read) else "done"
        begin = draw(st.integers(0, 8))
        end: float | None = begin + draw(st.integers(0, 4)) + 0.5
        if draw(st.booleans()) and not isinstance(call, Read):
            result = None
            end = draw(st.sampled_from([end, None]))
        found.append(Operation(client, call, result, begin, end))
    return found


@given(histories())
@settings(max_examples=examples(300))
def test_the_checker_agrees_with_trying_every_order(operations: list[Operation]) -> None:
    assert check(operations, Register()).linearizable == by_brute_force(operations, Register())


def test_a_read_may_see_a_write_that_is_under_way_or_not() -> None:
    write = operation(Write(7), "done", 0, 10)
    assert check([write, operation(Read(), 7, 1, 2)], Register()).linearizable
    assert check([write, operation(Read(), 0, 1, 2)], Register()).linearizable


def test_a_read_after_an_acknowledged_write_is_not_stale() -> None:
    stale = operation(Read(), 0, 2, 3)
    verdict = check([operation(Write(7), "done", 0, 1), stale], Register())
    assert not verdict.linearizable
    assert verdict.window == (stale,)
    assert verdict.explained == 1
    assert str(stale) in verdict.message


def test_reads_do_not_go_back_in_time() -> None:
    write = operation(Write(7), None, 0, None)
    reads = [operation(Read(), 7, 1, 2), operation(Read(), 0, 3, 4)]
    assert not check([write, *reads], Register()).linearizable
    assert check([write, *reversed(reads)], Register()).linearizable is False
    assert check([write, operation(Read(), 0, 1, 2), operation(Read(), 7, 3, 4)], Register())


def test_a_call_of_unknown_outcome_takes_effect_once_at_most() -> None:
    lost = operation(Add(1), None, 0, None)
    assert check([lost, operation(Read(), 1, 5, 6)], Register()).linearizable
    assert not check([lost, operation(Read(), 2, 5, 6)], Register()).linearizable
    assert check([lost, lost, operation(Read(), 2, 5, 6)], Register()).linearizable


def test_a_call_of_unknown_outcome_has_no_effect_after_it_settled() -> None:
    unseen = operation(Read(), 0, 5, 6)
    late = operation(Read(), 7, 7, 8)
    forever, settled = operation(Write(7), None, 0, None), operation(Write(7), None, 0, 4)
    assert check([forever, unseen, late], Register()).linearizable
    assert not check([settled, unseen, late], Register()).linearizable


def test_two_changes_are_not_the_same_one() -> None:
    twice = [operation(Write(1), 1, 0, 5), operation(Write(2), 1, 1, 6)]
    verdict = check(twice, CountedRegister())
    assert not verdict.linearizable
    assert set(verdict.window) == set(twice)


def test_a_gap_is_filled_by_a_lost_call_or_not_at_all() -> None:
    told = [operation(Write(1), 1, 0, 1), operation(Write(3), 3, 4, 5)]
    assert not check(told, CountedRegister()).linearizable
    assert check([*told, operation(Write(2), None, 2, None)], CountedRegister()).linearizable
    too_late = operation(Write(2), None, 6, None)
    assert not check([*told, too_late], CountedRegister()).linearizable


def test_one_lost_call_does_not_fill_two_gaps() -> None:
    told = [operation(Write(1), number, number, number + 0.5) for number in (2, 4)]
    lost = operation(Write(2), None, 0, None)
    assert not check([lost, *told], CountedRegister()).linearizable
    assert check([lost, lost, *told], CountedRegister()).linearizable


def test_gaps_share_lost_calls_by_what_each_must_have_written() -> None:
    """Either could fill the first gap, but only one of them leaves what fills the second."""
    seven, eight = (operation(Write(value), None, 0, None) for value in (7, 8))
    told = [operation(Write(0), 2, 1, 2), operation(Read(), (3, 7), 3, 4)]
    assert check([seven, eight, *told], CountedRegister()).linearizable
    assert not check(
        [seven, operation(Write(9), None, 5, None), *told], CountedRegister()
    ).linearizable


def test_hundreds_of_lost_calls_are_told_apart_by_what_came_of_them() -> None:
    rng = random.Random(5)
    operations, number = [], 0
    for at in range(600):
        lost = rng.random() < 0.4
        takes_effect = not lost or rng.random() < 0.5
        number += takes_effect
        call = Write(rng.randrange(8))
        operations.append(operation(call, None if lost else number, at, at + (3 if lost else 0.5)))
    assert check(operations, CountedRegister()).linearizable
    acknowledged = [each for each in operations if each.result]
    missing = acknowledged[len(acknowledged) // 2 : len(acknowledged) // 2 + 6]
    fewer = [each for each in operations if each not in missing]
    assert not check(fewer, CountedRegister()).linearizable


def test_a_search_that_grows_too_large_says_so() -> None:
    lost = [operation(Add(2**power), None, 0, None) for power in range(12)]
    with pytest.raises(SearchTooLarge):
        check([*lost, operation(Read(), -1, 1, 2)], Register(), most=1_000)


def test_a_result_without_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time"):
        check([operation(Read(), 0, 0, None)], Register())


async def test_a_recorder_keeps_what_was_set_and_when() -> None:
    times = iter(range(10))
    history = History(clock=lambda: float(next(times)))
    async with history.call(1, Read()) as outer:
        async with history.call(2, Write(3)):
            pass
        outer.result = 3
    assert history.operations == (
        Operation(1, Read(), 3, 0, 3),
        Operation(2, Write(3), None, 1, None),
    )


async def test_a_call_that_raises_is_recorded_as_of_unknown_outcome() -> None:
    times = iter(range(10))
    history = History(settles_within_s=5, clock=lambda: float(next(times)))
    with pytest.raises(ConnectionError):
        async with history.call(1, Write(1)):
            raise ConnectionError
    assert history.operations == (Operation(1, Write(1), None, 0, 6),)
