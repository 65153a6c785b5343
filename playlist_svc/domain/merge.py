"""Three-way merge of playlists by item: what `target` did to `base`, done to `head`.

Everything that is not a plain edit of the head is this: an edit based on an older snapshot (base
is that snapshot, target the edit applied to it), an undo (base is the revision, target the one
before it), a redo (the undo of the undo).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal

from playlist_svc.domain.content import Content
from playlist_svc.domain.diff import common_ends
from playlist_svc.domain.diff import moved as fewest_moved
from playlist_svc.domain.order import MAX_TRACKS, RECORD, Order, OrderFull


class MergeConflict(Exception):
    """Items that were moved, and that others have removed, or moved elsewhere, since."""

    def __init__(self, items: tuple[bytes, ...], why: Literal["removed", "moved"]) -> None:
        super().__init__(f"{len(items)} items were {why} by others")
        self.items = items
        self.why = why


class TextConflict(Exception):
    """A text that others have changed to something else since; ``field`` is its name."""

    def __init__(self, field: str) -> None:
        super().__init__(f"the {field} was changed by others")
        self.field = field


def merge_content(
    base: Content, target: Content, head: Content, moved: Collection[bytes] | None = None
) -> Content:
    """`merge_text` of title and description, and `merge` of the tracks."""
    return Content(
        merge_text(base.title, target.title, head.title, "title"),
        merge_text(base.description, target.description, head.description, "description"),
        merge(base.order, target.order, head.order, moved),
    )


def merge_text(base: str, target: str, head: str, field: str) -> str:
    """The text that one side changed; TextConflict when both did, and differently."""
    if target == base:
        return head
    if head not in (base, target):
        raise TextConflict(field)
    return target


def merge(base: Order, target: Order, head: Order, moved: Collection[bytes] | None = None) -> Order:
    """``head`` with what ``target`` did to ``base``.

    What target removed leaves; that it has left already, or was moved by others, is fine. What
    target added or moved stands before its anchor: the next item in target that is in head and
    that target did not move; without one, at the end. So of two appends both stay, the later
    after the earlier, and what was put before an item is before it wherever that went. An added
    item that head has already stays where head has it.

    ``moved`` are the items that target moved, where the caller knows; else the fewest that explain
    target. MergeConflict when a moved item has been removed, or moved elsewhere, in head; OrderFull
    when the merged list would be too long.
    """
    if target == base:
        return head
    if head == base:
        result = target
    else:
        result = _placed(target, head, _intent(_Sides(base, target, head), moved))
    if len(result) > MAX_TRACKS:
        raise OrderFull
    return result


class _Sides:
    """What the merge asks of the three lists, each looked up once.

    ``before`` and ``after`` are the item ids of base and target without the ends that both share,
    where no item was added, removed or moved; ``offset`` is where they begin, ``end`` where
    ``after`` ends in target.
    """

    def __init__(self, base: Order, target: Order, head: Order) -> None:
        self.base, self.target = base, target
        self._narrow(*common_ends(base, target))
        self.head = head.item_ids()
        self.places = {item_id: place for place, item_id in enumerate(self.head)}

    def cover(self, item_ids: Collection[bytes]) -> None:
        """Widen ``before`` and ``after`` to the whole lists where they lack one of these."""
        if not self.in_before.issuperset(item_ids):
            self._narrow(0, 0)

    def _narrow(self, offset: int, tail: int) -> None:
        base, target = self.base, self.target
        self.offset, self.end = offset, len(target) - tail
        self.before = base.item_ids(self.offset, len(base) - tail)
        self.after = target.item_ids(self.offset, self.end)
        self.in_before, self.in_after = frozenset(self.before), frozenset(self.after)


@dataclass(frozen=True, slots=True)
class _Intent:
    """What is done to head: places that are left, and indices of target by the place they go to."""

    leaving: list[int]
    runs: Mapping[int, list[int]]


def _intent(sides: _Sides, known: Collection[bytes] | None) -> _Intent:
    going = _moved(sides, known)
    going -= _agreed(sides, going)
    gone = (sides.in_before - sides.in_after) & sides.places.keys()
    runs: defaultdict[int, list[int]] = defaultdict(list)
    places, in_before = sides.places, sides.in_before
    anchor = next((places[i] for i in sides.target.item_ids(sides.end) if i in places), len(places))
    for index in range(len(sides.after) - 1, -1, -1):
        item_id = sides.after[index]
        if item_id in going:
            runs[anchor].append(sides.offset + index)
        elif item_id in places:
            anchor = places[item_id]
        elif item_id not in in_before:
            runs[anchor].append(sides.offset + index)
    for run in runs.values():
        run.reverse()
    return _Intent(sorted(places[item_id] for item_id in going | gone), runs)


def _moved(sides: _Sides, known: Collection[bytes] | None) -> set[bytes]:
    """The items that target moved, all of them still in head."""
    if known is None:
        going = fewest_moved(sides.before, sides.after)
    else:
        sides.cover(known)
        going = set(known) & sides.in_before & sides.in_after
        # What the caller names may not be all that it takes to explain target.
        going |= fewest_moved(
            [i for i in sides.before if i not in going], [i for i in sides.after if i not in going]
        )
    removed = going - sides.places.keys()
    if removed:
        raise MergeConflict(tuple(sorted(removed)), "removed")
    return going


def _agreed(sides: _Sides, going: set[bytes]) -> set[bytes]:
    """The moved items that others moved to the same place; MergeConflict when to another."""
    if not going:
        return set()
    both = going & fewest_moved(sides.base.item_ids(), sides.head)
    if not both:
        return both
    target = sides.target.item_ids()
    fixed = (set(target) & sides.places.keys()) - going
    mine, theirs = _by_anchor(target, both, fixed), _by_anchor(sides.head, both, fixed)
    differing = [item for anchor in mine for item in mine[anchor] if mine[anchor] != theirs[anchor]]
    if differing:
        raise MergeConflict(tuple(sorted(differing)), "moved")
    return both


def _by_anchor(
    items: list[bytes], chosen: Collection[bytes], fixed: Collection[bytes]
) -> defaultdict[bytes | None, list[bytes]]:
    """Those chosen, by the next fixed item after them; None for those that have none."""
    runs: defaultdict[bytes | None, list[bytes]] = defaultdict(list)
    anchor = None
    for item_id in reversed(items):
        if item_id in fixed:
            anchor = item_id
        elif item_id in chosen:
            runs[anchor].append(item_id)
    return runs


def _placed(target: Order, head: Order, intent: _Intent) -> Order:
    """Head without what leaves and with the runs of target before their anchors."""
    size, source = RECORD.size, head.packed
    cuts: list[tuple[int, int, Iterable[int]]] = [(at, 1, ()) for at in intent.leaving]
    cuts += [(at, 0, run) for at, run in intent.runs.items()]
    parts: list[bytes] = []
    done = 0
    for at, skipped, run in sorted(cuts, key=itemgetter(0, 1)):
        parts.append(source[done * size : at * size])
        parts += [target.packed[index * size : (index + 1) * size] for index in run]
        done = at + skipped
    parts.append(source[done * size :])
    return Order(b"".join(parts))
