"""What lies between two contents of a playlist, in the fewest moves, and putting it into effect."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import lt

from playlist_svc.domain.content import Content
from playlist_svc.domain.order import RECORD, Entry, Order, as_entry


@dataclass(frozen=True, slots=True)
class Added:
    """An entry that only the new list has, and where it stands there, from 0."""

    entry: Entry
    to_position: int


@dataclass(frozen=True, slots=True)
class Removed:
    """An entry that only the old list has, and where it stood there, from 0."""

    entry: Entry
    from_position: int


@dataclass(frozen=True, slots=True)
class Moved:
    """An entry of both lists that has another place among its neighbours."""

    entry: Entry
    from_position: int
    to_position: int


@dataclass(frozen=True, slots=True)
class TitleChanged:
    """The list got another title."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class DescriptionChanged:
    """The list got another description."""

    old: str
    new: str


Change = Added | Removed | Moved | TitleChanged | DescriptionChanged


class PatchDoesNotFit(ValueError):
    """The changes were not made against this content."""


def common_ends(old: Order, new: Order) -> tuple[int, int]:
    """How many records the two begin with in common, and with how many more they both end."""
    a, b = old.packed, new.packed
    shorter = min(len(old), len(new))
    size = RECORD.size

    def begins(low: int, high: int) -> bool:
        return a[low * size : high * size] == b[low * size : high * size]

    def ends(low: int, high: int) -> bool:
        near, far = low * size, high * size
        return a[len(a) - far : len(a) - near] == b[len(b) - far : len(b) - near]

    start = _agreeing(begins, shorter)
    return start, _agreeing(ends, shorter - start)


def _agreeing(agree: Callable[[int, int], bool], limit: int) -> int:
    """The longest stretch from 0 that agrees, by halving: comparing bytes is a memcmp."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if agree(low, middle) else (low, middle - 1)
    return low


def longest_rising(values: Sequence[int]) -> list[int]:
    """Indices of a longest strictly rising subsequence of distinct ``values``; n log n."""
    if all(map(lt, values, islice(values, 1, None))):
        return list(range(len(values)))
    lowest: list[int] = []  # the lowest value that ends a rising run, by its length - 1
    ends: list[int] = []  # where that value stands
    before: list[int] = []  # the index that precedes each value in its run
    for index, value in enumerate(values):
        length = len(lowest)
        if not length or value > lowest[-1]:
            lowest.append(value)
            ends.append(index)
        else:
            length = bisect_left(lowest, value)
            lowest[length] = value
            ends[length] = index
        before.append(ends[length - 1] if length else -1)
    run = [ends[-1]]
    while before[run[-1]] >= 0:
        run.append(before[run[-1]])
    run.reverse()
    return run


def moved(old: Sequence[bytes], new: Sequence[bytes]) -> set[bytes]:
    """A smallest set of keys of both lists without which the rest stands in the same order."""
    return _moved({key: place for place, key in enumerate(old)}, new)


def _moved(places: Mapping[bytes, int], new: Sequence[bytes]) -> set[bytes]:
    common = [key for key in new if key in places]
    stays = longest_rising([places[key] for key in common])
    if len(stays) == len(common):
        return set()
    return set(common).difference(map(common.__getitem__, stays))


def diff(a: Content, b: Content) -> tuple[Change, ...]:
    """The changes from ``a`` to ``b``, with as few moves as there can be.

    Positions mean: take every removed and moved entry out of ``a``, then put the added and moved
    ones in, by rising ``to_position``; that gives ``b``. The changes come as title, description,
    removed by rising ``from_position``, then added and moved by rising ``to_position``.
    """
    changes: list[Change] = []
    if a.title != b.title:
        changes.append(TitleChanged(a.title, b.title))
    if a.description != b.description:
        changes.append(DescriptionChanged(a.description, b.description))
    if a.order != b.order:
        changes += _order_changes(a.order, b.order)
    return tuple(changes)


def _order_changes(a: Order, b: Order) -> list[Change]:
    start, tail = common_ends(a, b)
    old, new = a.records(start, len(a) - tail), b.records(start, len(b) - tail)
    places = {record: place for place, record in enumerate(old, start)}
    going = _moved(places, new)
    unpack = RECORD.unpack
    staying = set(new)
    changes: list[Change] = [
        Removed(as_entry(unpack(record)), place)
        for place, record in enumerate(old, start)
        if record not in staying
    ]
    for to, record in enumerate(new, start):
        if record in going:
            changes.append(Moved(as_entry(unpack(record)), places[record], to))
        elif record not in places:
            changes.append(Added(as_entry(unpack(record)), to))
    return changes


def patch(a: Content, changes: Iterable[Change]) -> Content:
    """``a`` with ``changes`` put into effect: ``patch(a, diff(a, b)) == b``.

    PatchDoesNotFit when an entry does not stand where a change says, or a text is another.
    """
    title, description = a.title, a.description
    out: dict[int, bytes] = {}
    into: dict[int, bytes] = {}
    for change in changes:
        match change:
            case TitleChanged(old, new):
                title = _changed(title, old, new)
            case DescriptionChanged(old, new):
                description = _changed(description, old, new)
            case Removed(entry, place):
                out[place] = entry.packed()
            case Added(entry, place):
                into[place] = entry.packed()
            case Moved(entry, start, to):
                out[start] = into[to] = entry.packed()
    return Content(title, description, _patched(a.order, out, into))


def _changed(text: str, old: str, new: str) -> str:
    if text != old:
        raise PatchDoesNotFit("the text is not the one that was changed")
    return new


def _patched(order: Order, out: dict[int, bytes], into: dict[int, bytes]) -> Order:
    records = order.records()
    for place, record in out.items():
        if not 0 <= place < len(records) or records[place] != record:
            raise PatchDoesNotFit("an entry does not stand where it is taken from")
    kept = [record for place, record in enumerate(records) if place not in out]
    result: list[bytes] = []
    taken = 0
    for place in sorted(into):
        wanted = place - len(result)
        if not 0 <= wanted <= len(kept) - taken:
            raise PatchDoesNotFit("an entry is put in beyond the end")
        result += kept[taken : taken + wanted]
        taken += wanted
        result.append(into[place])
    result += kept[taken:]
    return Order(b"".join(result))
