"""Versions of playlists in this process's memory, bounded by bytes."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import OrderedDict, defaultdict

from playlist_svc.domain.content import Content

LIMIT_BYTES = 64 * 1024 * 1024
"""About 120 lists of 10,000 tracks, or 100,000 short ones."""

_OVERHEAD_BYTES = 600
"""What a version costs beside its tracks and texts: objects, keys and places in tables."""


class Versions:
    """The versions that were used last, by playlist and revision.

    A version never changes, so nothing here is ever out of date; only what is committed may
    enter, or another writer's version would come under the same revision.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._kept: OrderedDict[tuple[str, int], Content] = OrderedDict()
        self._revisions: defaultdict[str, list[int]] = defaultdict(list)
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        """About how much memory the versions take."""
        return self._bytes

    def get(self, playlist_id: str, revision: int) -> Content | None:
        """That version, when it is here."""
        content = self._kept.get((playlist_id, revision))
        if content is not None:
            self._kept.move_to_end((playlist_id, revision))
        return content

    def nearest(self, playlist_id: str, revision: int) -> tuple[int, Content] | None:
        """The newest version that is here up to ``revision``, with its own revision."""
        revisions = self._revisions.get(playlist_id, ())
        at = bisect_right(revisions, revision)
        if not at:
            return None
        found = revisions[at - 1]
        self._kept.move_to_end((playlist_id, found))
        return found, self._kept[playlist_id, found]

    def put(self, playlist_id: str, revision: int, content: Content) -> None:
        """Keep a committed version, in place of those that were not used for longest."""
        key = (playlist_id, revision)
        if key in self._kept:
            self._kept.move_to_end(key)
            return
        self._kept[key] = content
        insort(self._revisions[playlist_id], revision)
        self._bytes += _size(content)
        while self._bytes > self._limit:
            self._evict()

    def _evict(self) -> None:
        (playlist_id, revision), content = self._kept.popitem(last=False)
        self._bytes -= _size(content)
        revisions = self._revisions[playlist_id]
        revisions.remove(revision)
        if not revisions:
            del self._revisions[playlist_id]


def _size(content: Content) -> int:
    texts = 4 * (len(content.title) + len(content.description))
    return _OVERHEAD_BYTES + len(content.order.packed) + texts
