"""Three-way merge of playlists by item: what `target` did to `base`, done to `head`.

Everything that is not a plain edit of the head is this: an edit based on an older snapshot (base
is that snapshot, target the edit applied to it), an undo (base is the revision, target the one
before it), a redo (the undo of the undo).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from playlist_svc.domain.content import Content
from playlist_svc.domain.diff import moved as fewest_moved
from playlist_svc.domain.order import MAX_TRACKS, RECORD, Order, OrderFull

_AT_END = b""


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
    """Item ids of the three lists, in order and as sets."""

    def __init__(self, base: Order, target: Order, head: Order) -> None:
        self.base, self.target, self.head = base.item_ids(), target.item_ids(), head.item_ids()
        self.in_base, self.in_target = frozenset(self.base), frozenset(self.target)
        self.head_places = {item_id: place for place, item_id in enumerate(self.head)}


@dataclass(frozen=True, slots=True)
class _Intent:
    """What is done to head: items that leave their place, and runs to be placed by anchor."""

    leaving: list[int]
    runs: Mapping[bytes, list[int]]
    anchor_places: Mapping[bytes, int]


def _intent(sides: _Sides, known: Collection[bytes] | None) -> _Intent:
    going = _moved(sides, known)
    going -= _agreed(sides, going)
    gone = (sides.in_base - sides.in_target) & sides.head_places.keys()
    runs: defaultdict[bytes, list[int]] = defaultdict(list)
    anchors: dict[bytes, int] = {_AT_END: len(sides.head)}
    anchor = _AT_END
    places, in_base = sides.head_places, sides.in_base
    for index in range(len(sides.target) - 1, -1, -1):
        item_id = sides.target[index]
        if item_id in going:
            runs[anchor].append(index)
        elif item_id in places:
            anchor = item_id
        elif item_id not in in_base:
            runs[anchor].append(index)
    for anchor in runs:
        if anchor:
            anchors[anchor] = places[anchor]
        runs[anchor].reverse()
    return _Intent(sorted(places[item_id] for item_id in going | gone), runs, anchors)


def _moved(sides: _Sides, known: Collection[bytes] | None) -> set[bytes]:
    """The items that target moved, all of them still in head."""
    if known is None:
        going = fewest_moved(sides.base, sides.target)
    else:
        going = set(known) & sides.in_base & sides.in_target
        # What the caller names may not be all that it takes to explain target.
        going |= fewest_moved(
            [i for i in sides.base if i not in going], [i for i in sides.target if i not in going]
        )
    removed = going - sides.head_places.keys()
    if removed:
        raise MergeConflict(tuple(sorted(removed)), "removed")
    return going


def _agreed(sides: _Sides, going: set[bytes]) -> set[bytes]:
    """The moved items that others moved to the same place; MergeConflict when to another."""
    if not going:
        return set()
    both = going & fewest_moved(sides.base, sides.head)
    if not both:
        return both
    fixed = (sides.in_target & sides.head_places.keys()) - going
    mine, theirs = _by_anchor(sides.target, both, fixed), _by_anchor(sides.head, both, fixed)
    differing = [item for anchor in mine for item in mine[anchor] if mine[anchor] != theirs[anchor]]
    if differing:
        raise MergeConflict(tuple(sorted(differing)), "moved")
    return both


def _by_anchor(
    items: list[bytes], chosen: Collection[bytes], fixed: Collection[bytes]
) -> defaultdict[bytes, list[bytes]]:
    """Those chosen, by the next fixed item after them."""
    runs: defaultdict[bytes, list[bytes]] = defaultdict(list)
    anchor = _AT_END
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
    cuts += [(intent.anchor_places[anchor], 0, run) for anchor, run in intent.runs.items()]
    parts: list[bytes] = []
    done = 0
    for at, skipped, run in sorted(cuts, key=lambda cut: cut[0]):
        parts.append(source[done * size : at * size])
        parts += [target.packed[index * size : (index + 1) * size] for index in run]
        done = at + skipped
    parts.append(source[done * size :])
    return Order(b"".join(parts))
