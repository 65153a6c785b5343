"""Which calls of unknown outcome were needed to explain what was seen, decided as late as can be.

Where several calls of unknown outcome have the same effect, it does not matter yet which of them
had it. A *debt* is that choice left open: the set of calls (a bit mask) of which one was used.
Debts can be paid as long as every one can be given a call of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Debts:
    """Debts as bit masks, sorted, and one way to pay them: a bit of each, all different."""

    masks: tuple[int, ...] = ()
    paid: tuple[int, ...] = ()

    def owing(self, mask: int) -> Debts | None:
        """These debts and one more; None where they could not all be paid."""
        paid = list(self.paid)
        path = self._path_to_free(mask)
        if path is None:
            return None
        bit, changes = path
        for index, freed in changes:
            paid[index] = freed
        return _sorted((*zip(self.masks, paid, strict=True), (mask, bit)))

    def alive(self, usable: int) -> Debts:
        """Without the debts that no call of ``usable`` could ever be wanted for."""
        if not self.masks:
            return self
        kept: list[tuple[int, int]] = []
        left = list(zip(self.masks, self.paid, strict=True))
        reach = usable
        while touched := [each for each in left if each[0] & reach]:
            left = [each for each in left if not each[0] & reach]
            kept += touched
            for mask, _ in touched:
                reach |= mask
        return _sorted(tuple(kept)) if left else self

    def merged(self, other: Debts) -> Debts | None:
        """Debts that can be paid, whatever is added, exactly where these or the others can.

        None where none such are found.
        """
        mine, theirs = _leftovers(self.masks, other.masks)
        if _easier(theirs, mine):
            return other
        if _easier(mine, theirs):
            return self
        if len(mine) > 1 or len(theirs) > 1:
            return None
        index = self.masks.index(mine[0])
        masks = (*self.masks[:index], mine[0] | theirs[0], *self.masks[index + 1 :])
        return _sorted(tuple(zip(masks, self.paid, strict=True)))

    def _path_to_free(self, mask: int) -> tuple[int, list[tuple[int, int]]] | None:
        """A bit of ``mask`` that is free once the listed debts are paid with other bits."""
        used = sum(self.paid)
        asked: dict[int, tuple[int, int]] = {}
        pending = [(-1, mask)]
        for debt, wanted in pending:
            if free := wanted & ~used:
                return self._along(debt, free & -free, asked)
            for index, bit in enumerate(self.paid):
                if bit & wanted and index not in asked:
                    asked[index] = (debt, bit)
                    pending.append((index, self.masks[index]))
        return None

    @staticmethod
    def _along(
        debt: int, free: int, asked: dict[int, tuple[int, int]]
    ) -> tuple[int, list[tuple[int, int]]]:
        changes: list[tuple[int, int]] = []
        while debt >= 0:
            changes.append((debt, free))
            debt, free = asked[debt]
        return free, changes


def _leftovers(some: tuple[int, ...], others: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """What each of two sorted tuples has that the other has not, as often as it has it more."""
    mine: list[int] = []
    theirs: list[int] = []
    at = 0
    for mask in some:
        while at < len(others) and others[at] < mask:
            theirs.append(others[at])
            at += 1
        if at < len(others) and others[at] == mask:
            at += 1
        else:
            mine.append(mask)
    theirs += others[at:]
    return mine, theirs


def _easier(some: list[int], others: list[int]) -> bool:
    """Whether each of ``some`` can be paid with what pays a different one of ``others``."""
    if len(some) > len(others):
        return False
    left = sorted(others, key=int.bit_count, reverse=True)
    for mask in sorted(some, key=int.bit_count):
        within = next((each for each in left if not each & ~mask), None)
        if within is None:
            return False
        left.remove(within)
    return True


def _sorted(pairs: tuple[tuple[int, int], ...]) -> Debts:
    ordered = sorted(pairs)
    return Debts(tuple(mask for mask, _ in ordered), tuple(bit for _, bit in ordered))


@dataclass(frozen=True, slots=True)
class Configuration(Generic[S]):
    """A state that the calls so far may have led to.

    ``taken`` has the bits of the calls under way that took effect already.
    """

    state: S
    taken: int
    debts: Debts


@dataclass(slots=True)
class Frontier(Generic[S]):
    """Configurations, each once; those that differ in one open choice only are one."""

    _debts: dict[tuple[S, int], list[Debts]] = field(default_factory=dict)

    def add(self, state: S, taken: int, debts: Debts) -> Configuration[S] | None:
        """What is to be looked at because of this one; None where nothing is new in it."""
        known = self._debts.setdefault((state, taken), [])
        index = 0
        while index < len(known):
            other = known[index]
            merged = other if other.masks == debts.masks else debts.merged(other)
            if merged is None:
                index += 1
            elif merged.masks == other.masks:
                return None
            else:
                debts = merged
                del known[index]
                index = 0
        known.append(debts)
        return Configuration(state, taken, debts)

    def __contains__(self, one: Configuration[S]) -> bool:
        """Whether it is still there by itself, not within another."""
        several = self._debts.get((one.state, one.taken), ())
        return any(each is one.debts for each in several)

    def __iter__(self) -> Iterator[Configuration[S]]:
        for (state, taken), several in self._debts.items():
            for debts in several:
                yield Configuration(state, taken, debts)

    def __len__(self) -> int:
        return sum(len(several) for several in self._debts.values())
