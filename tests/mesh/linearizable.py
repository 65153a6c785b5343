"""Whether a history of concurrent calls has one order that explains every answer.

The search is just in time: whenever a call returns, every state that the history allows is led on
by calls under way until the one that returned has taken effect; states that are reached twice count
once. A call of unknown outcome may be taken at any time after it began, and need never be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, Protocol, TypeVar

from tests.mesh.debts import Configuration, Debts, Frontier
from tests.mesh.history import Operation

S = TypeVar("S", bound=Hashable)

MOST_CONFIGURATIONS = 2_000_000
_SHOWN = 3
_TIDY_EVERY = 16
_UNBOUNDED = float("inf")


class Model(Protocol[S]):
    """What calls do to a state when they come one after another.

    Implementations inherit it: the last four methods only make the search shorter.
    """

    def initial(self) -> S:
        """The state before the first call."""
        ...

    def step(self, state: S, call: object, result: object | None) -> Iterable[S]:
        """The states that ``call`` may leave when it answers ``result``; none: it cannot.

        With ``result`` None: the states that it may leave, whatever it answers.
        """
        ...

    def progress(self, state: S) -> int | None:
        """A number that every step which changes something raises; None: there is none."""
        return None

    def latest(self, call: object, result: object) -> int | None:
        """The highest progress of a state that can answer ``result``; None: any can."""
        return None

    def inert(self, call: object, result: object | None) -> bool:
        """Whether ``call`` with this result changes nothing that an answer could show.

        Its step then leaves one state at most: the same one, or one that says more about it.
        """
        return False

    def spent(self, state: S, call: object) -> bool:
        """Whether ``call`` changes nothing in ``state`` nor in any that may come after it."""
        return False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found.

    ``explained``: how many answers an order explains, in the sequence in which they came.
    ``window``: the operations between which there is no such order; empty where all is well.
    """

    linearizable: bool
    explained: int
    window: tuple[Operation, ...]
    message: str
    configurations: int


class SearchTooLarge(Exception):
    """The history leaves more open than can be looked at; nothing is known of it."""


def check(
    operations: Iterable[Operation], model: Model[S], *, most: int = MOST_CONFIGURATIONS
) -> Verdict:
    """Whether one order of ``operations`` explains all of their results.

    Raises SearchTooLarge after ``most`` configurations.
    """
    return _Search(tuple(operations), model, most).verdict()


class _Kind(IntEnum):
    """Of events at the same time, calls begin before others return: they count as concurrent."""

    BEGINS = 0
    RETURNS = 1
    LAPSES = 2


@dataclass(frozen=True, slots=True, order=True)
class _Event:
    at: float
    kind: _Kind
    index: int


class _Search(Generic[S]):
    def __init__(self, operations: Sequence[Operation], model: Model[S], most: int) -> None:
        self._operations = operations
        self._model = model
        self._most = most
        self._looked_at = 0
        self._events = _until_last_return(sorted(_events(operations, model)))
        self._latest = [_latest(each, model) for each in operations]
        self._pending: dict[int, int] = {}
        """The calls under way whose result is known, each under a bit of its own."""
        self._open: dict[object, int] = {}
        """The calls of unknown outcome that may still take effect, as bits."""
        self._limits: dict[int, float] = {}
        self._later: float = _UNBOUNDED
        self._lapses: tuple[int, Frontier[S]] | None = None

    def verdict(self) -> Verdict:
        """Leads the states from event to event."""
        frontier: Frontier[S] = Frontier()
        frontier.add(self._model.initial(), 0, Debts())
        later = self._later_limits()
        explained = 0
        for position, event in enumerate(self._events):
            self._later = later[position + 1]
            operation = self._operations[event.index]
            if event.kind is _Kind.BEGINS:
                self._begin(event.index, operation)
            elif event.kind is _Kind.LAPSES:
                frontier = self._lapse(frontier, event.index)
            else:
                reached = self._take(frontier, event.index)
                if not len(reached):
                    return self._failure(frontier, position, explained)
                explained += 1
                frontier = reached if explained % _TIDY_EVERY else self._tidied(reached)
        return Verdict(True, explained, (), f"all {explained} answers explained", self._looked_at)

    def _later_limits(self) -> list[float]:
        """By position: the lowest progress that a call which begins there or later still needs."""
        limits = [_UNBOUNDED]
        for event in reversed(self._events):
            began = event.kind is _Kind.BEGINS
            limits.append(min(limits[-1], self._latest[event.index] if began else _UNBOUNDED))
        return limits[::-1]

    def _begin(self, index: int, operation: Operation) -> None:
        if operation.result is None:
            self._open[operation.call] = self._open.get(operation.call, 0) | 1 << index
            return
        bit = 1
        while bit in self._pending:
            bit <<= 1
        self._pending[bit] = index

    def _lapse(self, frontier: Frontier[S], index: int) -> Frontier[S]:
        """The configurations in which this call has taken effect by now, and those without it."""
        call = self._operations[index].call
        if not self._open.get(call, 0) & 1 << index:
            return frontier
        reached: Frontier[S] = Frontier()
        for each in frontier:
            reached.add(each.state, each.taken, each.debts)
        self._explored(frontier, lapses=(1 << index, reached))
        left = self._open[call] & ~(1 << index)
        if left:
            self._open[call] = left
        else:
            del self._open[call]
        return self._without_settled(reached)

    def _tidied(self, frontier: Frontier[S]) -> Frontier[S]:
        """Without the choices between calls that can have no effect any more."""
        states = {each.state for each in frontier}
        for call in list(self._open):
            if all(self._model.spent(each, call) for each in states):
                del self._open[call]
        return self._without_settled(frontier)

    def _without_settled(self, frontier: Frontier[S]) -> Frontier[S]:
        usable = 0
        for mask in self._open.values():
            usable |= mask
        left: Frontier[S] = Frontier()
        for each in frontier:
            left.add(each.state, each.taken, each.debts.alive(usable))
        return left

    def _take(self, frontier: Frontier[S], index: int) -> Frontier[S]:
        """The configurations in which this call has taken effect, without its bit."""
        bit = next(bit for bit, pending in self._pending.items() if pending == index)
        reached: Frontier[S] = Frontier()
        for each in self._explored(frontier, until=bit):
            if each.taken & bit:
                reached.add(each.state, each.taken & ~bit, each.debts)
        if len(reached):
            del self._pending[bit]
        return reached

    def _explored(
        self,
        frontier: Frontier[S],
        until: int = 0,
        lapses: tuple[int, Frontier[S]] | None = None,
    ) -> Frontier[S]:
        """All that calls under way lead to, no further than where one of ``until`` was taken.

        ``lapses``: a call of unknown outcome, and where to put what it leads to.
        """
        self._limits = {}
        self._lapses = lapses
        seen: Frontier[S] = Frontier()
        # First in, first out: what is to be merged has met before it is led on.
        queue: deque[Configuration[S]] = deque()
        for each in frontier:
            self._push(queue, seen, each.state, each.taken, each.debts)
        while queue:
            here = queue.popleft()
            if not here.taken & until and here in seen:
                self._count()
                self._lead_on(queue, seen, here)
        return seen

    def _push(
        self,
        queue: deque[Configuration[S]],
        seen: Frontier[S],
        state: S,
        taken: int,
        debts: Debts,
        lapsing: int = 0,
    ) -> None:
        """Adds what is new, unless it is beyond what an answer still to be explained was of."""
        state, taken = self._with_inert(state, taken)
        if (self._model.progress(state) or 0) > self._limit(taken):
            return
        if self._lapses and lapsing & self._lapses[0]:
            self._lapses[1].add(state, taken, debts)
        fresh = seen.add(state, taken, debts)
        if fresh is not None:
            queue.append(fresh)

    def _with_inert(self, state: S, taken: int) -> tuple[S, int]:
        """Takes what changes nothing as soon as it fits: waiting could not make it fit better."""
        for bit, index in self._pending.items():
            operation = self._operations[index]
            if taken & bit or not self._model.inert(operation.call, operation.result):
                continue
            for after in self._model.step(state, operation.call, operation.result):
                state, taken = after, taken | bit
                break
        return state, taken

    def _lead_on(
        self, queue: deque[Configuration[S]], seen: Frontier[S], here: Configuration[S]
    ) -> None:
        """Adds where one call more leads to."""
        progress = self._model.progress(here.state)
        if progress is None or progress < self._limit(here.taken):
            for state, mask in self._unknown_effects(here.state).items():
                debts = here.debts.owing(mask)
                if debts is not None:
                    self._push(queue, seen, state, here.taken, debts, mask)
        for bit, index in self._pending.items():
            if not here.taken & bit:
                operation = self._operations[index]
                for state in self._model.step(here.state, operation.call, operation.result):
                    self._push(queue, seen, state, here.taken | bit, here.debts)

    def _unknown_effects(self, state: S) -> dict[S, int]:
        """The other states that calls of unknown outcome may lead to, and which calls."""
        effects: dict[S, int] = {}
        for call, mask in self._open.items():
            for after in self._model.step(state, call, None):
                if after != state:
                    effects[after] = effects.get(after, 0) | mask
        return effects

    def _limit(self, taken: int) -> float:
        """The highest progress from which all that is still to be explained can be."""
        if taken not in self._limits:
            waiting = (self._latest[i] for bit, i in self._pending.items() if not taken & bit)
            self._limits[taken] = min(self._later, *waiting, _UNBOUNDED)
        return self._limits[taken]

    def _count(self) -> None:
        self._looked_at += 1
        if self._looked_at > self._most:
            raise SearchTooLarge(f"more than {self._most} configurations")

    def _failure(self, frontier: Frontier[S], position: int, explained: int) -> Verdict:
        index = self._events[position].index
        window = [index, *(each for each in self._pending.values() if each != index)]
        later = [e.index for e in self._events[position + 1 :] if e.kind is _Kind.BEGINS]
        binding = min(later, key=lambda each: self._latest[each], default=None)
        if binding is not None and self._latest[binding] <= min(self._latest[i] for i in window):
            window.append(binding)
        operations = tuple(self._operations[each] for each in window)
        states = sorted({str(each.state) for each in frontier})
        lines = [
            f"No order explains answer {explained + 1}:",
            f"  {operations[0]}",
            "with what was under way or came later:",
            *(f"  {each}" for each in operations[1:]),
            f"after {explained} answers that leave {len(states)} possible states, such as:",
            *(f"  {each}" for each in states[:_SHOWN]),
            f"and {sum(m.bit_count() for m in self._open.values())} calls of unknown outcome",
        ]
        return Verdict(False, explained, operations, "\n".join(lines), self._looked_at)


def _events(operations: Sequence[Operation], model: Model[S]) -> Iterable[_Event]:
    for index, each in enumerate(operations):
        unknown = each.result is None
        if unknown and model.inert(each.call, None):
            continue
        if not unknown and each.returned_at is None:
            raise ValueError(f"a result without a time: {each}")
        yield _Event(each.invoked_at, _Kind.BEGINS, index)
        if each.returned_at is not None:
            kind = _Kind.LAPSES if unknown else _Kind.RETURNS
            yield _Event(each.returned_at, kind, index)


def _until_last_return(events: list[_Event]) -> list[_Event]:
    """Without what comes when nothing is left to be explained."""
    while events and events[-1].kind is not _Kind.RETURNS:
        events.pop()
    return events


def _latest(operation: Operation, model: Model[S]) -> float:
    if operation.result is None:
        return _UNBOUNDED
    latest = model.latest(operation.call, operation.result)
    return _UNBOUNDED if latest is None else latest
