"""Versions of playlists in this process's memory, bounded by bytes."""

from __future__ import annotations

from collections import OrderedDict

from playlist_svc.domain.content import Content

LIMIT_BYTES = 64 * 1024 * 1024
"""About 120 versions of 10,000 tracks, or 40,000 of 20."""

PER_PLAYLIST = 8
"""A list that is edited all the time must not push every other one out."""

_OVERHEAD_BYTES = 600
"""What a version costs beside its tracks and texts: objects, keys and places in tables."""


class ContentCache:
    """The versions that were used last, by playlist and revision.

    A version never changes, so nothing here is ever out of date; only what is committed may
    enter, or another writer's version would come under the same revision.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._kept: OrderedDict[str, OrderedDict[int, Content]] = OrderedDict()
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        """About how much memory the versions take."""
        return self._bytes

    def get(self, playlist_id: str, revision: int) -> Content | None:
        """That version, when it is here."""
        kept = self._kept.get(playlist_id)
        if kept is None or revision not in kept:
            return None
        self._use(playlist_id, revision)
        return kept[revision]

    def nearest(self, playlist_id: str, revision: int) -> tuple[int, Content] | None:
        """The newest version that is here up to ``revision``, with its own revision."""
        revisions = self._kept.get(playlist_id, ())
        found = max((each for each in revisions if each <= revision), default=None)
        if found is None:
            return None
        self._use(playlist_id, found)
        return found, self._kept[playlist_id][found]

    def put(self, playlist_id: str, revision: int, content: Content) -> None:
        """Keep a committed version, in place of those that were not used for longest."""
        kept = self._kept.setdefault(playlist_id, OrderedDict())
        if revision not in kept:
            kept[revision] = content
            self._bytes += _size(content)
        self._use(playlist_id, revision)
        if len(kept) > PER_PLAYLIST:
            self._drop_oldest(playlist_id)
        while self._bytes > self._limit:
            self._drop_oldest(next(iter(self._kept)))

    def _use(self, playlist_id: str, revision: int) -> None:
        self._kept.move_to_end(playlist_id)
        self._kept[playlist_id].move_to_end(revision)

    def _drop_oldest(self, playlist_id: str) -> None:
        kept = self._kept[playlist_id]
        _, content = kept.popitem(last=False)
        self._bytes -= _size(content)
        if not kept:
            del self._kept[playlist_id]


def _size(content: Content) -> int:
    texts = 4 * (len(content.title) + len(content.description))
    return _OVERHEAD_BYTES + len(content.order.packed) + texts
