"""How much lies between two contents of a playlist, without listing it."""

from __future__ import annotations

from playlist_svc.domain.content import Content
from playlist_svc.domain.diff import common_ends, moved
from playlist_svc.domain.order import Order


def exceeds(a: Content, b: Content, limit: int) -> bool:
    """Whether ``diff(a, b)`` has more than ``limit`` changes, at a fraction of its cost."""
    count = (a.title != b.title) + (a.description != b.description)
    if a.order == b.order:
        return count > limit
    return _exceeds(a.order, b.order, limit - count)


def _exceeds(a: Order, b: Order, limit: int) -> bool:
    if abs(len(a) - len(b)) > limit:
        return True
    start, tail = common_ends(a, b)
    old, new = a.records(start, len(a) - tail), b.records(start, len(b) - tail)
    # All of the two windows in other places is the most that there can be.
    if len(old) + len(new) <= limit:
        return False
    count = len(set(old).symmetric_difference(new))
    return count > limit or count + len(moved(old, new)) > limit
